// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AMOUNT_UPPER_BOUND, BALANCE_BIAS} from "../common/Ranges.sol";
import {PRIME} from "../curves/Prime.sol";
import {FactRegistry} from "../facts/FactRegistry.sol";
import {ESCAPE_VERIFIER, IEscapeVerifier} from "../interfaces/IEscapeVerifier.sol";
import {SharedState} from "../perpetual/SharedState.sol";
import {PedersenHash} from "./PedersenHash.sol";

/// @title What a position is worth in a shared state, proven by its Merkle path
/// @notice Anyone may prove anything here at any time; the exchange asks only while it is frozen. The fact is
/// `keccak(key || amount || keccak(shared state) || position id)`.
/// @dev The proof is pairs of hash inputs, `left << 260 | right << 8` in two words each; the last pair is
/// `root << 4` and `node index << 8`. The position's own hash chain comes first, its running value on the left.
contract EscapeVerifier is FactRegistry, IEscapeVerifier {
    using SharedState for uint256[];

    uint256 private constant MAX_PROOF_WORDS = 402;
    uint256 private constant WORD_252 = (1 << 252) - 1;

    address[] private _tables;

    /// @param tables The data contracts that hold the Pedersen tables, in order; refused unless they hold just that.
    constructor(address[] memory tables) {
        PedersenHash.check(tables);
        _tables = tables;
    }

    function identify() external pure returns (string memory) {
        return ESCAPE_VERIFIER;
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
        if (!sharedState.isWellFormed()) revert SharedStateMalformed(sharedState.length);
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
        if (root >= PRIME) revert ValueOutOfRange(root);
        if (root != state.positionsRoot()) revert WrongRoot(root, state.positionsRoot());
        uint256 height = nHashes - nAssets - 2;
        if (height != state.positionsHeight()) revert WrongHeight(height, state.positionsHeight());
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
        if (biasedCollateral >= AMOUNT_UPPER_BOUND) revert BadBalance(biasedCollateral);
    }

    /// @dev Collateral plus funding (floored) plus synthetic balances at the state's prices, floored.
    function _value(uint256[] calldata proof, uint256 nAssets, uint256 collateral, uint256[] calldata state)
        private
        pure
        returns (int256)
    {
        int256 total = (int256(collateral) - int256(BALANCE_BIAS)) << 32;
        int256 funding = -_due(proof, nAssets, state.funding());
        total += _worth(proof, nAssets, state.prices());
        return (total + ((funding >> 32) << 32)) >> 32;
    }

    /// @dev What the holdings owe in funding, in 32.32 fixed point. Assets stand in the list's order.
    function _due(uint256[] calldata proof, uint256 nAssets, uint256[] calldata indices)
        private
        pure
        returns (int256 due)
    {
        uint256 place = 0;
        for (uint256 i = 0; i < nAssets; ++i) {
            uint256 word = _right(proof, i);
            int256 index;
            (index, place) = _find(indices, word >> 128, place);
            int256 cached = int256((word >> 64) & (AMOUNT_UPPER_BOUND - 1));
            due += _balance(word) * (index - cached);
        }
    }

    /// @dev What the holdings are worth, in 32.32 fixed point. Assets stand in the list's order.
    function _worth(uint256[] calldata proof, uint256 nAssets, uint256[] calldata prices)
        private
        pure
        returns (int256 worth)
    {
        uint256 place = 0;
        for (uint256 i = 0; i < nAssets; ++i) {
            uint256 word = _right(proof, i);
            int256 price;
            (price, place) = _find(prices, word >> 128, place);
            worth += _balance(word) * price;
        }
    }

    function _balance(uint256 word) private pure returns (int256) {
        return int256(word & (AMOUNT_UPPER_BOUND - 1)) - int256(BALANCE_BIAS);
    }

    /// @dev The index or price of an asset and its place in a state's list, looked for from `begin` on. Bounded, so that no
    /// sum of products comes near 2^255.
    function _find(uint256[] calldata pairs, uint256 assetId, uint256 begin)
        private
        pure
        returns (int256 value, uint256 place)
    {
        place = pairs.find(assetId, begin);
        if (place >= pairs.length) revert AssetNotFound(assetId);
        uint256 word = pairs.valueAt(place);
        if (word >= AMOUNT_UPPER_BOUND) revert ValueOutOfRange(word);
        value = int256(word);
    }

    function _checkPath(uint256[] calldata proof, uint256 nHashes, uint256 nodeIndex, uint256 root) private view {
        uint256[4][] memory hashes = new uint256[4][](nHashes);
        for (uint256 i = 0; i < nHashes; ++i) {
            uint256 left = _left(proof, i);
            uint256 right = _right(proof, i);
            if (left >= PRIME) revert ValueOutOfRange(left);
            if (right >= PRIME) revert ValueOutOfRange(right);
            (hashes[i][0], hashes[i][1], hashes[i][3]) = (left, right, PRIME);
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
