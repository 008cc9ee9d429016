// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "../interfaces/IAdministration.sol";
import {Governance} from "./Governance.sol";

/// @title Who may do what: main governors, operators, token administrators
/// @dev Governors appoint the others at once.
library Roles {
    using Governance for Governance.State;

    /// @custom:storage-location erc7201:freehold.roles
    struct State {
        Governance.State main;
        mapping(address account => bool) operators;
        mapping(address account => bool) tokenAdmins;
    }

    bytes32 private constant SLOT = 0x051bfc99471aeec795f501108463ccf871ed9e61fecd5e5b7a24e556047c6f00;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function requireOperator(State storage self) internal view {
        if (!self.operators[msg.sender]) revert IAdministration.OnlyOperator(msg.sender);
    }

    function requireTokenAdmin(State storage self) internal view {
        if (!self.tokenAdmins[msg.sender]) revert IAdministration.OnlyTokenAdmin(msg.sender);
    }

    /// @dev The event comes only with a change.
    function setOperator(State storage self, address account, bool on) internal {
        self.main.requireGovernor();
        if (self.operators[account] == on) return;

        self.operators[account] = on;

        if (on) emit IAdministration.LogOperatorAdded(account);
        else emit IAdministration.LogOperatorRemoved(account);
    }

    /// @dev The event comes with every call.
    function setTokenAdmin(State storage self, address account, bool on) internal {
        self.main.requireGovernor();

        self.tokenAdmins[account] = on;

        if (on) emit IAdministration.LogTokenAdminAdded(account);
        else emit IAdministration.LogTokenAdminRemoved(account);
    }
}
