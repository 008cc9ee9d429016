// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";

/// @title The base of every contract that proves facts
/// @dev A fact, once true, stays true. Who may register, and what a fact says, is the inheriting contract's matter.
abstract contract FactRegistry is IFactRegistry {
    mapping(bytes32 fact => bool proven) private _facts;
    bool private _any;

    /// @inheritdoc IFactRegistry
    function isValid(bytes32 fact) public view returns (bool) {
        return _facts[fact];
    }

    /// @inheritdoc IFactRegistry
    function hasRegisteredFact() external view returns (bool) {
        return _any;
    }

    function _registerFact(bytes32 fact) internal {
        _facts[fact] = true;
        if (!_any) _any = true;
    }
}
