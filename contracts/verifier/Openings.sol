// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Words} from "./Words.sol";

/// @title Rows and leaves as a part brings them, and the Merkle multi-proofs that tie them to their roots
/// @dev Byte layout: `prover/stark/proof.py`. A queue is a list of (position, hash) pairs of 64 bytes, positions rising;
/// a position above all others ends it. Hashes are words whose bytes after the first digest bytes are zero.
library Openings {
    /// @notice Step 7 or 8: send the part that belongs to this header and these positions; what it opens hashes to `found`
    /// and not to the tree's root. Trees 0 to 2: preprocessed, main, interaction; FRI layer l is tree 16 + l.
    error OpeningRefused(uint256 tree, bytes32 root, bytes32 found);
    /// @notice Send the whole part: at least `missing` bytes are not there.
    error PartTooShort(uint256 missing);

    /// @dev Tree numbers of FRI layers begin here.
    uint256 internal constant FIRST_LAYER = 16;

    uint256 internal constant NODE_BYTES = 0x40;

    struct Reader {
        uint256 place; // of the next byte, in calldata
        uint256 end;
        uint256 digestBytes;
        uint256 digestMask;
    }

    function start(bytes calldata part, uint256 digestBytes) internal pure returns (Reader memory reader) {
        uint256 place;
        // Equivalent to &part[0].
        assembly ("memory-safe") {
            place := part.offset
        }
        uint256 mask = type(uint256).max << (256 - 8 * digestBytes);
        return Reader(place, place + part.length, digestBytes, mask);
    }

    /// @dev Moves to `place`. What lies beyond the end was read as something or other, but is never believed.
    function moveTo(Reader memory reader, uint256 place) internal pure {
        if (place > reader.end) revert PartTooShort(place - reader.end);
        reader.place = place;
    }

    /// @dev Room for `count` nodes and the end.
    function newQueue(uint256 count) internal pure returns (uint256) {
        return Words.place(new uint256[](2 * count + 1), 0);
    }

    /// @dev Hashes the rows of one height at `positions >> shift`, which follow in calldata without repeats.
    /// Writes a node for each to `queue`, and at `places` where in calldata the row of each position begins.
    function readRows(
        Reader memory reader,
        uint256[] memory positions,
        uint256 shift,
        uint256 rowBytes,
        uint256 queue,
        uint256 places
    ) internal pure returns (uint256 count) {
        uint256 place = reader.place;
        uint256 mask = reader.digestMask;
        uint256 next = queue;
        // Equivalent to: for each position: if its row is not the one just read: append (position >> shift, keccak(row)
        // & mask); places[i] = where that row begins
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            let from := add(positions, 0x20)
            let to := add(from, shl(5, mload(positions)))
            let current := not(0)
            for {} lt(from, to) { from := add(from, 0x20) } {
                let position := shr(shift, mload(from))
                if iszero(eq(position, current)) {
                    calldatacopy(buffer, place, rowBytes)
                    mstore(next, position)
                    mstore(add(next, 0x20), and(keccak256(buffer, rowBytes), mask))
                    next := add(next, 0x40)
                    current := position
                    place := add(place, rowBytes)
                }
                mstore(places, sub(place, rowBytes))
                places := add(places, 0x20)
            }
        }
        moveTo(reader, place);
        return (next - queue) >> 6;
    }

    /// @dev Writes to `node` a leaf of 2^arity words in memory; its number is the position at `from` >> arity.
    function hashLeaf(Reader memory reader, uint256 leaf, uint256 arity, uint256 node, uint256 from)
        internal
        pure
    {
        uint256 mask = reader.digestMask;
        // Equivalent to: node = (*from >> arity, keccak(the leaf's 2^arity words) & mask)
        assembly ("memory-safe") {
            mstore(node, shr(arity, mload(from)))
            mstore(add(node, 0x20), and(keccak256(leaf, shl(arity, 0x20)), mask))
        }
    }

    /// @dev `layers` layers up, in place; in the first `alone` of them no two nodes are siblings. Returns how many nodes
    /// are left.
    function climb(Reader memory reader, uint256 queue, uint256 count, uint256 layers, uint256 alone)
        internal
        pure
        returns (uint256)
    {
        if (alone > layers) alone = layers;
        if (alone > 0) climbAlone(reader, queue, count, alone);
        for (; alone < layers; ++alone) count = climbLayer(reader, queue, count, 0);
        return count;
    }

    /// @dev How many layers up no two positions are siblings. Siblings differ in the lowest bit alone, so it is the least
    /// log2 of neighbours' difference; 32 for one position.
    function meetingLayer(uint256[] memory positions) internal pure returns (uint256 layers) {
        uint256 least = 1 << 32;
        for (uint256 i = 1; i < positions.length; ++i) {
            uint256 difference = positions[i] ^ positions[i - 1];
            if (difference < least) least = difference;
        }
        while ((least >> layers) > 1) ++layers;
    }

    /// @dev Several layers up while every sibling comes from the proof: node by node.
    function climbAlone(Reader memory reader, uint256 queue, uint256 count, uint256 layers) private pure {
        uint256 place = reader.place;
        uint256 digestBytes = reader.digestBytes;
        uint256 mask = reader.digestMask;
        // Equivalent to: for each node i, in each layer l: sibling = digest number l * count + i of what follows;
        // hash = keccak(even ? hash : sibling, even ? sibling : hash) & mask; position >>= 1
        assembly ("memory-safe") {
            let stride := mul(count, digestBytes)
            let end := add(queue, shl(6, count))
            for { let node := queue } lt(node, end) { node := add(node, 0x40) } {
                let position := mload(node)
                let sides := shl(5, position) // bit 5 of sides >> l: whether the node of layer l is a right one
                let hash := mload(add(node, 0x20))
                let sibling := place
                for { let layer := 0 } lt(layer, layers) { layer := add(layer, 1) } {
                    let side := and(shr(layer, sides), 0x20)
                    mstore(side, hash)
                    mstore(xor(side, 0x20), and(calldataload(sibling), mask))
                    hash := and(keccak256(0, 0x40), mask)
                    sibling := add(sibling, stride)
                }
                mstore(node, shr(layers, position))
                mstore(add(node, 0x20), hash)
                place := add(place, digestBytes)
            }
            place := add(place, mul(stride, sub(layers, 1)))
        }
        moveTo(reader, place);
    }

    /// @dev One layer up, in place. `rows`, if not 0, is a queue whose hashes are folded into the parents one by one.
    function climbLayer(Reader memory reader, uint256 queue, uint256 count, uint256 rows)
        internal
        pure
        returns (uint256)
    {
        uint256 place = reader.place;
        uint256 digestBytes = reader.digestBytes;
        uint256 mask = reader.digestMask;
        uint256 parent = queue;
        // Equivalent to: for each node: sibling = the next node, if its position is the sibling's, else the next digest;
        // append (position >> 1, keccak(left, right[, hash of the next row]) & mask)
        assembly ("memory-safe") {
            // left, right and row lie from 0 on: the free memory pointer is put back at the end
            let free := mload(0x40)
            let size := 0x40
            if rows { size := 0x60 }
            let end := add(queue, shl(6, count))
            mstore(end, not(0))
            for { let node := queue } lt(node, end) {} {
                let position := mload(node)
                let side := and(shl(5, position), 0x20)
                mstore(side, mload(add(node, 0x20)))
                node := add(node, 0x40)
                let sibling := calldataload(place)
                place := add(place, digestBytes)
                if eq(mload(node), xor(position, 1)) {
                    sibling := mload(add(node, 0x20))
                    node := add(node, 0x40)
                    place := sub(place, digestBytes)
                }
                mstore(xor(side, 0x20), and(sibling, mask))
                if rows {
                    mstore(0x40, mload(add(rows, 0x20)))
                    rows := add(rows, 0x40)
                }
                mstore(parent, shr(1, position))
                mstore(add(parent, 0x20), and(keccak256(0, size), mask))
                parent := add(parent, 0x40)
            }
            mstore(0x40, free)
        }
        moveTo(reader, place);
        return (parent - queue) >> 6;
    }

    /// @dev The hash of the one node left must be the root.
    function checkRoot(uint256 queue, uint256 root, uint256 tree) internal pure {
        uint256 hash = Words.load(queue + 0x20);
        if (hash != root) revert OpeningRefused(tree, bytes32(root), bytes32(hash));
    }
}
