// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "../interfaces/IAdministration.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";

/// @title A list of fact registries, each of which must agree
/// @dev Adding makes acceptance harder and is instant; removing makes it easier and waits.
library ApprovalChain {
    uint256 internal constant MAX_ENTRIES = 64;

    /// @dev Every state update reads the list, and most lists have one entry: it shares a slot with the count.
    struct State {
        address first;
        uint96 count;
        mapping(uint256 index => address entry) others; // from 1 to count - 1
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
        return indexOf(self, entry) < self.count;
    }

    function entries(State storage self) internal view returns (address[] memory all) {
        all = new address[](self.count);
        for (uint256 i = 0; i < all.length; ++i) all[i] = entryAt(self, i);
    }

    function add(State storage self, address entry, string calldata identifier) internal {
        if (entry.code.length == 0) revert IAdministration.AddressNotContract(entry);
        string memory found = IIdentity(entry).identify();
        if (keccak256(bytes(found)) != keccak256(bytes(identifier))) revert IAdministration.UnexpectedIdentifier(found);
        uint256 count = self.count;
        if (count >= MAX_ENTRIES) revert IAdministration.ChainAtMaxCapacity(MAX_ENTRIES);
        if (contains(self, entry)) revert IAdministration.EntryAlreadyExists(entry);
        bool enabled = count == 0 || IFactRegistry(entry).hasRegisteredFact();
        if (!enabled) revert IAdministration.EntryNotEnabled(entry);

        put(self, count, entry);
        ++self.count;

        emit IAdministration.LogRegistered(entry, identifier);
    }

    function announceRemoval(State storage self, address entry, uint256 delay) internal {
        if (!contains(self, entry)) revert IAdministration.EntryDoesNotExist(entry);
        if (self.removalAllowedAt[entry] != 0) revert IAdministration.AlreadyAnnounced(self.removalAllowedAt[entry]);

        self.removalAllowedAt[entry] = block.timestamp + delay;

        emit IAdministration.LogRemovalIntent(entry, identityOf(entry));
    }

    function remove(State storage self, address entry) internal {
        uint256 count = self.count;
        uint256 index = indexOf(self, entry);
        if (index == count) revert IAdministration.EntryDoesNotExist(entry);
        uint256 allowedAt = self.removalAllowedAt[entry];
        if (allowedAt == 0) revert IAdministration.RemovalNotAnnounced(entry);
        if (block.timestamp < allowedAt) revert IAdministration.RemovalNotEnabledYet(allowedAt);
        if (count == 1) revert IAdministration.LastEntryMayNotBeRemoved();

        put(self, index, entryAt(self, count - 1));
        put(self, count - 1, address(0));
        --self.count;
        delete self.removalAllowedAt[entry];

        emit IAdministration.LogRemoved(entry, identityOf(entry));
    }

    /// @dev Every entry must know the fact; an empty list knows nothing.
    function requireProven(State storage self, bytes32 fact) internal view {
        uint256 count = self.count;
        if (count == 0) revert IAdministration.NoVerifiers();
        for (uint256 i = 0; i < count; ++i) {
            address entry = entryAt(self, i);
            if (!IFactRegistry(entry).isValid(fact)) revert IAdministration.NoProof(entry, fact);
        }
    }

    /// @dev The count if it is not there.
    function indexOf(State storage self, address entry) private view returns (uint256 index) {
        uint256 count = self.count;
        while (index < count && entryAt(self, index) != entry) ++index;
    }

    function entryAt(State storage self, uint256 index) private view returns (address) {
        return index == 0 ? self.first : self.others[index];
    }

    function put(State storage self, uint256 index, address entry) private {
        if (index == 0) self.first = entry;
        else self.others[index] = entry;
    }

    /// @dev Empty for an entry that no longer answers, or not with a string: it must not stand in the way of its removal.
    function identityOf(address entry) private view returns (string memory identity) {
        (bool answered, bytes memory answer) = entry.staticcall(abi.encodeCall(IIdentity.identify, ()));
        if (!answered || answer.length < 64) return "";
        uint256 offset;
        uint256 size;
        assembly ("memory-safe") {
            offset := mload(add(answer, 32))
            size := mload(add(answer, 64))
        }
        bool isString = offset == 32 && size <= answer.length - 64;
        if (isString) identity = abi.decode(answer, (string));
    }
}
