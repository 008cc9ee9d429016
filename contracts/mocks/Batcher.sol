// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Several calls in one transaction, so in one block
contract Batcher {
    /// @notice The first refusal is passed on.
    function batch(address target, bytes[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool done, bytes memory answer) = target.call(calls[i]);
            if (done) continue;
            assembly ("memory-safe") {
                revert(add(answer, 0x20), mload(answer))
            }
        }
    }
}
