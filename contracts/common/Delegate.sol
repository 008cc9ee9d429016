// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Running other code on one's own storage
/// @dev Whose code it is, the caller has made sure of.
library Delegate {
    /// @dev The whole call, by `code`. Does not come back: its answer or its refusal becomes the caller's.
    function forward(address code) internal {
        // Equivalent to `return code.delegatecall(msg.data)`, or to a revert with what it reverts with.
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let done := delegatecall(gas(), code, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(done) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }

    /// @dev A call of its own. The answer is dropped, the refusal passed on.
    function run(address code, bytes memory call) internal {
        // slither-disable-next-line controlled-delegatecall -- the code of an upgrade that waited for its delay
        (bool done, bytes memory answer) = code.delegatecall(call);
        if (done) return;
        // Equivalent to a revert with `answer`.
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
