// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGovernance} from "../interfaces/IGovernance.sol";
import {Announcements} from "./Announcements.sol";

/// @title A set of governors, which passes on in two steps
/// @dev The exchange has one such set and its proxy another; each keeps it in a namespace of its own.
library Governance {
    struct State {
        mapping(address account => bool) governors;
        address candidate; // 0: nobody is nominated
        uint48 nominatedAt;
    }

    function requireGovernor(State storage self) internal view {
        if (!self.governors[msg.sender]) revert IGovernance.OnlyGovernance(msg.sender);
    }

    /// @dev The first governor is not nominated by anybody.
    function begin(State storage self, address account) internal {
        self.governors[account] = true;

        emit IGovernance.LogNewGovernorAccepted(account);
    }

    function nominate(State storage self, address account) internal {
        requireGovernor(self);
        if (account == address(0)) revert IGovernance.BadAddress();
        if (self.governors[account]) revert IGovernance.AlreadyGovernor(account);
        bool pending = self.candidate != address(0) && !Announcements.isLapsed(self.nominatedAt);
        if (pending) revert IGovernance.OtherCandidatePending(self.candidate);

        (self.candidate, self.nominatedAt) = (account, uint48(block.timestamp));

        emit IGovernance.LogNominatedGovernor(account);
    }

    function accept(State storage self) internal {
        if (msg.sender != self.candidate) revert IGovernance.OnlyCandidateGovernor(msg.sender);
        Announcements.requireNotLapsed(self.nominatedAt);

        self.candidate = address(0);
        self.governors[msg.sender] = true;

        emit IGovernance.LogNewGovernorAccepted(msg.sender);
    }

    function cancelNomination(State storage self) internal {
        requireGovernor(self);
        withdrawNomination(self);
    }

    /// @dev Nobody is nominated afterwards. Without this: whoever is removed comes back as the candidate they left behind.
    function remove(State storage self, address account) internal {
        requireGovernor(self);
        if (account == msg.sender) revert IGovernance.GovernorSelfRemove();
        if (!self.governors[account]) revert IGovernance.NotGovernor(account);

        self.governors[account] = false;

        emit IGovernance.LogRemovedGovernor(account);

        withdrawNomination(self);
    }

    function withdrawNomination(State storage self) private {
        if (self.candidate == address(0)) return;

        self.candidate = address(0);

        emit IGovernance.LogNominationCancelled();
    }
}
