// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Pedersen hashes from window tables in data contracts
/// @dev A hash adds 102 table points, one for each 5-bit window of both inputs (51 windows of 252 bits each, low bits
/// first). Window k's entry d is `offset_k` plus the points of the set bits of d; the offsets are
/// `(2^102 - 1) * S` for k = 0 and `-2^k * S` after it, S the shift point, so that they add to S. The multiple of S in
/// a partial sum is never that of the next entry nor its negative; an exceptional addition would therefore hand over a
/// logarithm relation among S and the four Pedersen points, which nobody knows. Tables: `prover/codegen/pedersen_tables.py`.
library PedersenHash {
    /// @notice The tables' content is not what this code was made for.
    error TablesRefused(bytes32 found);

    uint256 internal constant FIELD = 0x800000000000011000000000000000000000000000000000000000000000001;
    uint256 internal constant N_WINDOWS = 102;
    uint256 internal constant TABLE_BYTES = 102 * 32 * 64;
    /// @dev keccak of all tables, one after the other.
    bytes32 internal constant TABLES_HASH = 0x704006e11a0a22e3d394f392e73b7e80b10e8ba5b4dcd01282f24329a9d8314d;

    /// @dev All tables in memory; each data contract begins with a STOP byte.
    function load(address[] memory contracts) internal view returns (uint256 tables) {
        uint256 place;
        assembly ("memory-safe") {
            tables := mload(0x40)
            mstore(0x40, add(tables, TABLE_BYTES))
            place := tables
        }
        uint256 end = tables + TABLE_BYTES;
        for (uint256 i = 0; i < contracts.length; ++i) {
            address page = contracts[i];
            assembly ("memory-safe") {
                let size := extcodesize(page)
                if size { size := sub(size, 1) }
                if gt(add(place, size), end) { size := sub(end, place) }
                extcodecopy(page, place, 1, size)
                place := add(place, size)
            }
        }
    }

    /// @dev Reverts unless the contracts hold exactly the expected tables.
    function check(address[] memory contracts) internal view {
        uint256 tables = load(contracts);
        bytes32 found;
        assembly ("memory-safe") {
            found := keccak256(tables, TABLE_BYTES)
        }
        if (found != TABLES_HASH) revert TablesRefused(found);
    }

    /// @dev Whether h(left, right) is `expected`; inputs are below 2^252.
    function isHash(uint256 tables, uint256 left, uint256 right, uint256 expected) internal pure returns (bool matches) {
        // Equivalent to summing table[k][digit k] for k = 0 .. 101 by mixed projective addition (x = X/Z, y = Y/Z), then
        // comparing X with expected * Z; a zero Z is no match.
        assembly ("memory-safe") {
            let first := add(tables, shl(6, and(left, 31)))
            let X := mload(first)
            let Y := mload(add(first, 32))
            let Z := 1
            let word := shr(5, left)
            for { let k := 1 } lt(k, N_WINDOWS) { k := add(k, 1) } {
                if eq(k, 51) { word := right }
                let entry := add(add(tables, shl(11, k)), shl(6, and(word, 31)))
                word := shr(5, word)
                let bx := mload(entry)
                let by := mload(add(entry, 32))
                let bxz := mulmod(bx, Z, FIELD)
                let sN := addmod(Y, sub(FIELD, mulmod(by, Z, FIELD)), FIELD)
                let sD := addmod(X, sub(FIELD, bxz), FIELD)
                let square := mulmod(sD, sD, FIELD)
                let xN :=
                    addmod(
                        mulmod(mulmod(sN, sN, FIELD), Z, FIELD),
                        sub(FIELD, mulmod(square, addmod(X, bxz, FIELD), FIELD)),
                        FIELD
                    )
                let xD := mulmod(square, Z, FIELD)
                Z := mulmod(sD, xD, FIELD)
                Y :=
                    addmod(
                        mulmod(sN, addmod(mulmod(bx, xD, FIELD), sub(FIELD, xN), FIELD), FIELD),
                        sub(FIELD, mulmod(by, Z, FIELD)),
                        FIELD
                    )
                X := mulmod(xN, sD, FIELD)
            }
            matches := and(iszero(iszero(Z)), eq(X, mulmod(expected, Z, FIELD)))
        }
    }
}
