// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICustody} from "../interfaces/ICustody.sol";
import {Ranges} from "./Ranges.sol";

/// @title Deposits: collateral that waits here until a batch takes it into a position, or its owner takes it back
/// @dev Books only; `Custody.sol` moves the tokens. Amounts are quantized, the quantum is 1.
library Deposits {
    error DepositDoesNotExist(uint256 starkKey, uint256 vaultId);
    error DepositNotCanceled(uint256 starkKey, uint256 vaultId);
    error DepositLocked(uint256 until);
    error DepositInsufficient(uint256 starkKey, uint256 positionId, uint256 pending, uint256 needed);

    struct Slot {
        uint256 pending;
        uint256 cancelledAt; // 0: no cancellation asked for
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

        slot.pending += amount;
        if (byOwner && slot.cancelledAt != 0) slot.cancelledAt = 0;

        emit ICustody.LogDeposit(msg.sender, starkKey, vaultId, assetType, amount, amount);
    }

    function cancel(State storage self, uint256 starkKey, uint256 assetId, uint256 vaultId) internal {
        Slot storage slot = self.slots[starkKey][assetId][vaultId];
        if (slot.pending == 0) revert DepositDoesNotExist(starkKey, vaultId);

        slot.cancelledAt = block.timestamp;

        emit ICustody.LogDepositCancel(starkKey, vaultId, assetId);
    }

    /// @dev Returns what the caller is to be paid.
    function reclaim(State storage self, uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 delay)
        internal
        returns (uint256 amount)
    {
        Slot storage slot = self.slots[starkKey][assetType][vaultId];
        uint256 cancelledAt = slot.cancelledAt;
        if (cancelledAt == 0) revert DepositNotCanceled(starkKey, vaultId);
        if (block.timestamp < cancelledAt + delay) revert DepositLocked(cancelledAt + delay);

        amount = slot.pending;
        slot.pending = 0;
        slot.cancelledAt = 0;

        emit ICustody.LogDepositCancelReclaimed(starkKey, vaultId, assetType, amount, amount);
    }

    /// @dev A batch takes `amount` into the position. A cancellation stays: what is left can be reclaimed.
    function take(State storage self, uint256 starkKey, uint256 assetId, uint256 positionId, uint256 amount) internal {
        Slot storage slot = self.slots[starkKey][assetId][positionId];
        uint256 pending = slot.pending;
        if (pending < amount) revert DepositInsufficient(starkKey, positionId, pending, amount);

        slot.pending = pending - amount;

        emit ICustody.DepositAccepted(starkKey, positionId, amount);
    }
}
