// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "./IFactRegistry.sol";
import {IIdentity} from "./IIdentity.sol";

/// @dev What an escape verifier says that it is.
string constant ESCAPE_VERIFIER = "Freehold_EscapeVerifier_2026_1";

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

    /// @notice Send a proof of at most 402 words, two for each hash and two more.
    error ProofLength(uint256 length);
    /// @notice Send the words of a shared state; its counts do not fit these.
    error SharedStateMalformed(uint256 length);
    /// @notice Send as `nAssets` the position's number of assets; the proof is too short for these, or its index is another's.
    error InconsistentAssetCount(uint256 nAssets);
    /// @notice Send as `nAssets` what the position itself says, `found`.
    error BadAssetCount(uint256 found, uint256 nAssets);
    /// @notice Begin the proof with the position's own hashes, the first of which has 0 on the left.
    error ChainMustStartWithZero(uint256 word);
    /// @notice Send the position's own words: a balance with its bias has 64 bits.
    error BadBalance(uint256 biased);
    /// @notice Send a node index that lies in the tree.
    error NodeIndexOutOfTree(uint256 nodeIndex);
    /// @notice Send proof and state of the same batch: the proof leads to `found`, the state's root is `expected`.
    error WrongRoot(uint256 found, uint256 expected);
    /// @notice Send the whole path: it climbs `found` levels, the state's tree has `expected`.
    error WrongHeight(uint256 found, uint256 expected);
    /// @notice Send words below the field's order, and indices and prices of 64 bits.
    error ValueOutOfRange(uint256 value);
    /// @notice Send a state that has index and price of each of the position's assets, in their order.
    error AssetNotFound(uint256 assetId);
    /// @notice Leave the position: at the state's prices it is worth nothing, or owes.
    error AmountNotPositive(int256 amount);
    /// @notice Send the hashes' own inputs: number `index` is neither input of the next pair, or not the root.
    error BadMerklePath(uint256 index);
}
