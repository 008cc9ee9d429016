// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev Position ids are leaves of a tree of 64 levels at most.
uint256 constant POSITION_ID_UPPER_BOUND = 1 << 64;
/// @dev Quantized amounts have 64 bits; a position's balance has as many with its sign, kept with a bias.
uint256 constant AMOUNT_UPPER_BOUND = 1 << 64;
uint256 constant BALANCE_BIAS = AMOUNT_UPPER_BOUND / 2;

/// @title What no batch can contain is refused when it is asked for
library Ranges {
    error PositionIdOutOfRange(uint256 positionId);
    error AmountOutOfRange(uint256 amount);

    function requirePositionId(uint256 positionId) internal pure {
        if (positionId >= POSITION_ID_UPPER_BOUND) revert PositionIdOutOfRange(positionId);
    }

    function requireAmount(uint256 amount) internal pure {
        if (amount >= AMOUNT_UPPER_BOUND) revert AmountOutOfRange(amount);
    }
}
