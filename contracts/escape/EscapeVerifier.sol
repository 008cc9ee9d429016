// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../facts/FactRegistry.sol";
import {IEscapeVerifier} from "../interfaces/IEscapeVerifier.sol";
import {PedersenHash} from "./PedersenHash.sol";

/// @title What a position is worth in a shared state, proven by its Merkle path
/// @notice Anyone may prove anything here at any time; the exchange asks only while it is frozen. The fact is
/// `keccak(key || amount || keccak(shared state) || position id)`.
/// @dev The proof is pairs of hash inputs, `left << 260 | right << 8` in two words each; the last pair is
/// `root << 4` and `node index << 8`. The position's own hash chain comes first, its running value on the left.
contract EscapeVerifier is FactRegistry, IEscapeVerifier {
    error ChainMustStartWithZero(uint256 word);
    error InconsistentAssetCount(uint256 nAssets);
    error BadAssetCount(uint256 found, uint256 nAssets);
    error BadBalance(uint256 biased);
    error AssetNotFound(uint256 assetId);
    error WrongRoot(uint256 found, uint256 expected);
    error WrongHeight(uint256 found, uint256 expected);
    error AmountNotPositive(int256 amount);
    error SharedStateMalformed(uint256 length);
    error ProofLength(uint256 length);
    error NodeIndexOutOfTree(uint256 nodeIndex);
    error ValueOutOfRange(uint256 value);
    /// @notice Hash number `index` is neither input of the next pair, or not the root.
    error BadMerklePath(uint256 index);

    uint256 private constant BALANCE_BIAS = 1 << 63;
    uint256 private constant BALANCE_UPPER_BOUND = 1 << 64;
    uint256 private constant SMALLEST_STATE = 8;
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

    /// @inheritdoc IEscapeVerifier
    function verifyEscape(uint256[] calldata merkleProof, uint256 nAssets, uint256[] calldata sharedState)
        external
        returns (uint256 starkKey, uint256 quantizedAmount, uint256 positionId)
    {
        uint256 length = merkleProof.length;
        if (length < 4 || length > MAX_PROOF_WORDS || length % 2 != 0) revert ProofLength(length);
        uint256 nHashes = length / 2 - 1;
        if (nAssets >= nHashes || nAssets + 2 >= nHashes) revert InconsistentAssetCount(nAssets);
        _requireWellFormed(sharedState);
        uint256 collateral;
        (starkKey, collateral) = _leafWords(merkleProof, nAssets);
        uint256 nodeIndex = _nodeIndex(merkleProof, nHashes, nAssets);
        uint256 root = _root(merkleProof, nHashes, nAssets, sharedState);

        int256 amount = _value(merkleProof, nAssets, collateral, sharedState);
        if (amount <= 0) revert AmountNotPositive(amount);
        _checkPath(merkleProof, nHashes, nodeIndex, root);

        bytes32 stateHash = keccak256(abi.encodePacked(sharedState));
        (quantizedAmount, positionId) = (uint256(amount), nodeIndex >> (nAssets + 2));
        _registerFact(keccak256(abi.encode(starkKey, quantizedAmount, stateHash, positionId)));

        emit LogEscapeVerified(starkKey, amount, stateHash, positionId);
    }

    /// @dev Lists lie within the words, and one word follows each.
    function _requireWellFormed(uint256[] calldata state) private pure {
        uint256 length = state.length;
        bool fits = length >= SMALLEST_STATE && state[4] < length && SMALLEST_STATE + 2 * state[4] <= length;
        if (!fits) revert SharedStateMalformed(length);
        uint256 nPrices = state[6 + 2 * state[4]];
        fits = nPrices < length && SMALLEST_STATE + 2 * (state[4] + nPrices) == length;
        if (!fits) revert SharedStateMalformed(length);
    }

    /// @dev The position's id, then a 0 for each hash of the leaf, whose running value is on the left.
    function _nodeIndex(uint256[] calldata proof, uint256 nHashes, uint256 nAssets)
        private
        pure
        returns (uint256 nodeIndex)
    {
        nodeIndex = proof[proof.length - 1] >> 8;
        if (nodeIndex & ((1 << (nAssets + 2)) - 1) != 0) revert InconsistentAssetCount(nAssets);
        if (nodeIndex >> nHashes != 0) revert NodeIndexOutOfTree(nodeIndex);
    }

    function _root(uint256[] calldata proof, uint256 nHashes, uint256 nAssets, uint256[] calldata state)
        private
        pure
        returns (uint256 root)
    {
        root = proof[proof.length - 2] >> 4;
        if (root >= PedersenHash.FIELD) revert ValueOutOfRange(root);
        if (root != state[0]) revert WrongRoot(root, state[0]);
        uint256 height = nHashes - nAssets - 2;
        if (height != state[1]) revert WrongHeight(height, state[1]);
    }

    function _leafWords(uint256[] calldata proof, uint256 nAssets)
        private
        pure
        returns (uint256 publicKey, uint256 biasedCollateral)
    {
        if (_left(proof, 0) != 0) revert ChainMustStartWithZero(_left(proof, 0));
        publicKey = _right(proof, nAssets);
        uint256 lastWord = _right(proof, nAssets + 1);
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
        uint256[2] memory places = [5, 7 + 2 * state[4]]; // where the next asset's index and price may stand
        for (uint256 i = 0; i < nAssets; ++i) {
            (int256 due, int256 worth) = _holding(_right(proof, i), state, places);
            funding -= due;
            total += worth;
        }
        return (total + ((funding >> 32) << 32)) >> 32;
    }

    /// @dev What a holding owes in funding, and its worth, in 32.32 fixed point. Moves `places` on.
    function _holding(uint256 word, uint256[] calldata state, uint256[2] memory places)
        private
        pure
        returns (int256 due, int256 worth)
    {
        uint256 assetId = word >> 128;
        int256 balance = int256(word & (BALANCE_UPPER_BOUND - 1)) - int256(BALANCE_BIAS);
        int256 cached = int256((word >> 64) & (BALANCE_UPPER_BOUND - 1));
        places[0] = _find(state, assetId, places[0], 5 + 2 * state[4]);
        places[1] = _find(state, assetId, places[1], state.length - 1);
        due = balance * (_word64(state[places[0] + 1]) - cached);
        worth = balance * _word64(state[places[1] + 1]);
    }

    /// @dev An index or a price of a shared state. Bounded, so that no sum of products comes near 2^255.
    function _word64(uint256 word) private pure returns (int256) {
        if (word >= BALANCE_UPPER_BOUND) revert ValueOutOfRange(word);
        return int256(word);
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
        uint256[4][] memory hashes = new uint256[4][](nHashes);
        for (uint256 i = 0; i < nHashes; ++i) {
            uint256 left = _left(proof, i);
            uint256 right = _right(proof, i);
            if (left >= PedersenHash.FIELD) revert ValueOutOfRange(left);
            if (right >= PedersenHash.FIELD) revert ValueOutOfRange(right);
            (hashes[i][0], hashes[i][1], hashes[i][3]) = (left, right, PedersenHash.FIELD);
            if (i > 0) hashes[i - 1][2] = (nodeIndex >> i) & 1 == 0 ? left : right;
        }
        hashes[nHashes - 1][2] = root;
        uint256 wrong = PedersenHash.firstWrong(PedersenHash.load(_tables), hashes);
        if (wrong < nHashes) revert BadMerklePath(wrong);
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
