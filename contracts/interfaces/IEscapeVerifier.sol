// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "./IFactRegistry.sol";
import {IIdentity} from "./IIdentity.sol";

/// @title What a position is worth in a shared state
interface IEscapeVerifier is IFactRegistry, IIdentity {
    event LogEscapeVerified(
        uint256 publicKey, int256 withdrawalAmount, bytes32 sharedStateHash, uint256 positionId
    );

    /// @notice Prove what a position was worth in `sharedState` and register it. Anyone may call, at any time. What is
    /// returned is what a claim names.
    function verifyEscape(uint256[] calldata merkleProof, uint256 nAssets, uint256[] calldata sharedState)
        external
        returns (uint256 starkKey, uint256 quantizedAmount, uint256 positionId);
}
