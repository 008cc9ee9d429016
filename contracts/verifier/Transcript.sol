// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Words} from "./Words.sol";

/// @title The Fiat-Shamir transcript of `prover/stark/transcript.py`
library Transcript {
    struct State {
        bytes32 digest;
        uint256 round;
        uint256 counter;
    }

    /// @dev digest = keccak(digest || round || words)
    function absorb(State memory self, uint256[] memory words) internal pure {
        bytes32 digest = self.digest;
        uint256 round = self.round;
        // Equivalent to keccak256(abi.encodePacked(digest, round, words)); nothing is left in memory.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, digest)
            mstore(add(buffer, 0x20), round)
            let size := shl(5, mload(words))
            mcopy(add(buffer, 0x40), add(words, 0x20), size)
            digest := keccak256(buffer, add(size, 0x40))
        }
        self.digest = digest;
        self.round = round + 1;
        self.counter = 0;
    }

    /// @dev The same for words that lie in calldata.
    function absorbCalldata(State memory self, uint256[] calldata words) internal pure {
        bytes32 digest = self.digest;
        uint256 round = self.round;
        // Equivalent to keccak256(abi.encodePacked(digest, round, words)); nothing is left in memory.
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            mstore(buffer, digest)
            mstore(add(buffer, 0x20), round)
            let size := shl(5, words.length)
            calldatacopy(add(buffer, 0x40), words.offset, size)
            digest := keccak256(buffer, add(size, 0x40))
        }
        self.digest = digest;
        self.round = round + 1;
        self.counter = 0;
    }

    /// @dev A full 256-bit draw.
    function drawWord(State memory self) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(self.digest, self.counter++)));
    }

    /// @dev A uniform 251-bit number, which is below the prime.
    function draw(State memory self) internal pure returns (uint256) {
        return drawWord(self) >> 5;
    }

    /// @dev `count` positions below 2^logSize, eight to a draw, sorted and without repeats.
    function drawPositions(State memory self, uint256 count, uint256 logSize)
        internal
        pure
        returns (uint256[] memory positions)
    {
        positions = new uint256[](count);
        uint256 mask = (1 << logSize) - 1;
        uint256 word;
        for (uint256 i = 0; i < count; ++i) {
            if (i % 8 == 0) word = drawWord(self);
            insert(positions, i, (word >> (32 * (7 - (i % 8)))) & mask);
        }
        dropRepeats(positions);
    }

    /// @dev Puts `position` in its place among the first `count`, which rise.
    function insert(uint256[] memory positions, uint256 count, uint256 position) private pure {
        // Equivalent to: i = count; while (i > 0 && positions[i - 1] > position) positions[i] = positions[--i];
        // positions[i] = position
        assembly ("memory-safe") {
            let place := add(positions, shl(5, count))
            for {} gt(place, positions) { place := sub(place, 0x20) } {
                let other := mload(place)
                if iszero(gt(other, position)) { break }
                mstore(add(place, 0x20), other)
            }
            mstore(add(place, 0x20), position)
        }
    }

    function dropRepeats(uint256[] memory positions) private pure {
        uint256 kept = 1;
        for (uint256 i = 1; i < positions.length; ++i) {
            if (positions[i] != positions[kept - 1]) positions[kept++] = positions[i];
        }
        Words.setLength(positions, kept);
    }
}
