// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGovernance} from "../interfaces/IGovernance.sol";

/// @title A set of governors, which passes on in two steps
/// @dev The exchange has one such set and its proxy another; each keeps it in a namespace of its own.
library Governance {
    error OnlyGovernance(address caller);
    error BadAddress();
    error AlreadyGovernor(address account);
    error NotGovernor(address account);
    error OtherCandidatePending(address candidate);
    error OnlyCandidateGovernor(address caller);
    error GovernorSelfRemove();

    struct State {
        mapping(address account => bool) governors;
        address candidate; // 0: nobody is nominated
    }

    function requireGovernor(State storage self) internal view {
        if (!self.governors[msg.sender]) revert OnlyGovernance(msg.sender);
    }

    /// @dev The first governor is not nominated by anybody.
    function begin(State storage self, address account) internal {
        self.governors[account] = true;

        emit IGovernance.LogNewGovernorAccepted(account);
    }

    function nominate(State storage self, address account) internal {
        requireGovernor(self);
        if (account == address(0)) revert BadAddress();
        if (self.governors[account]) revert AlreadyGovernor(account);
        if (self.candidate != address(0)) revert OtherCandidatePending(self.candidate);

        self.candidate = account;

        emit IGovernance.LogNominatedGovernor(account);
    }

    function accept(State storage self) internal {
        if (msg.sender != self.candidate) revert OnlyCandidateGovernor(msg.sender);

        self.candidate = address(0);
        self.governors[msg.sender] = true;

        emit IGovernance.LogNewGovernorAccepted(msg.sender);
    }

    function cancelNomination(State storage self) internal {
        requireGovernor(self);
        if (self.candidate == address(0)) return;

        self.candidate = address(0);

        emit IGovernance.LogNominationCancelled();
    }

    function remove(State storage self, address account) internal {
        requireGovernor(self);
        if (account == msg.sender) revert GovernorSelfRemove();
        if (!self.governors[account]) revert NotGovernor(account);

        self.governors[account] = false;

        emit IGovernance.LogRemovedGovernor(account);
    }
}
