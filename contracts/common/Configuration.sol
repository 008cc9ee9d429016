// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PRIME} from "../curves/Prime.sol";
import {IAdministration} from "../interfaces/IAdministration.sol";
import {Announcements} from "./Announcements.sol";

/// @title Configurations by their hashes: announced, then, after a delay, applied once
/// @dev Before the first general configuration no output is accepted and nothing is deposited, so nothing is at stake
/// and nothing waits.
library Configuration {
    uint256 private constant ASSET_ID_UPPER_BOUND = 1 << 120;
    /// @dev Stands for the general configuration where an asset id is expected.
    uint256 internal constant GLOBAL = type(uint256).max;

    /// @custom:storage-location erc7201:freehold.configuration
    struct State {
        bytes32 globalHash; // 0: not set
        mapping(uint256 assetId => bytes32 configHash) assetHashes; // 0: not set
        mapping(uint256 assetId => mapping(bytes32 configHash => uint256 time)) registeredAt; // 0: not registered
    }

    bytes32 private constant SLOT = 0x0f04a0f5c54f050c246f033d6ffdca7682ed2f335a7274d32d0299fc50bca300;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    /// @dev Keeps the general configuration, too, out of the functions for assets.
    function requireAssetId(uint256 assetId) internal pure {
        if (assetId >= ASSET_ID_UPPER_BOUND) revert IAdministration.InvalidAssetId(assetId);
    }

    function register(State storage self, uint256 assetId, bytes32 configHash) internal {
        bool valid = configHash != 0 && uint256(configHash) < PRIME;
        if (!valid) revert IAdministration.InvalidConfigHash(configHash);

        self.registeredAt[assetId][configHash] = block.timestamp;

        if (assetId == GLOBAL) emit IAdministration.LogGlobalConfigurationRegistered(configHash);
        else emit IAdministration.LogAssetConfigurationRegistered(assetId, configHash);
    }

    /// @dev Uses the registration up: an old hash does not come back unannounced.
    function apply_(State storage self, uint256 assetId, bytes32 configHash, uint256 delay) internal {
        uint256 when = enabledAt(self, assetId, configHash, delay);
        if (when == 0) revert IAdministration.ConfigurationNotRegistered(assetId, configHash);
        // Oracle keys and risk factors of governors' own, before anybody could leave.
        if (block.timestamp < when) revert IAdministration.ConfigurationNotEnabledYet(when);
        Announcements.requireNotLapsed(self.registeredAt[assetId][configHash] + delay);

        delete self.registeredAt[assetId][configHash];
        if (assetId == GLOBAL) {
            self.globalHash = configHash;
            emit IAdministration.LogGlobalConfigurationApplied(configHash);
        } else {
            self.assetHashes[assetId] = configHash;
            emit IAdministration.LogAssetConfigurationApplied(assetId, configHash);
        }
    }

    function remove(State storage self, uint256 assetId, bytes32 configHash) internal {
        if (self.registeredAt[assetId][configHash] == 0) revert IAdministration.ConfigurationNotRegistered(assetId, configHash);

        delete self.registeredAt[assetId][configHash];

        if (assetId == GLOBAL) emit IAdministration.LogGlobalConfigurationRemoved(configHash);
        else emit IAdministration.LogAssetConfigurationRemoved(assetId, configHash);
    }

    /// @dev 0 for what is not registered.
    function enabledAt(State storage self, uint256 assetId, bytes32 configHash, uint256 delay)
        internal
        view
        returns (uint256)
    {
        uint256 registeredAt = self.registeredAt[assetId][configHash];
        if (registeredAt == 0 || self.globalHash == 0) return registeredAt;
        return registeredAt + delay;
    }

    function requireStarted(State storage self) internal view {
        if (self.globalHash == 0) revert IAdministration.GlobalConfigurationNotSet();
    }

    function requireGlobal(State storage self, bytes32 found) internal view {
        bytes32 expected = self.globalHash;
        if (expected == 0) revert IAdministration.GlobalConfigurationNotSet();
        if (found != expected) revert IAdministration.GlobalConfigurationMismatch(found, expected);
    }

    /// @dev An asset without a configuration has none that matches.
    function requireAsset(State storage self, uint256 assetId, bytes32 found) internal view {
        bytes32 expected = self.assetHashes[assetId];
        bool matches = expected != 0 && found == expected;
        if (!matches) revert IAdministration.AssetConfigurationMismatch(assetId, found, expected);
    }
}
