// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The words of a shared state
/// @dev No other contract knows their places; `state.py` of the rules writes them, and a test compares the two. In order:
/// root and height of the tree of positions; root and height of the tree of orders; a count, then as many pairs of a
/// synthetic asset and its biased funding index, in rising order, and the time of the indices; a count, then as many pairs
/// of an asset and its price; the system time.
library SharedState {
    /// @dev Words of a state without asset and price.
    uint256 internal constant SMALLEST = 8;
    uint256 private constant POSITIONS_ROOT = 0;
    uint256 private constant POSITIONS_HEIGHT = 1;
    uint256 private constant ORDERS_ROOT = 2;
    uint256 private constant ORDERS_HEIGHT = 3;
    uint256 private constant FUNDING_COUNT = 4;
    uint256 private constant FUNDING = 5;

    /// @dev All words of a state without asset and price, in which both counts are 0.
    struct Empty {
        uint256 positionsRoot;
        uint256 positionsHeight;
        uint256 ordersRoot;
        uint256 ordersHeight;
        uint256 fundingCount;
        uint256 fundingTime;
        uint256 priceCount;
        uint256 systemTime;
    }

    /// @dev There are `SMALLEST` words.
    function decodeEmpty(uint256[] memory state) internal pure returns (Empty memory) {
        return abi.decode(abi.encodePacked(state), (Empty));
    }

    /// @dev Both lists lie within the words, and one word follows each. Accessors below count on it, but for the four
    /// first ones and the last.
    function isWellFormed(uint256[] calldata state) internal pure returns (bool) {
        uint256 length = state.length;
        if (length < SMALLEST) return false;
        uint256 nFunding = state[FUNDING_COUNT];
        if (nFunding >= length || SMALLEST + 2 * nFunding > length) return false;
        uint256 nPrices = state[priceCountPlace(state)];
        return nPrices < length && SMALLEST + 2 * (nFunding + nPrices) == length;
    }

    function hash(uint256[] calldata state) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(state));
    }

    /// @dev What availability verifiers know of a state: roots, heights and its number.
    function availabilityClaim(uint256[] calldata state, uint256 sequenceNumber) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                positionsRoot(state), positionsHeight(state), ordersRoot(state), ordersHeight(state), sequenceNumber
            )
        );
    }

    function positionsRoot(uint256[] calldata state) internal pure returns (uint256) {
        return state[POSITIONS_ROOT];
    }

    function positionsHeight(uint256[] calldata state) internal pure returns (uint256) {
        return state[POSITIONS_HEIGHT];
    }

    function ordersRoot(uint256[] calldata state) internal pure returns (uint256) {
        return state[ORDERS_ROOT];
    }

    function ordersHeight(uint256[] calldata state) internal pure returns (uint256) {
        return state[ORDERS_HEIGHT];
    }

    /// @dev Pairs of an asset and its biased funding index.
    function funding(uint256[] calldata state) internal pure returns (uint256[] calldata) {
        return state[FUNDING:fundingEnd(state)];
    }

    function fundingTime(uint256[] calldata state) internal pure returns (uint256) {
        return state[fundingEnd(state)];
    }

    /// @dev Pairs of an asset and its price.
    function prices(uint256[] calldata state) internal pure returns (uint256[] calldata) {
        return state[priceCountPlace(state) + 1:state.length - 1];
    }

    function systemTime(uint256[] calldata state) internal pure returns (uint256) {
        return state[state.length - 1];
    }

    /// @dev The place of an asset's pair at or after `place`; the list's length if there is none.
    function find(uint256[] calldata pairs, uint256 assetId, uint256 place) internal pure returns (uint256) {
        while (place < pairs.length && pairs[place] != assetId) place += 2;
        return place;
    }

    /// @dev The funding index or price of the pair at `place`.
    function valueAt(uint256[] calldata pairs, uint256 place) internal pure returns (uint256) {
        return pairs[place + 1];
    }

    function fundingEnd(uint256[] calldata state) private pure returns (uint256) {
        return FUNDING + 2 * state[FUNDING_COUNT];
    }

    function priceCountPlace(uint256[] calldata state) private pure returns (uint256) {
        return fundingEnd(state) + 1;
    }
}
