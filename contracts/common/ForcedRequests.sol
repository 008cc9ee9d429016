// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IOperations} from "../interfaces/IOperations.sol";
import {Freeze} from "./Freeze.sol";
import {Head} from "./Head.sol";

/// @title Forced actions: a user asks on chain, and the operator serves it before the deadline
/// @dev Holds requests and their times, under the published hashes. `Freeze.sol` decides what an unserved one leads to,
/// `ForcedTrades.sol` what a trade must look like.
library ForcedRequests {
    using Freeze for Head.State;

    /// @notice Asked for and not yet served, since `requestedAt`.
    error ActionPending(bytes32 actionHash, uint256 requestedAt);
    /// @notice A trade that was served once cannot be asked for again.
    error ActionAlreadyServed(bytes32 actionHash);
    error NonExistingAction(bytes32 actionHash);
    error MaxRequestsPerBlockReached(uint256 limit);
    error ActionIndexTooHigh(uint256 index, uint256 count);

    uint256 internal constant MAX_REQUESTS_PER_BLOCK = 10;
    /// @dev The time of a trade that was served.
    uint256 private constant SERVED = type(uint256).max;
    /// @dev What a premium request burns beside its own cost, so that the whole transaction costs 1 M gas or more.
    uint256 private constant PREMIUM_GAS = 1_000_000;

    /// @custom:storage-location erc7201:freehold.forced-actions
    struct State {
        mapping(bytes32 actionHash => uint256 time) requestedAt; // 0: never asked, or served; SERVED: a served trade
        bytes32[] hashes; // every accepted request, in order
        uint128 countedBlock;
        uint128 countInBlock;
    }

    bytes32 private constant SLOT = 0xb2cffa3a68e24e4e5982d0dec73b357cccfc9002fbb9327608eb3637840b2300;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function withdrawalHash(uint256 starkKey, uint256 positionId, uint256 amount) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked("FORCED_WITHDRAWAL", starkKey, positionId, amount));
    }

    /// @dev A pending request is refused, unless a freeze outlived its deadline: then it may start anew.
    function request(State storage self, bytes32 actionHash, uint256 starkKey, uint256 gracePeriod, bool premium)
        internal
    {
        uint256 requestedAt = self.requestedAt[actionHash];
        if (requestedAt == SERVED) revert ActionAlreadyServed(actionHash);
        bool pending = requestedAt != 0 && !Head.load().isOutlived(requestedAt + gracePeriod);
        if (pending) revert ActionPending(actionHash, requestedAt);

        if (premium) burn(PREMIUM_GAS);
        else count(self);
        self.requestedAt[actionHash] = block.timestamp;
        self.hashes.push(actionHash);

        emit IOperations.ForcedActionRequested(actionHash, starkKey, block.timestamp + gracePeriod);
    }

    /// @dev A batch's output names the action: served, whether it was proven valid or invalid. `once`: for good.
    function serve(State storage self, bytes32 actionHash, bool once) internal {
        uint256 requestedAt = self.requestedAt[actionHash];
        if (requestedAt == 0) revert NonExistingAction(actionHash);
        if (requestedAt == SERVED) revert ActionAlreadyServed(actionHash);

        self.requestedAt[actionHash] = once ? SERVED : 0;

        emit IOperations.ForcedActionServed(actionHash);
    }

    /// @dev 0 for an action that is not pending.
    function pendingSince(State storage self, bytes32 actionHash) internal view returns (uint256 requestedAt) {
        requestedAt = self.requestedAt[actionHash];
        if (requestedAt == SERVED) requestedAt = 0;
    }

    function describe(State storage self, bytes32 actionHash, uint256 gracePeriod)
        internal
        view
        returns (IOperations.Action memory action)
    {
        action.actionHash = actionHash;
        if (self.requestedAt[actionHash] == SERVED) action.status = IOperations.ActionStatus.ServedTrade;
        uint256 requestedAt = pendingSince(self, actionHash);
        if (requestedAt == 0) return action;
        uint256 deadline = requestedAt + gracePeriod;
        action.status = IOperations.ActionStatus.Pending;
        action.requestedAt = requestedAt;
        action.age = block.timestamp - requestedAt;
        action.timeLeft = block.timestamp < deadline ? deadline - block.timestamp : 0;
        Head.State storage head = Head.load();
        // slither-disable-next-line incorrect-equality -- 0 is from the deadline on
        action.freezable = action.timeLeft == 0 && !head.frozen && !head.isOutlived(deadline);
    }

    function hashAt(State storage self, uint256 index) internal view returns (bytes32) {
        if (index >= self.hashes.length) revert ActionIndexTooHigh(index, self.hashes.length);
        return self.hashes[index];
    }

    function freeRequestsLeft(State storage self) internal view returns (uint256) {
        // slither-disable-next-line incorrect-equality -- the count is of one block
        return self.countedBlock == block.number ? MAX_REQUESTS_PER_BLOCK - self.countInBlock : MAX_REQUESTS_PER_BLOCK;
    }

    function count(State storage self) private {
        uint256 left = freeRequestsLeft(self);
        if (left == 0) revert MaxRequestsPerBlockReached(MAX_REQUESTS_PER_BLOCK);

        self.countedBlock = uint128(block.number);
        self.countInBlock = uint128(MAX_REQUESTS_PER_BLOCK - left + 1);
    }

    /// @dev Measured, not counted in turns of a loop, so that no compiler changes it.
    function burn(uint256 amount) private view {
        uint256 begun = gasleft();
        uint256 word = begun;
        while (begun - gasleft() < amount) word = uint256(keccak256(abi.encode(word)));
    }
}
