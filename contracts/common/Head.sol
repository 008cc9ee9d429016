// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The head of the exchange: how far it is, and whether it stands still
/// @dev One word of storage, for every state update reads and writes it. `StateUpdate.sol` moves it on, `Freeze.sol` stops
/// it.
library Head {
    /// @custom:storage-location erc7201:freehold.head
    struct State {
        uint64 sequenceNumber;
        uint64 systemTime; // seconds
        uint8 positionsHeight;
        uint8 ordersHeight;
        bool frozen;
        uint48 unfreezeTime; // 0: never frozen
    }

    bytes32 private constant SLOT = 0xb44d4e465431efc10ba88a22d707cc5740ac25c4f5f1efd276dba007f2ef6700;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }
}
