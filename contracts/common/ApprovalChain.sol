// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "../interfaces/IAdministration.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";
import {Announcements} from "./Announcements.sol";
import {Head} from "./Head.sol";
import {Identity} from "./Identity.sol";
import {SetApart} from "./SetApart.sol";

/// @title A list of fact registries, each of which must agree
/// @dev Adding makes acceptance harder and is instant; removing makes it easier and waits. Above each check stands what
/// somebody could do without it.
library ApprovalChain {
    uint256 internal constant MAX_ENTRIES = 64;

    struct Addition {
        uint48 time; // seconds
        uint64 sequenceNumber; // of the last batch before
    }

    /// @dev Every state update reads the list, and most lists have one entry: it shares a slot with the count.
    struct State {
        address first;
        uint96 count;
        mapping(uint256 index => address entry) others; // from 1 to count - 1
        mapping(address entry => uint256 time) removalDueAt; // 0: not announced
        mapping(address entry => Addition addition) additions;
        uint256 lastRemovalAt; // 0: no entry ever left
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
        self.additions[entry] = Addition(uint48(block.timestamp), Head.load().sequenceNumber);

        emit IAdministration.LogRegistered(entry, identifier);
    }

    function announceRemoval(State storage self, address entry, uint256 delay) internal {
        if (!contains(self, entry)) revert IAdministration.EntryDoesNotExist(entry);
        uint256 dueAt = self.removalDueAt[entry];
        bool announced = dueAt != 0 && !Announcements.isLapsed(dueAt);
        if (announced) revert IAdministration.AlreadyAnnounced(dueAt);

        self.removalDueAt[entry] = block.timestamp + delay;

        emit IAdministration.LogRemovalIntent(entry, Identity.read(entry));
    }

    function withdrawRemoval(State storage self, address entry) internal {
        if (self.removalDueAt[entry] == 0) revert IAdministration.RemovalNotAnnounced(entry);

        delete self.removalDueAt[entry];

        emit IAdministration.LogRemovalIntentWithdrawn(entry, Identity.read(entry));
    }

    function remove(State storage self, address entry, uint256 delay) internal {
        uint256 count = self.count;
        uint256 index = indexOf(self, entry);
        if (index == count) revert IAdministration.EntryDoesNotExist(entry);
        uint256 allowedAt = self.removalDueAt[entry];
        if (allowedAt == 0) revert IAdministration.RemovalNotAnnounced(entry);
        // Users have no time to leave before one proof fewer is needed.
        if (block.timestamp < allowedAt) revert IAdministration.RemovalNotEnabledYet(allowedAt);
        Announcements.requireNotLapsed(allowedAt);
        if (count == 1) revert IAdministration.LastEntryMayNotBeRemoved();
        // All old entries are announced, a registry that believes anything is added, and on the same day decides alone.
        (address newest, uint256 settledAt) = othersSettleAt(self, entry, delay);
        if (block.timestamp < settledAt) revert IAdministration.RemainingEntryTooNew(newest, settledAt);

        put(self, index, entryAt(self, count - 1));
        put(self, count - 1, address(0));
        --self.count;
        forget(self, entry);
        self.lastRemovalAt = block.timestamp;

        emit IAdministration.LogRemoved(entry, Identity.read(entry));
    }

    /// @dev The list becomes what it was before the last addition. `firstSequenceNumber`: with which the exchange began.
    function undoAddition(State storage self, address entry, uint256 firstSequenceNumber) internal {
        uint256 count = self.count;
        if (!contains(self, entry)) revert IAdministration.EntryDoesNotExist(entry);
        if (count == 1) revert IAdministration.LastEntryMayNotBeRemoved();
        Addition memory addition = self.additions[entry];
        // Users let another entry go because this one stayed.
        if (addition.time <= self.lastRemovalAt) revert IAdministration.ListHasChangedSince(self.lastRemovalAt);
        // An old entry leaves, and a new one, which users have not looked at, stays.
        address newest = entryAt(self, count - 1);
        if (entry != newest) revert IAdministration.NotTheNewestEntry(newest);
        uint256 sequenceNumber = Head.load().sequenceNumber;
        // What has guarded an accepted state is taken away without a delay.
        if (addition.sequenceNumber != sequenceNumber) revert IAdministration.EntryInUse(sequenceNumber);
        // Deposits that came because of this entry are taken by a first batch that it does not see.
        bool untouched = sequenceNumber == firstSequenceNumber;
        if (untouched && SetApart.load().deposits != 0) revert IAdministration.DepositsWaitForFirstBatch();

        put(self, count - 1, address(0));
        --self.count;
        forget(self, entry);

        emit IAdministration.LogRemoved(entry, Identity.read(entry));
    }

    /// @dev When an announced removal may be done; 0 for one that is not announced or has lapsed.
    function removalAllowedAt(State storage self, address entry, uint256 delay) internal view returns (uint256) {
        uint256 dueAt = self.removalDueAt[entry];
        if (dueAt == 0 || Announcements.isLapsed(dueAt)) return 0;
        (, uint256 settledAt) = othersSettleAt(self, entry, delay);
        return dueAt > settledAt ? dueAt : settledAt;
    }

    function requireAny(State storage self) internal view {
        if (self.count == 0) revert IAdministration.NoVerifiers();
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

    /// @dev From when on all other entries have been in the list for `delay`, and which is the last to.
    function othersSettleAt(State storage self, address entry, uint256 delay)
        private
        view
        returns (address newest, uint256 settledAt)
    {
        uint256 count = self.count;
        for (uint256 i = 0; i < count; ++i) {
            address other = entryAt(self, i);
            uint256 addedAt = self.additions[other].time;
            if (other != entry && addedAt + delay > settledAt) (newest, settledAt) = (other, addedAt + delay);
        }
    }

    /// @dev Without this: a second registration of the same entry, and the first one's announcement removes it.
    function forget(State storage self, address entry) private {
        delete self.removalDueAt[entry];
        delete self.additions[entry];
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
}
