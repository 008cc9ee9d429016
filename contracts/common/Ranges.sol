// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IForcedRequests} from "../interfaces/IForcedRequests.sol";
import {Head} from "./Head.sol";

/// @dev Quantized amounts have 64 bits; a position's balance has as many with its sign, kept with a bias.
uint256 constant AMOUNT_UPPER_BOUND = 1 << 64;
uint256 constant BALANCE_BIAS = AMOUNT_UPPER_BOUND / 2;
uint256 constant BALANCE_UPPER_BOUND = AMOUNT_UPPER_BOUND / 2;

/// @title What no batch can contain is refused when it is asked for
library Ranges {
    /// @dev A leaf of the tree of positions. A request for a position outside could be proven neither valid nor invalid, so
    /// that whoever sent it would freeze the exchange; a deposit for one could never be taken in.
    function requirePositionId(uint256 positionId) internal view {
        if (positionId >> Head.load().positionsHeight != 0) revert IForcedRequests.PositionIdOutOfRange(positionId);
    }

    function requireAmount(uint256 amount) internal pure {
        if (amount >= AMOUNT_UPPER_BOUND) revert IForcedRequests.AmountOutOfRange(amount);
    }
}
