// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "../interfaces/IAdministration.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";

/// @title A list of fact registries, each of which must agree
/// @dev Adding makes acceptance harder and is instant; removing makes it easier and waits.
library ApprovalChain {
    error AddressNotContract(address entry);
    error UnexpectedIdentifier(string found);
    error ChainAtMaxCapacity(uint256 limit);
    error EntryAlreadyExists(address entry);
    error EntryNotEnabled(address entry);
    error EntryDoesNotExist(address entry);
    error AlreadyAnnounced(uint256 allowedAt);
    error RemovalNotAnnounced(address entry);
    error RemovalNotEnabledYet(uint256 allowedAt);
    error LastEntryMayNotBeRemoved();
    error NoVerifiers();
    error NoProof(address entry, bytes32 fact);

    uint256 internal constant MAX_ENTRIES = 64;

    struct State {
        address[] entries;
        mapping(address entry => uint256 time) removalAllowedAt; // 0: not announced
    }

    /// @custom:storage-location erc7201:freehold.verifiers
    struct Chains {
        State verifiers; // know state transitions
        State availabilityVerifiers; // know that a Validium state's data is held
    }

    bytes32 private constant SLOT = 0xd07bd2015c1419371684c40c436fd69b51d737c24df7d5a01363ae919c24f100;

    function load() internal pure returns (Chains storage chains) {
        assembly ("memory-safe") {
            chains.slot := SLOT
        }
    }

    function contains(State storage self, address entry) internal view returns (bool) {
        for (uint256 i = 0; i < self.entries.length; ++i) if (self.entries[i] == entry) return true;
        return false;
    }

    function add(State storage self, address entry, string calldata identifier) internal {
        if (entry.code.length == 0) revert AddressNotContract(entry);
        string memory found = IIdentity(entry).identify();
        if (keccak256(bytes(found)) != keccak256(bytes(identifier))) revert UnexpectedIdentifier(found);
        if (self.entries.length >= MAX_ENTRIES) revert ChainAtMaxCapacity(MAX_ENTRIES);
        if (contains(self, entry)) revert EntryAlreadyExists(entry);
        bool enabled = self.entries.length == 0 || IFactRegistry(entry).hasRegisteredFact();
        if (!enabled) revert EntryNotEnabled(entry);

        self.entries.push(entry);

        emit IAdministration.LogRegistered(entry, identifier);
    }

    function announceRemoval(State storage self, address entry, uint256 delay) internal {
        if (!contains(self, entry)) revert EntryDoesNotExist(entry);
        if (self.removalAllowedAt[entry] != 0) revert AlreadyAnnounced(self.removalAllowedAt[entry]);

        self.removalAllowedAt[entry] = block.timestamp + delay;

        emit IAdministration.LogRemovalIntent(entry, identityOf(entry));
    }

    function remove(State storage self, address entry) internal {
        if (!contains(self, entry)) revert EntryDoesNotExist(entry);
        uint256 allowedAt = self.removalAllowedAt[entry];
        if (allowedAt == 0) revert RemovalNotAnnounced(entry);
        if (block.timestamp < allowedAt) revert RemovalNotEnabledYet(allowedAt);
        uint256 count = self.entries.length;
        if (count == 1) revert LastEntryMayNotBeRemoved();

        for (uint256 i = 0; i < count; ++i) if (self.entries[i] == entry) self.entries[i] = self.entries[count - 1];
        self.entries.pop();
        delete self.removalAllowedAt[entry];

        emit IAdministration.LogRemoved(entry, identityOf(entry));
    }

    /// @dev Every entry must know the fact; an empty list knows nothing.
    function requireProven(State storage self, bytes32 fact) internal view {
        uint256 count = self.entries.length;
        if (count == 0) revert NoVerifiers();
        for (uint256 i = 0; i < count; ++i) {
            if (!IFactRegistry(self.entries[i]).isValid(fact)) revert NoProof(self.entries[i], fact);
        }
    }

    /// @dev Empty for an entry that no longer answers: it must not stand in the way of its own removal.
    function identityOf(address entry) private view returns (string memory) {
        if (entry.code.length == 0) return "";
        try IIdentity(entry).identify() returns (string memory identity) {
            return identity;
        } catch {
            return "";
        }
    }
}
