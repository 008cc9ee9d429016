// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICustody} from "../interfaces/ICustody.sol";
import {BALANCE_UPPER_BOUND, Ranges} from "./Ranges.sol";
import {SetApart} from "./SetApart.sol";

/// @title Deposits: collateral that waits here until a batch takes it into a position, or its owner takes it back
/// @dev Books only; `Custody.sol` moves the tokens. Amounts are quantized, the quantum is 1.
library Deposits {
    using SetApart for SetApart.State;

    struct Slot {
        uint64 pending; // below `BALANCE_UPPER_BOUND`
        uint64 cancelledAt; // 0: no cancellation asked for, or nothing pending any more
    }

    /// @custom:storage-location erc7201:freehold.deposits
    struct State {
        mapping(uint256 starkKey => mapping(uint256 assetId => mapping(uint256 vaultId => Slot slot))) slots;
    }

    bytes32 private constant SLOT = 0x5d82159b9f121285ec51e88de41245fe0ccede6b260a5460ef2760d470522100;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    /// @dev The owner's own deposit into a slot ends its cancellation; a stranger's does not.
    function add(
        State storage self,
        uint256 starkKey,
        uint256 assetType,
        uint256 vaultId,
        uint256 amount,
        bool byOwner
    ) internal {
        Ranges.requirePositionId(vaultId);
        Slot storage slot = self.slots[starkKey][assetType][vaultId];
        uint256 pending = slot.pending;
        // A sum that no position can hold: more than any batch could take, in the tokens of somebody who mistook a unit.
        if (amount >= BALANCE_UPPER_BOUND - pending) revert ICustody.DepositOutOfRange(pending, amount);

        slot.pending = uint64(pending + amount);
        if (byOwner && slot.cancelledAt != 0) slot.cancelledAt = 0;
        SetApart.load().deposited(amount);

        emit ICustody.LogDeposit(msg.sender, starkKey, vaultId, assetType, amount, amount);
    }

    function cancel(State storage self, uint256 starkKey, uint256 assetId, uint256 vaultId) internal {
        Slot storage slot = self.slots[starkKey][assetId][vaultId];
        if (slot.pending == 0) revert ICustody.DepositDoesNotExist(starkKey, vaultId);

        slot.cancelledAt = uint64(block.timestamp);

        emit ICustody.LogDepositCancel(starkKey, vaultId, assetId);
    }

    /// @dev Returns what the caller is to be paid.
    function reclaim(State storage self, uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 delay)
        internal
        returns (uint256 amount)
    {
        Slot storage slot = self.slots[starkKey][assetType][vaultId];
        uint256 cancelledAt = slot.cancelledAt;
        if (cancelledAt == 0) revert ICustody.DepositNotCanceled(starkKey, vaultId);
        if (block.timestamp < cancelledAt + delay) revert ICustody.DepositLocked(cancelledAt + delay);

        amount = slot.pending;
        slot.pending = 0;
        slot.cancelledAt = 0;
        SetApart.load().reclaimed(amount);

        emit ICustody.LogDepositCancelReclaimed(starkKey, vaultId, assetType, amount, amount);
    }

    /// @dev A batch takes `amount` into the position; its caller adds up all for `SetApart.moved`. A cancellation stays as
    /// long as something is left to be reclaimed. Beyond that, what others deposit later could go at once, without the
    /// delay, from under a batch that is being proven.
    function take(State storage self, uint256 starkKey, uint256 assetId, uint256 positionId, uint256 amount) internal {
        Slot storage slot = self.slots[starkKey][assetId][positionId];
        uint256 pending = slot.pending;
        if (pending < amount) revert ICustody.DepositInsufficient(starkKey, positionId, pending, amount);

        slot.pending = uint64(pending - amount);
        // slither-disable-next-line incorrect-equality -- all of it is taken
        if (pending == amount && slot.cancelledAt != 0) slot.cancelledAt = 0;

        emit ICustody.DepositAccepted(starkKey, positionId, amount);
    }
}
