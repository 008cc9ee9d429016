// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Forced actions: a user asks on chain, and the operator serves it before the deadline
/// @dev Holds requests and their times. `Freeze.sol` decides what an unserved one leads to.
library ForcedActions {
    error PositionIdOutOfRange(uint256 positionId);
    error AmountOutOfRange(uint256 amount);
    /// @notice Asked for and not yet served, since `requestedAt`.
    error ActionPending(bytes32 actionHash, uint256 requestedAt);
    error NonExistingAction(bytes32 actionHash);
    error MaxRequestsPerBlockReached(uint256 limit);
    error ActionIndexTooHigh(uint256 index, uint256 count);

    event LogForcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount);
    /// @notice Companions of the published event, for whoever watches deadlines.
    event ForcedActionRequested(bytes32 indexed actionHash, uint256 requestedAt);
    event ForcedActionServed(bytes32 indexed actionHash);

    uint256 internal constant MAX_REQUESTS_PER_BLOCK = 10;
    uint256 internal constant UPPER_BOUND_64 = 1 << 64;
    /// @dev What a premium request burns beside its own cost, so that the whole transaction costs 1 M gas or more.
    uint256 private constant PREMIUM_GAS = 1_000_000;

    struct State {
        mapping(bytes32 actionHash => uint256 time) requestedAt; // 0: never asked, or served
        bytes32[] hashes;
        uint128 countedBlock;
        uint128 countInBlock;
    }

    function withdrawalHash(uint256 starkKey, uint256 positionId, uint256 amount) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("FORCED_WITHDRAWAL", starkKey, positionId, amount));
    }

    function requestWithdrawal(
        State storage self,
        uint256 starkKey,
        uint256 positionId,
        uint256 amount,
        bool premium
    ) internal {
        if (positionId >= UPPER_BOUND_64) revert PositionIdOutOfRange(positionId);
        if (amount >= UPPER_BOUND_64) revert AmountOutOfRange(amount);
        bytes32 actionHash = withdrawalHash(starkKey, positionId, amount);
        uint256 requestedAt = self.requestedAt[actionHash];
        if (requestedAt != 0) revert ActionPending(actionHash, requestedAt);

        if (premium) burn(PREMIUM_GAS);
        else count(self);
        self.requestedAt[actionHash] = block.timestamp;
        self.hashes.push(actionHash);

        emit LogForcedWithdrawalRequest(starkKey, positionId, amount);
        emit ForcedActionRequested(actionHash, block.timestamp);
    }

    /// @dev A batch's output names the action: served, whether it was proven valid or invalid.
    function serve(State storage self, bytes32 actionHash) internal {
        if (self.requestedAt[actionHash] == 0) revert NonExistingAction(actionHash);

        delete self.requestedAt[actionHash];

        emit ForcedActionServed(actionHash);
    }

    function hashAt(State storage self, uint256 index) internal view returns (bytes32) {
        if (index >= self.hashes.length) revert ActionIndexTooHigh(index, self.hashes.length);
        return self.hashes[index];
    }

    function freeRequestsLeft(State storage self) internal view returns (uint256) {
        return self.countedBlock == block.number ? MAX_REQUESTS_PER_BLOCK - self.countInBlock : MAX_REQUESTS_PER_BLOCK;
    }

    function count(State storage self) private {
        if (freeRequestsLeft(self) == 0) revert MaxRequestsPerBlockReached(MAX_REQUESTS_PER_BLOCK);
        uint128 counted = self.countedBlock == block.number ? self.countInBlock : 0;
        self.countedBlock = uint128(block.number);
        self.countInBlock = counted + 1;
    }

    /// @dev Measured, not counted in turns of a loop, so that no compiler changes it.
    function burn(uint256 amount) private view {
        uint256 begun = gasleft();
        uint256 word = begun;
        while (begun - gasleft() < amount) word = uint256(keccak256(abi.encode(word)));
    }
}
