// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The manual of operations: the state, forced actions, the freeze, escapes
/// @notice `vaultId` is a position's id in the published words.
interface IOperations {
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
    event LogFrozen();
    event LogUnFrozen();

    /// @dev Companions of the published events, indexed for whoever watches one user, one action or one state.
    event SharedStateUpdated(
        uint256 indexed sequenceNumber, bytes32 indexed sharedStateHash, uint256 positionsRoot, uint256 systemTime
    );
    event ForcedActionRequested(bytes32 indexed actionHash, uint256 indexed starkKey, uint256 deadline);
    event ForcedActionServed(bytes32 indexed actionHash);
    event FrozenByAction(bytes32 indexed actionHash, uint256 unFreezeTime);
    event PositionEscaped(uint256 indexed positionId, uint256 indexed starkKey, uint256 quantizedAmount);

    /// @dev Served forced withdrawals are forgotten, so that they can be asked for again; served trades never can.
    enum ActionStatus {
        Unrequested,
        Pending,
        ServedTrade
    }

    /// @dev `timeLeft` is 0 from the deadline on. `freezable`: anybody may freeze the exchange with it now.
    struct Action {
        bytes32 actionHash;
        ActionStatus status;
        uint256 requestedAt;
        uint256 age;
        uint256 timeLeft;
        bool freezable;
    }

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

    // --- forced actions

    /// @notice Demand a withdrawal. The key's owner only, unless frozen. Ten forced requests a block are free; with
    /// `premiumCost` there is no limit, and the transaction burns a million gas. Warning: a withdrawal that leaves the
    /// position under its margin is served by proving it invalid.
    function forcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount, bool premiumCost)
        external;

    /// @notice Demand a trade with party B. The owner of key A only, unless frozen; the owner of key B has signed.
    /// @param submissionExpirationTime Hours since 1970; the request is accepted up to the end of that hour.
    /// @param signature Of B's owner, over the published digest or the EIP-712 one; a contract answers for the latter.
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

    /// @notice What B's owner signs, of the two the one he likes.
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

    /// @notice When a withdrawal was demanded; 0 if it was not, or was served.
    function getForcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount)
        external
        view
        returns (uint256);
    /// @notice When a trade was demanded; 0 if it was not, 2^256 - 1 once it was served.
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
    /// @notice Every demand ever accepted, in order.
    function getActionCount() external view returns (uint256);
    function getActionHashByIndex(uint256 actionIndex) external view returns (bytes32);
    /// @notice Age, time left and what a demand can do.
    function getAction(bytes32 actionHash) external view returns (Action memory);
    /// @notice The same for demands number `first` to `first + count - 1`, or as many as there are.
    function getActions(uint256 first, uint256 count) external view returns (Action[] memory);
    /// @notice How many requests of this block are still free.
    function freeRequestsLeft() external view returns (uint256);
    function MAX_FORCED_ACTIONS_REQS_PER_BLOCK() external view returns (uint256);
    function MAX_FORCED_WITHDRAWALS_PER_BATCH() external view returns (uint256);

    // --- the freeze

    /// @notice Stop the exchange because a demanded withdrawal was not served within the grace period. Anyone may call.
    function freezeRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external;
    /// @notice The same for a demanded trade.
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
    /// @notice Resume a frozen exchange after the delay, if nobody has escaped. Governors only.
    function unFreeze() external;
    function isFrozen() external view returns (bool);
    /// @notice When a frozen exchange may be resumed; it stays after that. Older demands cannot freeze again.
    function getUnFreezeTime() external view returns (uint256);
    function FREEZE_GRACE_PERIOD() external view returns (uint256);
    function UNFREEZE_DELAY() external view returns (uint256);

    // --- escapes

    /// @notice Credit what the escape verifier has proven of a position in the frozen state, once. Anyone may call; the
    /// money goes to the key's owner by `withdraw`. `contracts/escape/EscapeDesk.sol` does all three in one call.
    /// Warning: first come, first served, should the state promise more than is held.
    function escape(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external;
    function escapeUsed(uint256 vaultId) external view returns (bool);
    function escapesUsedCount() external view returns (uint256);
    function escapeVerifier() external view returns (address);
}
