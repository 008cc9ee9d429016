// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Assets} from "../common/Assets.sol";
import {Delays} from "../common/Delays.sol";
import {ForcedRequests} from "../common/ForcedRequests.sol";
import {Freeze} from "../common/Freeze.sol";
import {Guarded} from "../common/Guarded.sol";
import {Head} from "../common/Head.sol";
import {Ranges} from "../common/Ranges.sol";
import {Roles} from "../common/Roles.sol";
import {Users} from "../common/Users.sol";
import {Withdrawals} from "../common/Withdrawals.sol";
import {IOperations} from "../interfaces/IOperations.sol";
import {Escapes} from "./Escapes.sol";
import {ForcedTrades} from "./ForcedTrades.sol";
import {StateUpdate} from "./StateUpdate.sol";

/// @title Operations: what moves the state, and what users do when it does not move
/// @dev Rules stand in the libraries, the manual in the interface.
abstract contract Operations is IOperations, Guarded {
    using Escapes for Escapes.State;
    using ForcedRequests for ForcedRequests.State;
    using ForcedTrades for ForcedTrades.Trade;
    using Freeze for Head.State;
    using Roles for Roles.State;
    using StateUpdate for StateUpdate.State;
    using Users for Users.State;
    using Withdrawals for Withdrawals.State;

    uint256 public constant MAX_FORCED_ACTIONS_REQS_PER_BLOCK = ForcedRequests.MAX_REQUESTS_PER_BLOCK;

    // --- the state

    function updateState(uint256[] calldata programOutput, uint256[] calldata applicationData)
        external
        notFrozen
        nonReentrant
    {
        Roles.load().requireOperator();
        StateUpdate.load().update(programOutput, applicationData);
    }

    function sharedStateHash() external view returns (bytes32) {
        return StateUpdate.load().sharedStateHash;
    }

    function getSequenceNumber() external view returns (uint256) {
        return Head.load().sequenceNumber;
    }

    function getLastBatchId() external view returns (uint256) {
        return StateUpdate.load().lastBatchId;
    }

    function getSystemTime() external view returns (uint256) {
        return Head.load().systemTime;
    }

    function getRollupVaultRoot() external view returns (uint256) {
        return StateUpdate.load().positionsRoot;
    }

    function getRollupTreeHeight() external view returns (uint256) {
        return Head.load().positionsHeight;
    }

    function getOrderRoot() external view returns (uint256) {
        return StateUpdate.load().ordersRoot;
    }

    function getOrderTreeHeight() external view returns (uint256) {
        return Head.load().ordersHeight;
    }

    function getValidiumVaultRoot() external pure returns (uint256) {
        return type(uint256).max;
    }

    function getValidiumTreeHeight() external pure returns (uint256) {
        return type(uint256).max;
    }

    function getGlobalConfigCode() external pure returns (uint256) {
        return 0;
    }

    // --- forced requests

    function forcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount, bool premiumCost)
        external
        notFrozen
        nonReentrant
    {
        Users.load().requireOwner(starkKey);
        Ranges.requirePositionId(vaultId);
        Ranges.requireAmount(quantizedAmount);
        bytes32 requestHash = ForcedRequests.withdrawalHash(starkKey, vaultId, quantizedAmount);
        ForcedRequests.load().request(requestHash, starkKey, FREEZE_GRACE_PERIOD(), premiumCost, false);

        emit LogForcedWithdrawalRequest(starkKey, vaultId, quantizedAmount);
    }

    function forcedTradeRequest(
        uint256 /* starkKeyA */,
        uint256 /* starkKeyB */,
        uint256 /* vaultIdA */,
        uint256 /* vaultIdB */,
        uint256 /* collateralAssetId */,
        uint256 /* syntheticAssetId */,
        uint256 /* amountCollateral */,
        uint256 /* amountSynthetic */,
        bool /* aIsBuyingSynthetic */,
        uint256 submissionExpirationTime,
        uint256 nonce,
        bytes calldata signature,
        bool premiumCost
    ) external notFrozen nonReentrant {
        ForcedTrades.Trade memory trade = _trade(nonce);
        Users.load().requireOwner(trade.terms.starkKeyA);
        trade.requireWellFormed(Assets.load().systemAssetType, submissionExpirationTime);
        trade.requireSigned(submissionExpirationTime, Users.load().ownerOf(trade.terms.starkKeyB), signature);
        ForcedRequests.load().request(trade.hash(), trade.terms.starkKeyA, FREEZE_GRACE_PERIOD(), premiumCost, true);

        _announce(trade);
    }

    function forcedTradeDigests(
        uint256 /* starkKeyA */,
        uint256 /* starkKeyB */,
        uint256 /* vaultIdA */,
        uint256 /* vaultIdB */,
        uint256 /* collateralAssetId */,
        uint256 /* syntheticAssetId */,
        uint256 /* amountCollateral */,
        uint256 /* amountSynthetic */,
        bool /* aIsBuyingSynthetic */,
        uint256 submissionExpirationTime,
        uint256 nonce
    ) external view returns (bytes32 published, bytes32 eip712) {
        return _trade(nonce).digests(submissionExpirationTime);
    }

    function getForcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount)
        external
        view
        returns (uint256)
    {
        return ForcedRequests.load().requestedAt[ForcedRequests.withdrawalHash(starkKey, vaultId, quantizedAmount)];
    }

    function getForcedTradeRequest(
        uint256 /* starkKeyA */,
        uint256 /* starkKeyB */,
        uint256 /* vaultIdA */,
        uint256 /* vaultIdB */,
        uint256 /* collateralAssetId */,
        uint256 /* syntheticAssetId */,
        uint256 /* amountCollateral */,
        uint256 /* amountSynthetic */,
        bool /* aIsBuyingSynthetic */,
        uint256 nonce
    ) external view returns (uint256) {
        return ForcedRequests.load().requestedAt[_trade(nonce).hash()];
    }

    function getActionCount() external view returns (uint256) {
        return ForcedRequests.load().hashes.length;
    }

    function getActionHashByIndex(uint256 actionIndex) external view returns (bytes32) {
        return ForcedRequests.load().hashAt(actionIndex);
    }

    function getForcedRequest(bytes32 requestHash) public view returns (ForcedRequest memory) {
        return ForcedRequests.load().describe(requestHash, FREEZE_GRACE_PERIOD());
    }

    function getForcedRequests(uint256 first, uint256 count) external view returns (ForcedRequest[] memory requests) {
        uint256 total = ForcedRequests.load().hashes.length;
        uint256 left = first < total ? total - first : 0;
        requests = new ForcedRequest[](count < left ? count : left);
        for (uint256 i = 0; i < requests.length; ++i) {
            requests[i] = getForcedRequest(ForcedRequests.load().hashAt(first + i));
        }
    }

    function freeRequestsLeft() external view returns (uint256) {
        return ForcedRequests.load().freeRequestsLeft();
    }

    // --- freezing, and the freeze

    function freezeRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external notFrozen {
        Ranges.requirePositionId(vaultId);
        _freeze(ForcedRequests.withdrawalHash(starkKey, vaultId, quantizedAmount));
    }

    function freezeRequest(
        uint256 /* starkKeyA */,
        uint256 /* starkKeyB */,
        uint256 /* vaultIdA */,
        uint256 /* vaultIdB */,
        uint256 /* collateralAssetId */,
        uint256 /* syntheticAssetId */,
        uint256 /* amountCollateral */,
        uint256 /* amountSynthetic */,
        bool /* aIsBuyingSynthetic */,
        uint256 nonce
    ) external notFrozen {
        ForcedTrades.Trade memory trade = _trade(nonce);
        Ranges.requirePositionId(trade.terms.positionIdA);
        Ranges.requirePositionId(trade.terms.positionIdB);
        _freeze(trade.hash());
    }

    function unFreeze() external onlyGovernor {
        Head.load().unfreeze(Escapes.load().count);
    }

    function isFrozen() external view returns (bool) {
        return Head.load().frozen;
    }

    function getUnFreezeTime() external view returns (uint256) {
        return Head.load().unfreezeTime;
    }

    function FREEZE_GRACE_PERIOD() public view returns (uint256) {
        return Delays.load().values.freezeGracePeriod;
    }

    function UNFREEZE_DELAY() public view returns (uint256) {
        return Delays.load().values.unfreezeDelay;
    }

    // --- escapes

    function escape(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external nonReentrant {
        Head.load().requireFrozen();
        Escapes.load().use(starkKey, vaultId, quantizedAmount, StateUpdate.load().sharedStateHash);
        Withdrawals.load().claim(starkKey, Assets.load().systemAssetType, quantizedAmount);
    }

    function escapeUsed(uint256 vaultId) external view returns (bool) {
        return Escapes.load().used[vaultId];
    }

    function escapesUsedCount() external view returns (uint256) {
        return Escapes.load().count;
    }

    function escapeVerifier() external view returns (address) {
        return address(Escapes.load().verifier);
    }

    // ---

    /// @dev The calls that name a trade begin with its terms, in the struct's order.
    function _trade(uint256 nonce) private pure returns (ForcedTrades.Trade memory) {
        return ForcedTrades.Trade(abi.decode(msg.data[4:], (ForcedTrades.Terms)), nonce);
    }

    function _freeze(bytes32 requestHash) private {
        uint256 requestedAt = ForcedRequests.load().pendingSince(requestHash);
        Head.load().freeze(requestHash, requestedAt, FREEZE_GRACE_PERIOD(), UNFREEZE_DELAY());
    }

    function _announce(ForcedTrades.Trade memory trade) private {
        ForcedTrades.Terms memory terms = trade.terms;
        emit LogForcedTradeRequest(
            terms.starkKeyA,
            terms.starkKeyB,
            terms.positionIdA,
            terms.positionIdB,
            terms.collateralAssetId,
            terms.syntheticAssetId,
            terms.amountCollateral,
            terms.amountSynthetic,
            terms.aIsBuyingSynthetic,
            trade.nonce
        );
    }
}
