// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The manual of forced requests: what waits to be served, and since when
/// @notice A user sends a request on chain, the operator serves it in a batch before the deadline, or anyone freezes the
/// exchange with it. "Action" in a name is v3.2's word for a request.
interface IForcedRequests {
    event ForcedRequestAccepted(bytes32 indexed requestHash, uint256 indexed starkKey, uint256 deadline);
    event ForcedRequestServed(bytes32 indexed requestHash);

    /// @notice Name a leaf of the tree of positions, whose height `getRollupTreeHeight` tells.
    error PositionIdOutOfRange(uint256 positionId);
    /// @notice Ask for less than 2^64 quanta.
    error AmountOutOfRange(uint256 amount);
    /// @notice Wait: the same request was sent at `requestedAt` and is not served yet.
    error ForcedRequestPending(bytes32 requestHash, uint256 requestedAt);
    /// @notice Use another nonce: this trade was served, and is served once.
    error ForcedRequestAlreadyServed(bytes32 requestHash);
    /// @notice Use another nonce, signed anew by party B: a freeze outlived this trade, which is requested once.
    error ForcedTradeSpent(bytes32 requestHash, uint256 requestedAt);
    /// @notice Name a request as it was sent; none with this hash waits to be served.
    error ForcedRequestNotPending(bytes32 requestHash);
    /// @notice Send the request in a later block, or with `premiumCost`: a block takes `limit` without.
    error MaxRequestsPerBlockReached(uint256 limit);
    /// @notice Name a request by a number below `count`.
    error ForcedRequestIndexTooHigh(uint256 index, uint256 count);

    /// @dev Served forced withdrawals are forgotten, so that they can be requested again; served trades never can.
    enum RequestStatus {
        Unrequested,
        Pending,
        ServedTrade
    }

    /// @dev `timeLeft` is 0 from the deadline on. `freezable`: anybody may freeze the exchange with it now.
    struct ForcedRequest {
        bytes32 requestHash;
        RequestStatus status;
        uint256 requestedAt;
        uint256 age;
        uint256 timeLeft;
        bool freezable;
    }

    /// @notice Requests ever accepted; they are numbered from 0, in order.
    function getActionCount() external view returns (uint256);
    function getActionHashByIndex(uint256 actionIndex) external view returns (bytes32);
    /// @notice Age and time left of a request, and what it can do.
    function getForcedRequest(bytes32 requestHash) external view returns (ForcedRequest memory);
    /// @notice The same for requests number `first` to `first + count - 1`, or as many as there are.
    function getForcedRequests(uint256 first, uint256 count) external view returns (ForcedRequest[] memory);
    /// @notice How many requests of this block are still free.
    function freeRequestsLeft() external view returns (uint256);
    function MAX_FORCED_ACTIONS_REQS_PER_BLOCK() external view returns (uint256);
}
