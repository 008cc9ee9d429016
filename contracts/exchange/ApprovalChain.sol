// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";

interface IIdentity {
    function identify() external view returns (string memory);
}

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

    event LogRegistered(address entry, string entryId);
    event LogRemovalIntent(address entry, string entryId);
    event LogRemoved(address entry, string entryId);

    uint256 internal constant MAX_ENTRIES = 64;

    struct State {
        address[] entries;
        mapping(address entry => uint256 time) removalAllowedAt; // 0: not announced
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

        emit LogRegistered(entry, identifier);
    }

    function announceRemoval(State storage self, address entry, uint256 delay) internal {
        if (!contains(self, entry)) revert EntryDoesNotExist(entry);
        if (self.removalAllowedAt[entry] != 0) revert AlreadyAnnounced(self.removalAllowedAt[entry]);

        self.removalAllowedAt[entry] = block.timestamp + delay;

        emit LogRemovalIntent(entry, IIdentity(entry).identify());
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

        emit LogRemoved(entry, IIdentity(entry).identify());
    }

    /// @dev Every entry must know the fact; an empty list knows nothing.
    function requireProven(State storage self, bytes32 fact) internal view {
        uint256 count = self.entries.length;
        if (count == 0) revert NoVerifiers();
        for (uint256 i = 0; i < count; ++i) {
            if (!IFactRegistry(self.entries[i]).isValid(fact)) revert NoProof(self.entries[i], fact);
        }
    }
}
