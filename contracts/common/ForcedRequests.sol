// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IForcedRequests} from "../interfaces/IForcedRequests.sol";
import {Freeze} from "./Freeze.sol";
import {Head} from "./Head.sol";

/// @title Forced requests: a user asks on chain, and the operator serves it before the deadline
/// @dev Holds requests and their times, under v3.2's hashes. `Freeze.sol` decides what an unserved one leads to,
/// `ForcedTrades.sol` what a trade must look like.
library ForcedRequests {
    using Freeze for Head.State;

    uint256 internal constant MAX_REQUESTS_PER_BLOCK = 10;
    /// @dev The time of a trade that was served.
    uint256 private constant SERVED = type(uint256).max;
    /// @dev What a premium request burns beside its own cost, so that the whole transaction costs 1 M gas or more.
    uint256 private constant PREMIUM_GAS = 1_000_000;
    /// @dev What any other request burns, so that asking costs more than serving does, however many wait. Without it a
    /// stranger spends less on trades than the operator spends on a rollup's proofs of them. `docs/forced-requests.md`.
    uint256 private constant WITHDRAWAL_GAS = 20_000;
    uint256 private constant TRADE_GAS = 60_000;

    /// @custom:storage-location erc7201:freehold.forced-actions
    struct State {
        mapping(bytes32 requestHash => uint256 time) requestedAt; // 0: never sent, or served; SERVED: a served trade
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

    /// @dev A pending request is refused, unless a freeze outlived its deadline: then a withdrawal may start anew. `once`, a
    /// trade, may not: party B signed for one request, and long after, at another price, party A would have a second one.
    function request(
        State storage self,
        bytes32 requestHash,
        uint256 starkKey,
        uint256 gracePeriod,
        bool premium,
        bool once
    ) internal {
        uint256 requestedAt = self.requestedAt[requestHash];
        if (requestedAt == SERVED) revert IForcedRequests.ForcedRequestAlreadyServed(requestHash);
        if (requestedAt != 0) {
            bool outlived = Head.load().isOutlived(requestedAt + gracePeriod);
            if (!outlived) revert IForcedRequests.ForcedRequestPending(requestHash, requestedAt);
            if (once) revert IForcedRequests.ForcedTradeSpent(requestHash, requestedAt);
        }

        if (!premium) count(self);
        burn(premium ? PREMIUM_GAS : once ? TRADE_GAS : WITHDRAWAL_GAS);
        self.requestedAt[requestHash] = block.timestamp;
        self.hashes.push(requestHash);

        emit IForcedRequests.ForcedRequestAccepted(requestHash, starkKey, block.timestamp + gracePeriod);
    }

    /// @dev A batch's output names the withdrawal: served, whether it was proven valid or invalid.
    function serveWithdrawal(State storage self, bytes32 requestHash) internal {
        // A withdrawal that nobody asked for, at a time that suits the operator.
        if (self.requestedAt[requestHash] == 0) revert IForcedRequests.ForcedRequestNotPending(requestHash);

        self.requestedAt[requestHash] = 0;

        emit IForcedRequests.ForcedRequestServed(requestHash);
    }

    /// @dev The same for a trade, which is served once.
    function serveTrade(State storage self, bytes32 requestHash, uint256 gracePeriod) internal {
        uint256 requestedAt = self.requestedAt[requestHash];
        // A trade that nobody asked for.
        if (requestedAt == 0) revert IForcedRequests.ForcedRequestNotPending(requestHash);
        // Twice the amount that was signed.
        if (requestedAt == SERVED) revert IForcedRequests.ForcedRequestAlreadyServed(requestHash);
        // A trade at the price of a time before a freeze, which neither party can call back.
        bool outlived = Head.load().isOutlived(requestedAt + gracePeriod);
        if (outlived) revert IForcedRequests.ForcedTradeSpent(requestHash, requestedAt);

        self.requestedAt[requestHash] = SERVED;

        emit IForcedRequests.ForcedRequestServed(requestHash);
    }

    /// @dev 0 for a request that is not pending.
    function pendingSince(State storage self, bytes32 requestHash) internal view returns (uint256 requestedAt) {
        requestedAt = self.requestedAt[requestHash];
        if (requestedAt == SERVED) requestedAt = 0;
    }

    function describe(State storage self, bytes32 requestHash, uint256 gracePeriod)
        internal
        view
        returns (IForcedRequests.ForcedRequest memory description)
    {
        description.requestHash = requestHash;
        if (self.requestedAt[requestHash] == SERVED) description.status = IForcedRequests.RequestStatus.ServedTrade;
        uint256 requestedAt = pendingSince(self, requestHash);
        if (requestedAt == 0) return description;
        uint256 deadline = requestedAt + gracePeriod;
        description.status = IForcedRequests.RequestStatus.Pending;
        description.requestedAt = requestedAt;
        description.age = block.timestamp - requestedAt;
        description.timeLeft = block.timestamp < deadline ? deadline - block.timestamp : 0;
        Head.State storage head = Head.load();
        // slither-disable-next-line incorrect-equality -- 0 is from the deadline on
        description.freezable = description.timeLeft == 0 && !head.frozen && !head.isOutlived(deadline);
    }

    function hashAt(State storage self, uint256 index) internal view returns (bytes32) {
        if (index >= self.hashes.length) revert IForcedRequests.ForcedRequestIndexTooHigh(index, self.hashes.length);
        return self.hashes[index];
    }

    function freeRequestsLeft(State storage self) internal view returns (uint256) {
        // slither-disable-next-line incorrect-equality -- the count is of one block
        return self.countedBlock == block.number ? MAX_REQUESTS_PER_BLOCK - self.countInBlock : MAX_REQUESTS_PER_BLOCK;
    }

    function count(State storage self) private {
        uint256 left = freeRequestsLeft(self);
        if (left == 0) revert IForcedRequests.MaxRequestsPerBlockReached(MAX_REQUESTS_PER_BLOCK);

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
