// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AMOUNT_UPPER_BOUND} from "../common/Ranges.sol";
import {ForcedTrades} from "./ForcedTrades.sol";
import {SharedState} from "./SharedState.sol";

/// @title The words of a program output
/// @dev No other contract knows their places; `batch.py` of the rules writes them, and a test compares the two. In order:
/// the general configuration's hash; the data availability mode; a count of synthetic assets, then of each its id and its
/// configuration's hash; the size of the previous shared state and its words, then those of the new one; the expiration;
/// a count of modifications, then three words of each; the size of all forced requests, their count and their words; a
/// count of conditions and the conditions. A rollup's output ends with hash and size of its data.
library ProgramOutput {
    error OutputTooShort(uint256 length, uint256 needed);
    error OutputLength(uint256 length, uint256 expected);
    error TooManyAssets(uint256 count);
    error SharedStateTooShort(uint256 size);
    error UnsupportedDataAvailabilityMode(uint256 mode);

    uint256 private constant ROLLUP = 1;
    uint256 private constant MAX_ASSETS = (1 << 16) - 1;
    uint256 private constant GLOBAL_CONFIGURATION = 0;
    uint256 private constant MODE = 1;
    uint256 private constant ASSET_COUNT = 2;
    uint256 private constant ASSETS = 3;
    uint256 private constant MODIFICATION_WORDS = 3;
    /// @dev A change of a position's collateral is output with this added.
    uint256 internal constant DIFFERENCE_BIAS = AMOUNT_UPPER_BOUND;
    /// @dev The first word of a forced request, and how many words there are.
    uint256 internal constant WITHDRAWAL = 0;
    uint256 internal constant TRADE = 1;
    uint256 internal constant WITHDRAWAL_WORDS = 4;
    uint256 internal constant TRADE_WORDS = 10;

    /// @dev Where the parts of an output begin.
    struct Parts {
        uint256 before; // first word of the previous shared state
        uint256 beforeSize;
        uint256 after_; // first word of the new shared state
        uint256 afterSize;
        uint256 expiration;
        uint256 modifications; // the count
        uint256 forced; // the size
        uint256 conditions; // the count
        uint256 end; // of the main page
        bool isRollup;
    }

    /// @dev Every count is bounded by the output's length before it is used, so no place wraps round.
    function parse(uint256[] calldata output) internal pure returns (Parts memory parts) {
        need(output, ASSETS);
        if (output[MODE] > ROLLUP) revert UnsupportedDataAvailabilityMode(output[MODE]);
        if (output[ASSET_COUNT] > MAX_ASSETS) revert TooManyAssets(output[ASSET_COUNT]);
        uint256 place = assetsEnd(output);
        (parts.before, parts.beforeSize) = (place + 1, stateSize(output, place));
        place = parts.before + parts.beforeSize;
        (parts.after_, parts.afterSize) = (place + 1, stateSize(output, place));
        parts.expiration = parts.after_ + parts.afterSize;
        parts.modifications = parts.expiration + 1;
        parts.forced = parts.modifications + 1 + MODIFICATION_WORDS * sizeAt(output, parts.modifications);
        parts.conditions = parts.forced + 2 + sizeAt(output, parts.forced);
        parts.end = parts.conditions + 1 + sizeAt(output, parts.conditions);
        parts.isRollup = output[MODE] == ROLLUP;
        uint256 length = parts.isRollup ? parts.end + 2 : parts.end;
        if (output.length != length) revert OutputLength(output.length, length);
    }

    function globalConfiguration(uint256[] calldata output) internal pure returns (bytes32) {
        return bytes32(output[GLOBAL_CONFIGURATION]);
    }

    /// @dev Pairs of a synthetic asset and its configuration's hash.
    function assets(uint256[] calldata output) internal pure returns (uint256[] calldata) {
        return output[ASSETS:assetsEnd(output)];
    }

    function stateBefore(uint256[] calldata output, Parts memory parts) internal pure returns (uint256[] calldata) {
        return output[parts.before:parts.before + parts.beforeSize];
    }

    function stateAfter(uint256[] calldata output, Parts memory parts) internal pure returns (uint256[] calldata) {
        return output[parts.after_:parts.after_ + parts.afterSize];
    }

    /// @dev Hours since 1970.
    function expiration(uint256[] calldata output, Parts memory parts) internal pure returns (uint256) {
        return output[parts.expiration];
    }

    function modificationCount(uint256[] calldata output, Parts memory parts) internal pure returns (uint256) {
        return output[parts.modifications];
    }

    /// @dev `biased`: what the position's collateral changes by, plus `DIFFERENCE_BIAS`.
    function modification(uint256[] calldata output, Parts memory parts, uint256 index)
        internal
        pure
        returns (uint256 starkKey, uint256 positionId, uint256 biased)
    {
        uint256 place = parts.modifications + 1 + MODIFICATION_WORDS * index;
        return (output[place], output[place + 1], output[place + 2]);
    }

    function forcedRequestCount(uint256[] calldata output, Parts memory parts) internal pure returns (uint256) {
        return output[parts.forced + 1];
    }

    /// @dev The words of all forced requests; the first of each is its kind.
    function forcedRequests(uint256[] calldata output, Parts memory parts) internal pure returns (uint256[] calldata) {
        return output[parts.forced + 2:parts.conditions];
    }

    /// @dev Of `WITHDRAWAL_WORDS` words.
    function withdrawal(uint256[] calldata words)
        internal
        pure
        returns (uint256 starkKey, uint256 positionId, uint256 amount)
    {
        return (words[1], words[2], words[3]);
    }

    /// @dev Of `TRADE_WORDS` words, among which the collateral is not.
    function trade(uint256[] calldata words, uint256 collateralAssetId)
        internal
        pure
        returns (ForcedTrades.Trade memory)
    {
        ForcedTrades.Terms memory terms = ForcedTrades.Terms(
            words[1], words[2], words[3], words[4], collateralAssetId, words[5], words[6], words[7], words[8] != 0
        );
        return ForcedTrades.Trade(terms, words[9]);
    }

    function conditions(uint256[] calldata output, Parts memory parts) internal pure returns (uint256[] calldata) {
        return output[parts.conditions + 1:parts.end];
    }

    /// @dev A rollup's fact is of a tree of two leaves, the main page and the data; the size's sum wraps as v3.2's does.
    function fact(uint256[] calldata output, Parts memory parts) internal pure returns (bytes32) {
        if (!parts.isRollup) return keccak256(abi.encodePacked(output));
        uint256 end = parts.end;
        bytes32 main = keccak256(abi.encodePacked(output[:end]));
        unchecked {
            bytes32 tree = keccak256(abi.encode(main, end, output[end], end + output[end + 1]));
            return bytes32(uint256(tree) + 1);
        }
    }

    function assetsEnd(uint256[] calldata output) private pure returns (uint256) {
        return ASSETS + 2 * output[ASSET_COUNT];
    }

    /// @dev The size or count at `place`, refused if it exceeds the whole output.
    function sizeAt(uint256[] calldata output, uint256 place) private pure returns (uint256 size) {
        need(output, place + 1);
        size = output[place];
        need(output, size);
    }

    function stateSize(uint256[] calldata output, uint256 place) private pure returns (uint256 size) {
        size = sizeAt(output, place);
        if (size < SharedState.SMALLEST) revert SharedStateTooShort(size);
        need(output, place + 1 + size);
    }

    function need(uint256[] calldata output, uint256 length) private pure {
        if (output.length < length) revert OutputTooShort(output.length, length);
    }
}
