// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {SharedState} from "./SharedState.sol";

/// @title Genesis: what the exchange began with, kept for whoever comes later
/// @dev Nothing proves the first state. Without this its roots would be gone after the first batch, and with them the
/// answer to whether it held positions that nobody had paid for.
library Genesis {
    /// @custom:storage-location erc7201:freehold.genesis
    struct State {
        uint256 positionsRoot;
        uint256 ordersRoot;
        uint8 positionsHeight;
        uint8 ordersHeight;
        uint64 systemTime; // seconds
        uint64 sequenceNumber;
    }

    bytes32 private constant SLOT = 0x9ebdb42e7ba49ba1bfdb0de0a02d1e46d238e81f6b68c8ccf5c29826f14dd000;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    /// @dev The words are in range.
    function declare(State storage self, SharedState.Empty memory state, uint256 sequenceNumber) internal {
        (self.positionsRoot, self.ordersRoot) = (state.positionsRoot, state.ordersRoot);
        (self.positionsHeight, self.ordersHeight) = (uint8(state.positionsHeight), uint8(state.ordersHeight));
        (self.systemTime, self.sequenceNumber) = (uint64(state.systemTime), uint64(sequenceNumber));

        emit IDispatcher.GenesisDeclared(
            state.positionsRoot,
            state.positionsHeight,
            state.ordersRoot,
            state.ordersHeight,
            state.systemTime,
            sequenceNumber
        );
    }
}
