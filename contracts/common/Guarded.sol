// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";
import {Freeze} from "./Freeze.sol";
import {Governance} from "./Governance.sol";
import {Head} from "./Head.sol";
import {Roles} from "./Roles.sol";

/// @title What every piece of the exchange guards itself with
/// @dev Pieces run by delegatecall behind one proxy: they hold no storage of their own, and the transient lock, the only
/// variable, is therefore one for all of them.
abstract contract Guarded is IIdentity {
    using Freeze for Head.State;
    using Governance for Governance.State;

    bool private transient _entered;

    modifier nonReentrant() {
        if (_entered) revert IDispatcher.Reentrant();
        _entered = true;
        _;
        _entered = false;
    }

    modifier notFrozen() {
        Head.load().requireNotFrozen();
        _;
    }

    modifier onlyGovernor() {
        Roles.load().main.requireGovernor();
        _;
    }
}
