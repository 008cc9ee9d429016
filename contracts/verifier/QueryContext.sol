// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What steps 0 to 6 hand to the query phase, and how its words are put together
/// @dev `HeaderVerifier.sol` and `Layout.sol` write it, `QueryPhase.sol` and `DeepSum.sol` read it.
library QueryContext {
    /// @dev All that the query phase reads. A proof in several transactions carries it along.
    struct Context {
        bytes32 transcript; // its last state binds the whole proof
        bytes32 fact; // registered once all parts are checked
        uint256 logDegree; // H = 2^logDegree
        uint256 lambda;
        uint256[] roots; // by tree
        uint256[] rows; // opened rows, by tree, then falling height: tree, log2 of the height, columns
        // The DEEP sum, see `DeepSum.sol`
        uint256[] points; // two words each: log2 of the height n, z_n * omega_n^o
        uint256[] claims; // of each (point, k): a word of point, log2 k, log2 of k*n, used B_j; then k words B_j
        uint256[] openings; // of each (column, point), in mask order: point, row, column of the row
        uint256[] friRoots;
        uint256[] zetas;
        uint256[] last; // polynomial, low coefficient first
        uint256[] positions; // of the queries, rising
    }

    /// @dev Fields of a word of `Context.rows`: tree << 32 | log2 of the height << 16 | columns.
    uint256 internal constant ROW_TREE_BIT = 32;
    uint256 internal constant ROW_HEIGHT_BIT = 16;
    uint256 internal constant ROW_MASK = 0xffff;
    /// @dev Of the first word of a claim: point << 24 | log2 k << 16 | log2 of k*n << 8 | used B_j.
    uint256 internal constant CLAIM_POINT_BIT = 24;
    uint256 internal constant CLAIM_PACKING_BIT = 16;
    uint256 internal constant CLAIM_HEIGHT_BIT = 8;
    uint256 internal constant CLAIM_MASK = 0xff;
    /// @dev Of a word of `Context.openings`: point << 32 | row << 16 | column of the row.
    uint256 internal constant OPENING_POINT_BIT = 32;
    uint256 internal constant OPENING_ROW_BIT = 16;
    uint256 internal constant OPENING_MASK = 0xffff;

    /// @dev A context in one piece: its four words, then each array with its length. Coded by the ABI it would be copied
    /// word by word, three times.
    function pack(Context memory context) internal pure returns (bytes memory packed) {
        // Equivalent to abi.encodePacked of the words and, for each array, of its length and its words.
        assembly ("memory-safe") {
            packed := mload(0x40)
            let place := add(packed, 0x20)
            mcopy(place, context, 0x80)
            place := add(place, 0x80)
            let end := add(context, 0x1a0)
            for { let field := add(context, 0x80) } lt(field, end) { field := add(field, 0x20) } {
                let size := shl(5, add(1, mload(mload(field))))
                mcopy(place, mload(field), size)
                place := add(place, size)
            }
            mstore(packed, sub(sub(place, packed), 0x20))
            mstore(0x40, place)
        }
    }

    /// @dev What `pack` made; the arrays stay where they are in `packed`.
    function unpack(bytes memory packed) internal pure returns (Context memory context) {
        // Equivalent to reading the words and, for each array, its length and its words.
        assembly ("memory-safe") {
            let place := add(packed, 0x20)
            mcopy(context, place, 0x80)
            place := add(place, 0x80)
            let end := add(context, 0x1a0)
            for { let field := add(context, 0x80) } lt(field, end) { field := add(field, 0x20) } {
                mstore(field, place)
                place := add(place, shl(5, add(1, mload(place))))
            }
        }
    }
}
