// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Where the proxy keeps how long new code waits
/// @dev `FreeholdProxy` writes and obeys it; the exchange's code, which runs on the same storage, compares it with the
/// other delays when it begins.
library UpgradeDelay {
    bytes32 internal constant SLOT = keccak256("StarkWare.Upgradibility.Delay.Slot");
    uint256 internal constant MOST = 180 days;

    function write(uint256 delay) internal {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            sstore(slot, delay)
        }
    }

    function read() internal view returns (uint256 delay) {
        bytes32 slot = SLOT;
        assembly ("memory-safe") {
            delay := sload(slot)
        }
    }
}
