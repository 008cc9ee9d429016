// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Deposits: collateral that waits here until a batch takes it into a position, or its owner takes it back
/// @dev Books only; `Freehold.sol` moves the tokens. Amounts are quantized, the quantum is 1.
library Deposits {
    error DepositDoesNotExist(uint256 starkKey, uint256 vaultId);
    error DepositNotCanceled(uint256 starkKey, uint256 vaultId);
    error DepositLocked(uint256 until);
    error DepositInsufficient(uint256 pending, uint256 needed);
    error InvalidDepositKey(uint256 starkKey);

    event LogDeposit(
        address depositorEthKey,
        uint256 starkKey,
        uint256 vaultId,
        uint256 assetType,
        uint256 nonQuantizedAmount,
        uint256 quantizedAmount
    );
    event LogDepositCancel(uint256 starkKey, uint256 vaultId, uint256 assetId);
    event LogDepositCancelReclaimed(
        uint256 starkKey, uint256 vaultId, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount
    );

    struct Slot {
        uint256 pending;
        uint256 cancelledAt; // 0: no cancellation asked for
    }

    struct State {
        mapping(uint256 starkKey => mapping(uint256 assetId => mapping(uint256 vaultId => Slot slot))) slots;
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
        Slot storage slot = self.slots[starkKey][assetType][vaultId];
        slot.pending += amount;
        if (byOwner && slot.cancelledAt != 0) slot.cancelledAt = 0;

        emit LogDeposit(msg.sender, starkKey, vaultId, assetType, amount, amount);
    }

    function cancel(State storage self, uint256 starkKey, uint256 assetId, uint256 vaultId) internal {
        Slot storage slot = self.slots[starkKey][assetId][vaultId];
        if (slot.pending == 0) revert DepositDoesNotExist(starkKey, vaultId);

        slot.cancelledAt = block.timestamp;

        emit LogDepositCancel(starkKey, vaultId, assetId);
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

        emit LogDepositCancelReclaimed(starkKey, vaultId, assetType, amount, amount);
    }

    /// @dev A batch takes `amount` into the position.
    function consume(State storage self, uint256 starkKey, uint256 assetId, uint256 vaultId, uint256 amount) internal {
        Slot storage slot = self.slots[starkKey][assetId][vaultId];
        if (slot.pending < amount) revert DepositInsufficient(slot.pending, amount);
        slot.pending -= amount;
    }
}
