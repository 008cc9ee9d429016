// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The words that come with a program output
/// @dev The batch's id, the previous batch's, a count of conditions, then of each condition its registry and its fact.
library ApplicationData {
    error ApplicationDataTooShort(uint256 length, uint256 needed);
    error ConditionCountMismatch(uint256 found, uint256 expected);

    uint256 private constant BATCH_ID = 0;
    uint256 private constant PREVIOUS_BATCH_ID = 1;
    uint256 private constant CONDITION_COUNT = 2;
    uint256 private constant CONDITIONS = 3;

    /// @dev Before anything is read.
    function requireHead(uint256[] calldata data) internal pure {
        need(data, CONDITIONS);
    }

    /// @dev Before a condition is read. What follows the conditions is ignored.
    function requireConditions(uint256[] calldata data, uint256 count) internal pure {
        if (data[CONDITION_COUNT] != count) revert ConditionCountMismatch(data[CONDITION_COUNT], count);
        need(data, CONDITIONS + 2 * count);
    }

    function batchId(uint256[] calldata data) internal pure returns (uint256) {
        return data[BATCH_ID];
    }

    function previousBatchId(uint256[] calldata data) internal pure returns (uint256) {
        return data[PREVIOUS_BATCH_ID];
    }

    function condition(uint256[] calldata data, uint256 index) internal pure returns (address registry, bytes32 fact) {
        uint256 place = CONDITIONS + 2 * index;
        return (address(uint160(data[place])), bytes32(data[place + 1]));
    }

    function need(uint256[] calldata data, uint256 length) private pure {
        if (data.length < length) revert ApplicationDataTooShort(data.length, length);
    }
}
