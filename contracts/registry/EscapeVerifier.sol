// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "./FactRegistry.sol";
import {PedersenHash} from "./PedersenHash.sol";

/// @title What a position is worth in a shared state, proven by its Merkle path
/// @notice Anyone may prove anything here at any time; the exchange asks only while it is frozen. The fact is
/// `keccak(key || amount || keccak(shared state) || position id)`.
/// @dev The proof is pairs of hash inputs, `left << 260 | right << 8` in two words each; the last pair is
/// `root << 4` and `node index << 8`. The position's own hash chain comes first, its running value on the left.
contract EscapeVerifier is FactRegistry {
    error ChainMustStartWithZero(uint256 word);
    error InconsistentAssetCount(uint256 nAssets);
    error BadAssetCount(uint256 found, uint256 nAssets);
    error BadBalance(uint256 biased);
    error AssetNotFound(uint256 assetId);
    error WrongRoot(uint256 found, uint256 expected);
    error WrongHeight(uint256 found, uint256 expected);
    error AmountNotPositive(int256 amount);
    error ProofLength(uint256 length);
    error NodeIndexOutOfTree(uint256 nodeIndex);
    error ValueOutOfRange(uint256 value);
    /// @notice Hash number `index` is neither input of the next pair, or not the root.
    error BadMerklePath(uint256 index);

    event LogEscapeVerified(
        uint256 publicKey, int256 withdrawalAmount, bytes32 sharedStateHash, uint256 positionId
    );

    uint256 private constant BALANCE_BIAS = 1 << 63;
    uint256 private constant BALANCE_UPPER_BOUND = 1 << 64;
    uint256 private constant MAX_PROOF_WORDS = 402;
    uint256 private constant WORD_252 = (1 << 252) - 1;

    address[] private _tables;

    /// @param tables The data contracts that hold the Pedersen tables, in order; refused unless they hold just that.
    constructor(address[] memory tables) {
        PedersenHash.check(tables);
        _tables = tables;
    }

    function identify() external pure returns (string memory) {
        return "Freehold_EscapeVerifier_2026_1";
    }

    /// @notice Prove what a position was worth in `sharedState` and register it.
    function verifyEscape(uint256[] calldata merkleProof, uint256 nAssets, uint256[] calldata sharedState) external {
        uint256 length = merkleProof.length;
        if (length < 4 || length > MAX_PROOF_WORDS || length % 2 != 0) revert ProofLength(length);
        uint256 nHashes = length / 2 - 1;
        uint256 chain = nAssets + 2;
        if (chain >= nHashes) revert InconsistentAssetCount(nAssets);
        (uint256 publicKey, uint256 collateral) = _leafWords(merkleProof, nAssets, chain);
        uint256 nodeIndex = merkleProof[length - 1] >> 8;
        if (nodeIndex & ((1 << chain) - 1) != 0) revert InconsistentAssetCount(nAssets);
        uint256 root = merkleProof[length - 2] >> 4;
        if (root != sharedState[0]) revert WrongRoot(root, sharedState[0]);
        if (nHashes - chain != sharedState[1]) revert WrongHeight(nHashes - chain, sharedState[1]);
        if (nodeIndex >> nHashes != 0) revert NodeIndexOutOfTree(nodeIndex);

        int256 amount = _value(merkleProof, nAssets, collateral, sharedState);
        if (amount <= 0) revert AmountNotPositive(amount);
        _checkPath(merkleProof, nHashes, nodeIndex, root);

        bytes32 stateHash = keccak256(abi.encodePacked(sharedState));
        uint256 positionId = nodeIndex >> chain;
        _registerFact(keccak256(abi.encode(publicKey, uint256(amount), stateHash, positionId)));

        emit LogEscapeVerified(publicKey, amount, stateHash, positionId);
    }

    function _leafWords(uint256[] calldata proof, uint256 nAssets, uint256 chain)
        private
        pure
        returns (uint256 publicKey, uint256 biasedCollateral)
    {
        if (_left(proof, 0) != 0) revert ChainMustStartWithZero(_left(proof, 0));
        publicKey = _right(proof, chain - 2);
        uint256 lastWord = _right(proof, chain - 1);
        if (lastWord & 0xffff != nAssets) revert BadAssetCount(lastWord & 0xffff, nAssets);
        biasedCollateral = lastWord >> 16;
        if (biasedCollateral >= BALANCE_UPPER_BOUND) revert BadBalance(biasedCollateral);
    }

    /// @dev Collateral plus funding (floored) plus synthetic balances at the state's prices, floored.
    function _value(uint256[] calldata proof, uint256 nAssets, uint256 collateral, uint256[] calldata state)
        private
        pure
        returns (int256)
    {
        int256 total = (int256(collateral) - int256(BALANCE_BIAS)) << 32;
        int256 funding = 0;
        uint256 nFunding = state[4];
        uint256 fundingPlace = 5;
        uint256 pricePlace = 7 + 2 * nFunding;
        for (uint256 i = 0; i < nAssets; ++i) {
            uint256 word = _right(proof, i);
            uint256 assetId = word >> 128;
            int256 balance = int256(word & (BALANCE_UPPER_BOUND - 1)) - int256(BALANCE_BIAS);
            int256 cached = int256((word >> 64) & (BALANCE_UPPER_BOUND - 1));
            fundingPlace = _find(state, assetId, fundingPlace, 5 + 2 * nFunding);
            pricePlace = _find(state, assetId, pricePlace, state.length - 1);
            funding -= balance * (int256(state[fundingPlace + 1]) - cached);
            total += balance * int256(state[pricePlace + 1]);
        }
        return (total + ((funding >> 32) << 32)) >> 32;
    }

    /// @dev The place of an asset in a list of pairs; assets stand in the list's order, so the search goes on.
    function _find(uint256[] calldata state, uint256 assetId, uint256 place, uint256 end)
        private
        pure
        returns (uint256)
    {
        while (place < end && state[place] != assetId) place += 2;
        if (place >= end) revert AssetNotFound(assetId);
        return place;
    }

    function _checkPath(uint256[] calldata proof, uint256 nHashes, uint256 nodeIndex, uint256 root) private view {
        uint256 tables = PedersenHash.load(_tables);
        for (uint256 i = 0; i < nHashes; ++i) {
            uint256 left = _left(proof, i);
            uint256 right = _right(proof, i);
            if (left >= PedersenHash.FIELD) revert ValueOutOfRange(left);
            if (right >= PedersenHash.FIELD) revert ValueOutOfRange(right);
            uint256 expected = root;
            if (i + 1 < nHashes) {
                expected = (nodeIndex >> (i + 1)) & 1 == 0 ? _left(proof, i + 1) : _right(proof, i + 1);
            }
            if (!PedersenHash.isHash(tables, left, right, expected)) revert BadMerklePath(i);
        }
    }

    /// @dev The high 252 bits of the pair.
    function _left(uint256[] calldata proof, uint256 pair) private pure returns (uint256) {
        return proof[2 * pair] >> 4;
    }

    /// @dev The next 252 bits.
    function _right(uint256[] calldata proof, uint256 pair) private pure returns (uint256) {
        return ((proof[2 * pair] << 248) | (proof[2 * pair + 1] >> 8)) & WORD_252;
    }
}
