// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Governors, operators, token administrators
/// @dev Governance passes on in two steps. Governors appoint the others at once.
library Roles {
    error OnlyGovernance(address caller);
    error OnlyOperator(address caller);
    error OnlyTokenAdmin(address caller);
    error BadAddress();
    error AlreadyGovernor(address account);
    error NotGovernor(address account);
    error OtherCandidatePending(address candidate);
    error OnlyCandidateGovernor(address caller);
    error GovernorSelfRemove();

    event LogNominatedGovernor(address nominatedGovernor);
    event LogNewGovernorAccepted(address acceptedGovernor);
    event LogRemovedGovernor(address removedGovernor);
    event LogNominationCancelled();
    event LogOperatorAdded(address operator);
    event LogOperatorRemoved(address operator);
    event LogTokenAdminAdded(address tokenAdmin);
    event LogTokenAdminRemoved(address tokenAdmin);

    struct State {
        mapping(address account => bool) governors;
        address candidate;
        mapping(address account => bool) operators;
        mapping(address account => bool) tokenAdmins;
    }

    function requireGovernor(State storage self) internal view {
        if (!self.governors[msg.sender]) revert OnlyGovernance(msg.sender);
    }

    function requireOperator(State storage self) internal view {
        if (!self.operators[msg.sender]) revert OnlyOperator(msg.sender);
    }

    function requireTokenAdmin(State storage self) internal view {
        if (!self.tokenAdmins[msg.sender]) revert OnlyTokenAdmin(msg.sender);
    }

    function addFirstGovernor(State storage self, address account) internal {
        self.governors[account] = true;

        emit LogNewGovernorAccepted(account);
    }

    function nominate(State storage self, address account) internal {
        if (account == address(0)) revert BadAddress();
        if (self.governors[account]) revert AlreadyGovernor(account);
        if (self.candidate != address(0)) revert OtherCandidatePending(self.candidate);

        self.candidate = account;

        emit LogNominatedGovernor(account);
    }

    function accept(State storage self) internal {
        if (msg.sender != self.candidate) revert OnlyCandidateGovernor(msg.sender);

        self.candidate = address(0);
        self.governors[msg.sender] = true;

        emit LogNewGovernorAccepted(msg.sender);
    }

    function cancelNomination(State storage self) internal {
        if (self.candidate == address(0)) return;

        self.candidate = address(0);

        emit LogNominationCancelled();
    }

    function removeGovernor(State storage self, address account) internal {
        if (account == msg.sender) revert GovernorSelfRemove();
        if (!self.governors[account]) revert NotGovernor(account);

        self.governors[account] = false;

        emit LogRemovedGovernor(account);
    }

    function setOperator(State storage self, address account, bool on) internal {
        if (self.operators[account] == on) return;

        self.operators[account] = on;

        if (on) emit LogOperatorAdded(account);
        else emit LogOperatorRemoved(account);
    }

    function setTokenAdmin(State storage self, address account, bool on) internal {
        self.tokenAdmins[account] = on;

        if (on) emit LogTokenAdminAdded(account);
        else emit LogTokenAdminRemoved(account);
    }
}
