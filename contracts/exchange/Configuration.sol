// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {StarkCurve} from "../registry/StarkCurve.sol";

/// @title Changing the general configuration: registered, then, after a delay, applied once
library Configuration {
    error InvalidConfigHash(bytes32 configHash);
    error ConfigurationNotRegistered(bytes32 configHash);
    error ConfigurationNotEnabledYet(uint256 enabledAt);

    event LogGlobalConfigurationRegistered(bytes32 configHash);
    event LogGlobalConfigurationApplied(bytes32 configHash);
    event LogGlobalConfigurationRemoved(bytes32 configHash);

    struct State {
        mapping(bytes32 configHash => uint256 time) enabledAt; // 0: not registered
    }

    function register(State storage self, bytes32 configHash, uint256 delay) internal {
        bool valid = configHash != 0 && uint256(configHash) < StarkCurve.FIELD;
        if (!valid) revert InvalidConfigHash(configHash);

        self.enabledAt[configHash] = block.timestamp + delay;

        emit LogGlobalConfigurationRegistered(configHash);
    }

    /// @dev Consumes the registration: an old hash cannot be applied again.
    function consume(State storage self, bytes32 configHash) internal {
        uint256 enabledAt = self.enabledAt[configHash];
        if (enabledAt == 0) revert ConfigurationNotRegistered(configHash);
        if (block.timestamp < enabledAt) revert ConfigurationNotEnabledYet(enabledAt);

        delete self.enabledAt[configHash];

        emit LogGlobalConfigurationApplied(configHash);
    }

    function remove(State storage self, bytes32 configHash) internal {
        if (self.enabledAt[configHash] == 0) revert ConfigurationNotRegistered(configHash);

        delete self.enabledAt[configHash];

        emit LogGlobalConfigurationRemoved(configHash);
    }
}
