// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PRIME} from "./Field.sol";

/// @title Opened rows and leaves of a part, and the Merkle multi-proofs that tie them to their roots
/// @dev Byte layout: `prover/stark/proof.py`. Nodes are words whose bytes after the first digest bytes are zero.
library Openings {
    /// @notice Step 8 or 9: what was opened does not lead to the root. Trees 0 to 3: preprocessed, main,
    /// interaction, quotient; FRI layer l is tree 4 + l.
    error OpeningRefused(uint256 tree);
    /// @notice The part ends before everything was read.
    error PartTooShort();
    /// @notice A word that must be a field element is not below the prime.
    error NotBelowPrime(uint256 word);

    /// @dev Tree numbers of FRI layers follow those of the trace's trees.
    uint256 internal constant FIRST_LAYER = 4;

    struct Reader {
        uint256 place; // in calldata
        uint256 end;
        uint256 digestBytes;
        bytes32 digestMask;
    }

    /// @dev The opened rows of one physical height: `number[i]` is the row of query i, `positions` are rising.
    struct Rows {
        uint256 tree;
        uint256 logHeight;
        uint256 rowBytes;
        uint256 start;
        uint256[] number;
        uint256[] positions;
        bytes32[] hashes;
    }

    function start(bytes calldata part, uint256 digestBytes) internal pure returns (Reader memory reader) {
        uint256 place;
        assembly ("memory-safe") {
            place := part.offset
        }
        return Reader(place, place + part.length, digestBytes, bytes32(type(uint256).max << (256 - 8 * digestBytes)));
    }

    function left(Reader memory reader) internal pure returns (uint256) {
        return reader.end - reader.place;
    }

    /// @dev Moves on by `count` bytes.
    function take(Reader memory reader, uint256 count) private pure returns (uint256 place) {
        place = reader.place;
        if (count > reader.end - place) revert PartTooShort();
        reader.place = place + count;
    }

    function readRows(
        Reader memory reader,
        uint256 tree,
        uint256 logHeight,
        uint256 width,
        uint256[] memory queries,
        uint256 shift
    ) internal pure returns (Rows memory rows) {
        uint256 n = queries.length;
        rows = Rows(tree, logHeight, 32 * width, 0, new uint256[](n), new uint256[](n), new bytes32[](n));
        uint256 count = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 position = queries[i] >> shift;
            if (count == 0 || rows.positions[count - 1] != position) rows.positions[count++] = position;
            rows.number[i] = count - 1;
        }
        rows.start = take(reader, count * rows.rowBytes);
        for (uint256 i = 0; i < count; ++i) {
            rows.hashes[i] = hashRow(rows.start + i * rows.rowBytes, rows.rowBytes) & reader.digestMask;
        }
        uint256[] memory positions = rows.positions;
        bytes32[] memory hashes = rows.hashes;
        assembly ("memory-safe") {
            mstore(positions, count)
            mstore(hashes, count)
        }
    }

    function rowAt(Rows memory rows, uint256 query) internal pure returns (uint256) {
        return rows.start + rows.number[query] * rows.rowBytes;
    }

    /// @dev keccak of a row in calldata, whose words must be below the prime.
    function hashRow(uint256 place, uint256 size) private pure returns (bytes32 hash) {
        uint256 bad = 0;
        // Equivalent to: require(word < PRIME) for each word; keccak256(row)
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            calldatacopy(buffer, place, size)
            for { let i := 0 } lt(i, size) { i := add(i, 0x20) } {
                let word := mload(add(buffer, i))
                if iszero(lt(word, PRIME)) { bad := word }
            }
            hash := keccak256(buffer, size)
        }
        if (bad != 0) revert NotBelowPrime(bad);
    }

    /// @dev Ties the rows `first` to `last` of one tree to its root, the greatest height being the leaves.
    function checkRoot(
        Reader memory reader,
        Rows[] memory rows,
        uint256 first,
        uint256 last,
        uint256 logBlowup,
        bytes32 root
    ) internal pure {
        uint256[] memory positions = copy(rows[first].positions);
        bytes32[] memory hashes = rows[first].hashes;
        uint256 next = first + 1;
        for (uint256 layer = rows[first].logHeight + logBlowup; layer > 0; --layer) {
            bool withRow = next < last && rows[next].logHeight + logBlowup == layer - 1;
            if (withRow) climb(reader, positions, hashes, rows[next].hashes);
            else climb(reader, positions, hashes, new bytes32[](0));
            if (withRow) ++next;
        }
        if (hashes[0] != root) revert OpeningRefused(rows[first].tree);
    }

    /// @dev The same for a FRI layer: leaves alone. Uses up `hashes`.
    function checkLayer(
        Reader memory reader,
        uint256[] memory leaves,
        bytes32[] memory hashes,
        uint256 logSize,
        bytes32 root,
        uint256 layer
    ) internal pure {
        uint256[] memory positions = copy(leaves);
        bytes32[] memory none = new bytes32[](0);
        for (uint256 i = 0; i < logSize; ++i) climb(reader, positions, hashes, none);
        if (hashes[0] != root) revert OpeningRefused(FIRST_LAYER + layer);
    }

    /// @dev One layer up, in place: `hashes[i]` at `positions[i]`, rising, become their parents. A missing sibling is
    /// read; `rowHashes`, if any, are folded into the parents one by one.
    function climb(
        Reader memory reader,
        uint256[] memory positions,
        bytes32[] memory hashes,
        bytes32[] memory rowHashes
    ) private pure {
        uint256 place = reader.place;
        uint256 end = reader.end;
        uint256 n = positions.length;
        uint256 parents = 0;
        // Equivalent to: for each node, left = even ? node : sibling, right likewise, the sibling being the next node
        // or the next digest of the proof; hashes[parents] = keccak(left, right[, rowHashes[parents]]) & digestMask
        assembly ("memory-safe") {
            let mask := mload(add(reader, 0x60))
            let digestBytes := mload(add(reader, 0x40))
            let buffer := mload(0x40)
            let size := 0x40
            if mload(rowHashes) { size := 0x60 }
            for { let i := 0 } lt(i, n) { i := add(i, 1) } {
                let at := shl(5, add(i, 1))
                let position := mload(add(positions, at))
                let sibling := 0
                let paired := 0
                if iszero(and(position, 1)) {
                    if lt(add(i, 1), n) {
                        if eq(mload(add(positions, add(at, 0x20))), add(position, 1)) {
                            paired := 1
                            sibling := mload(add(hashes, add(at, 0x20)))
                        }
                    }
                }
                if iszero(paired) {
                    sibling := and(calldataload(place), mask)
                    place := add(place, digestBytes)
                }
                let side := shl(5, and(position, 1))
                mstore(add(buffer, side), mload(add(hashes, at)))
                mstore(add(buffer, xor(side, 0x20)), sibling)
                parents := add(parents, 1)
                let target := shl(5, parents)
                if eq(size, 0x60) { mstore(add(buffer, 0x40), mload(add(rowHashes, target))) }
                mstore(add(positions, target), shr(1, position))
                mstore(add(hashes, target), and(keccak256(buffer, size), mask))
                i := add(i, paired)
            }
            mstore(positions, parents)
            mstore(hashes, parents)
        }
        if (place > end) revert PartTooShort();
        reader.place = place;
    }

    /// @dev Fills one leaf from the values computed at queries `from` on and from the proof; returns the next query.
    function readLeaf(
        Reader memory reader,
        uint256[] memory leaf,
        uint256[] memory positions,
        uint256[] memory values,
        uint256 from,
        uint256 number,
        uint256 arity
    ) internal pure returns (uint256) {
        uint256 place = reader.place;
        uint256 wanted = number << arity;
        uint256 bad = 0;
        // Equivalent to: for each place of the leaf: if it is the next query's position, its value; else the next word
        assembly ("memory-safe") {
            let target := add(leaf, 0x20)
            let end := add(target, shl(5, mload(leaf)))
            let count := mload(positions)
            for {} lt(target, end) { target := add(target, 0x20) } {
                let known := 0
                if lt(from, count) { known := eq(mload(add(add(positions, 0x20), shl(5, from))), wanted) }
                switch known
                case 1 {
                    mstore(target, mload(add(add(values, 0x20), shl(5, from))))
                    from := add(from, 1)
                }
                default {
                    let word := calldataload(place)
                    if iszero(lt(word, PRIME)) { bad := word }
                    mstore(target, word)
                    place := add(place, 0x20)
                }
                wanted := add(wanted, 1)
            }
        }
        if (place > reader.end) revert PartTooShort();
        if (bad != 0) revert NotBelowPrime(bad);
        reader.place = place;
        return from;
    }

    function hashLeaf(Reader memory reader, uint256[] memory leaf) internal pure returns (bytes32 hash) {
        assembly ("memory-safe") {
            hash := keccak256(add(leaf, 0x20), shl(5, mload(leaf)))
        }
        return hash & reader.digestMask;
    }

    function copy(uint256[] memory words) private pure returns (uint256[] memory twin) {
        twin = new uint256[](words.length);
        for (uint256 i = 0; i < words.length; ++i) twin[i] = words[i];
    }
}
