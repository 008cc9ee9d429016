// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IForcedRequests} from "./IForcedRequests.sol";
import {IFreeze} from "./IFreeze.sol";

/// @title The manual of operations: the state, forced withdrawals and trades, freezing, escapes
/// @notice `vaultId` is v3.2's word for a position's id.
interface IOperations is IForcedRequests, IFreeze {
    event LogStateTransitionFact(bytes32 stateTransitionFact);
    event LogUpdateState(uint256 sequenceNumber, uint256 batchId);
    event LogForcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount);
    event LogForcedTradeRequest(
        uint256 starkKeyA,
        uint256 starkKeyB,
        uint256 vaultIdA,
        uint256 vaultIdB,
        uint256 collateralAssetId,
        uint256 syntheticAssetId,
        uint256 amountCollateral,
        uint256 amountSynthetic,
        bool aIsBuyingSynthetic,
        uint256 nonce
    );
    /// @dev Companions of v3.2's events, indexed for whoever watches one user or one state.
    event SharedStateUpdated(
        uint256 indexed sequenceNumber, bytes32 indexed sharedStateHash, uint256 positionsRoot, uint256 systemTime
    );
    event PositionEscaped(uint256 indexed positionId, uint256 indexed starkKey, uint256 quantizedAmount);

    // --- the state

    /// @notice Apply a proven program output. Operators only, unless frozen. Trusts the verifiers for the output, and in
    /// Validium mode the availability verifiers for the data. Unchecked, because the program's rules decide them: roots,
    /// position ids, the order of times and batch ids.
    /// @param applicationData batchId, previousBatchId, count, then registry and fact of each condition.
    function updateState(uint256[] calldata programOutput, uint256[] calldata applicationData) external;

    /// @notice keccak of the words of the last state that was accepted.
    function sharedStateHash() external view returns (bytes32);
    function getSequenceNumber() external view returns (uint256);
    function getLastBatchId() external view returns (uint256);
    /// @notice The system time of the last state, in seconds.
    function getSystemTime() external view returns (uint256);
    /// @notice Roots and heights of the last state that was accepted; positions stand in the tree named rollup.
    function getRollupVaultRoot() external view returns (uint256);
    function getRollupTreeHeight() external view returns (uint256);
    function getOrderRoot() external view returns (uint256);
    function getOrderTreeHeight() external view returns (uint256);
    /// @notice 2^256 - 1: this product has no Validium tree beside its positions.
    function getValidiumVaultRoot() external view returns (uint256);
    function getValidiumTreeHeight() external view returns (uint256);
    /// @notice 0: the general configuration is known by its hash.
    function getGlobalConfigCode() external view returns (uint256);

    /// @notice Send the whole output: by its own counts it has `needed` words or more.
    error OutputTooShort(uint256 length, uint256 needed);
    /// @notice Send the output alone: by its own counts it has `expected` words.
    error OutputLength(uint256 length, uint256 expected);
    /// @notice Send an output of the exchange's program: it configures fewer than 2^16 assets.
    error TooManyAssets(uint256 count);
    /// @notice Send an output of the exchange's program: its states have 8 words or more.
    error SharedStateTooShort(uint256 size);
    /// @notice Prove the batch as a Validium's (0) or as a rollup's (1).
    error UnsupportedDataAvailabilityMode(uint256 mode);
    /// @notice Send `needed` words beside the output: batch ids, then registry and fact of each condition.
    error ApplicationDataTooShort(uint256 length, uint256 needed);
    /// @notice Prove a batch that moves the system time to `earliest` or later.
    error SystemTimeOutdated(uint256 systemTime, uint256 earliest);
    /// @notice Send the batch later: its system time lies too far ahead of the chain's.
    error SystemTimeInvalid(uint256 systemTime, uint256 latest);
    /// @notice Prove the batch with an expiration below 2^32 hours.
    error ExpirationOutOfRange(uint256 expiration);
    /// @notice Prove the batch with a later expiration: `expiration`, in hours, is over.
    error BatchExpired(uint256 expiration, uint256 currentHour);
    /// @notice Prove the batch with trees of the heights that the exchange began with.
    error InconsistentTreeHeight(uint256 before, uint256 after_);
    /// @notice Prove a batch that follows the state with the hash `expected`, the last that was accepted.
    error InvalidPreviousSharedState(bytes32 found, bytes32 expected);
    /// @notice Name `expected` as the previous batch, the last that was accepted.
    error WrongPreviousBatchId(uint256 found, uint256 expected);
    /// @notice Send an output of the exchange's program: it moves less than 2^64 quanta in or out at once.
    error IllegalBalanceDifference(uint256 biased);
    /// @notice Send an output of the exchange's program: its keys are field elements.
    error StarkKeyOutOfRange(uint256 starkKey);
    /// @notice Have a token administrator name the collateral first.
    error CollateralNotSet();
    /// @notice Send registry and fact of each condition: the batch has `expected` of them.
    error ConditionCountMismatch(uint256 found, uint256 expected);
    /// @notice Send conditions in the batch's order: its number `index` has another registry or fact.
    error ConditionMismatch(uint256 index, uint256 found, uint256 expected);
    /// @notice Wait until `registry` knows `fact`, or prove the batch without the transfer that it is a condition of.
    error ConditionNotMet(uint256 index, address registry, bytes32 fact);
    /// @notice Send an output of the exchange's program: its forced requests are withdrawals (0) and trades (1).
    error UnknownRequestKind(uint256 kind);
    /// @notice Send an output of the exchange's program: its forced requests fill their section.
    error ForcedRequestsSize(uint256 found, uint256 expected);

    // --- forced requests

    /// @notice Request a withdrawal. The key's owner only, unless frozen. A block takes ten forced requests, which burn some
    /// gas, 20,000 here and 60,000 for a trade, so that asking costs more than serving; with `premiumCost` there is no
    /// limit, and the transaction burns a million gas. Warning: a withdrawal that leaves the position under its margin is
    /// served by proving it invalid.
    function forcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount, bool premiumCost)
        external;

    /// @notice Request a trade with party B. The owner of key A only, unless frozen; the owner of key B has signed.
    /// @param submissionExpirationTime Hours since 1970; the request is accepted up to the end of that hour.
    /// @param signature Of B's owner, over v3.2's digest or the EIP-712 one; a contract answers for the latter.
    function forcedTradeRequest(
        uint256 starkKeyA,
        uint256 starkKeyB,
        uint256 vaultIdA,
        uint256 vaultIdB,
        uint256 collateralAssetId,
        uint256 syntheticAssetId,
        uint256 amountCollateral,
        uint256 amountSynthetic,
        bool aIsBuyingSynthetic,
        uint256 submissionExpirationTime,
        uint256 nonce,
        bytes calldata signature,
        bool premiumCost
    ) external;

    /// @notice What B's owner signs: v3.2's digest or the one that wallets show in words. Either is accepted.
    function forcedTradeDigests(
        uint256 starkKeyA,
        uint256 starkKeyB,
        uint256 vaultIdA,
        uint256 vaultIdB,
        uint256 collateralAssetId,
        uint256 syntheticAssetId,
        uint256 amountCollateral,
        uint256 amountSynthetic,
        bool aIsBuyingSynthetic,
        uint256 submissionExpirationTime,
        uint256 nonce
    ) external view returns (bytes32 published, bytes32 eip712);

    /// @notice When a withdrawal was requested; 0 if it was not, or was served.
    function getForcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount)
        external
        view
        returns (uint256);
    /// @notice When a trade was requested; 0 if it was not, 2^256 - 1 once it was served.
    function getForcedTradeRequest(
        uint256 starkKeyA,
        uint256 starkKeyB,
        uint256 vaultIdA,
        uint256 vaultIdB,
        uint256 collateralAssetId,
        uint256 syntheticAssetId,
        uint256 amountCollateral,
        uint256 amountSynthetic,
        bool aIsBuyingSynthetic,
        uint256 nonce
    ) external view returns (uint256);

    /// @notice Trade between two positions.
    error IdenticalPositions(uint256 positionId);
    /// @notice Trade against the collateral, `systemAssetType`.
    error SystemAssetNotInTrade(uint256 collateralAssetId, uint256 systemAssetType);
    /// @notice Trade a synthetic asset against the collateral, not the collateral against itself.
    error IdenticalAssets(uint256 assetId);
    /// @notice Trade an asset that has a configuration.
    error UnknownAsset(uint256 assetId);
    /// @notice Use a nonce that is a field element.
    error InvalidNonce(uint256 nonce);
    /// @notice Have party B sign anew: the signature was good up to the end of hour `expirationHour`.
    error RequestTimeExpired(uint256 expirationHour, uint256 currentHour);
    /// @notice Have party B's key registered first.
    error PartyBUnregistered(uint256 starkKey);
    /// @notice Have `owner`, whose key is party B's, sign one of the two digests of just this trade.
    error InvalidSignature(address owner);

    // --- freezing

    /// @notice Stop the exchange because a requested withdrawal was not served within the grace period. Anyone may call.
    function freezeRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external;
    /// @notice The same for a requested trade.
    function freezeRequest(
        uint256 starkKeyA,
        uint256 starkKeyB,
        uint256 vaultIdA,
        uint256 vaultIdB,
        uint256 collateralAssetId,
        uint256 syntheticAssetId,
        uint256 amountCollateral,
        uint256 amountSynthetic,
        bool aIsBuyingSynthetic,
        uint256 nonce
    ) external;

    // --- escapes

    /// @notice Credit what the escape verifier has proven of a position in the frozen state, once. Anyone may call; the
    /// money goes to the key's owner by `withdraw`. `contracts/escape/EscapeDesk.sol` does all three in one call.
    /// Warning: pending deposits and granted withdrawals are set apart; should the state promise more than is left, claims
    /// are paid first come, first served, and the rest stays booked.
    function escape(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external;
    function escapeUsed(uint256 vaultId) external view returns (bool);
    function escapesUsedCount() external view returns (uint256);
    function escapeVerifier() external view returns (address);

    /// @notice Withdraw what waits for the key: the position has escaped, and escapes once.
    error EscapeAlreadyUsed(uint256 positionId);
    /// @notice Prove to the escape verifier first what the position is worth in the last accepted state.
    error EscapeLacksProof(bytes32 claim);
}
