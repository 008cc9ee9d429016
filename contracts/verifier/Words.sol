// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Words in memory: by place, and in arrays whose bounds the caller keeps
/// @dev Nothing is checked: a place is a byte address, an index is below the length.
library Words {
    /// @dev Where `words[index]` lies.
    function place(uint256[] memory words, uint256 index) internal pure returns (uint256 at) {
        // Equivalent to &words[index].
        assembly ("memory-safe") {
            at := add(add(words, 0x20), shl(5, index))
        }
    }

    /// @dev words[index]
    function get(uint256[] memory words, uint256 index) internal pure returns (uint256 word) {
        // Equivalent to words[index].
        assembly ("memory-safe") {
            word := mload(add(add(words, 0x20), shl(5, index)))
        }
    }

    /// @dev The word at a place.
    function load(uint256 at) internal pure returns (uint256 word) {
        // Equivalent to *at.
        assembly ("memory-safe") {
            word := mload(at)
        }
    }

    /// @dev Four words from a place on.
    function storeFour(uint256 at, uint256 a, uint256 b, uint256 c, uint256 d) internal pure {
        // Equivalent to at[0], at[1], at[2], at[3] = a, b, c, d.
        assembly ("memory-safe") {
            mstore(at, a)
            mstore(add(at, 0x20), b)
            mstore(add(at, 0x40), c)
            mstore(add(at, 0x60), d)
        }
    }

    /// @dev 32 bytes of `data` from byte number `offset` on; what lies behind its end is not zeroed.
    function ofBytes(bytes memory data, uint256 offset) internal pure returns (uint256 word) {
        // Equivalent to uint256(bytes32(data[offset:offset + 32])).
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), offset))
        }
    }

    /// @dev Where memory is free from.
    function free() internal pure returns (uint256 at) {
        // Equivalent to the free memory pointer.
        assembly ("memory-safe") {
            at := mload(0x40)
        }
    }

    /// @dev What lies below `end` is in use.
    function allocateUntil(uint256 end) internal pure {
        // Equivalent to moving the free memory pointer to `end`.
        assembly ("memory-safe") {
            mstore(0x40, end)
        }
    }

    // --- lists: arrays that grow within their room

    /// @dev A list of no words with room for `room`.
    function emptyList(uint256 room) internal pure returns (uint256[] memory list) {
        list = new uint256[](room);
        setLength(list, 0);
    }

    /// @dev An array becomes shorter.
    function setLength(uint256[] memory words, uint256 length) internal pure {
        // Equivalent to words.length = length.
        assembly ("memory-safe") {
            mstore(words, length)
        }
    }

    /// @dev Appends to a list, whose room the caller never exceeds.
    function push(uint256[] memory list, uint256 word) internal pure {
        // Equivalent to list[list.length++] = word.
        assembly ("memory-safe") {
            let length := add(mload(list), 1)
            mstore(list, length)
            mstore(add(list, shl(5, length)), word)
        }
    }
}
