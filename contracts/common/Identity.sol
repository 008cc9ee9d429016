// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IIdentity} from "../interfaces/IIdentity.sol";

/// @title What a contract says that it is
library Identity {
    /// @dev Empty for an address that does not answer, or not with a string: never a refusal that is not ours.
    function read(address entry) internal view returns (string memory identity) {
        (bool answered, bytes memory answer) = entry.staticcall(abi.encodeCall(IIdentity.identify, ()));
        if (!answered || answer.length < 64) return "";
        uint256 offset;
        uint256 size;
        assembly ("memory-safe") {
            offset := mload(add(answer, 32))
            size := mload(add(answer, 64))
        }
        bool isString = offset == 32 && size <= answer.length - 64;
        if (isString) identity = abi.decode(answer, (string));
    }

    function isThat(string memory found, string memory expected) internal pure returns (bool) {
        return keccak256(bytes(found)) == keccak256(bytes(expected));
    }
}
