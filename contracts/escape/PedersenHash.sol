// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Pedersen hashes from window tables in data contracts
/// @dev A hash is a sum of a point and 72 table points, one for each seven bits of the inputs. The bits are taken as signs, so
/// a window's table has 64 points and the others are their negatives. `prover/codegen/pedersen_tables.py` has the
/// equations and writes the tables. The sum begins with a point that holds the shift point S, and no table point does; a
/// sum that met a table point or its negative would therefore hand over a logarithm relation among S and the four Pedersen
/// points, which nobody knows. The addition leaves that case out: it gives z = 0, which stays and matches nothing.
library PedersenHash {
    /// @notice The tables' content is not what this code was made for.
    error TablesRefused(bytes32 found);

    uint256 internal constant TABLE_BYTES = 72 * 64 * 64;
    /// @dev keccak of all tables, one after the other.
    bytes32 internal constant TABLES_HASH = 0x9ed9fd154b6d626d43c8675d0262f13a449d8f988414b7d5215f1dd8e0e34299;
    /// @dev The tables' last word, of which the data contracts lack some bytes: twelve of them hold no more.
    uint256 internal constant LAST_WORD = 0x1f35bc701518966674304bc8428b000e4ee9aeefdf7b66d81b58a8f671bea0;
    /// @dev Where the sum begins.
    uint256 internal constant BEGIN_X = 0x2cb97a51da79b33e0b17c0cdf099dce5dbf62a7d1b4ce3b49eab5a892a6dfac;
    uint256 internal constant BEGIN_Y = 0x6332cd241e1b8586959b315dc8489da18f9539be622c07d4632f15a5af9057b;

    /// @dev The seventh bit of every window.
    uint256 private constant TOP_BITS = 0x810204081020408102040810204081020408102040810204081020408102040;

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
        assembly ("memory-safe") {
            mstore(sub(end, 32), LAST_WORD)
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

    /// @dev Four words of memory for each hash to check: left, right, expected, PRIME; inputs are below 2^252. Returns the
    /// number of the first that does not hold, or their count. The field is read from memory because the compiler would
    /// compute a constant anew at each use, for eight times the gas.
    function firstWrong(uint256 tables, uint256[4][] memory hashes) internal pure returns (uint256) {
        for (uint256 i = 0; i < hashes.length; ++i) if (!isHash(tables, hashes[i])) return i;
        return hashes.length;
    }

    /// @dev Whether h(left, right) is as expected.
    function isHash(uint256 tables, uint256[4] memory hash) private pure returns (bool matches) {
        // Equivalent to adding the table points of both inputs, seven bits at a time from the low ones on, to (BEGIN_X,
        // BEGIN_Y), then comparing x with `expected`: mixed addition of (x', y') to x = X / ZZ, y = -N / ZZZ with
        // ZZ^3 = ZZZ^2. With h = X - x' ZZ and R = y' ZZZ + N: X becomes R^2 + h^3 - 2 X h^2, N becomes
        // R (X_new - X h^2) + N h^3, ZZ becomes ZZ h^2. W is ZZZ but for its sign, W h^3: it turns with every window, so
        // odd windows' tables hold -y. Tables hold -x throughout. Products are reduced, sums are not: X stays below 4
        // fields, N below 2, and what feeds a product below 5.
        assembly ("memory-safe") {
            let p := mload(add(hash, 96))
            let X := BEGIN_X
            let N := sub(p, BEGIN_Y)
            let ZZ := 1
            let W := 1
            let table := tables
            for { let input := hash } lt(input, add(hash, 64)) { input := add(input, 32) } {
                // A window's top bit is turned; where it is then set, the entry of the other six bits' complement is
                // negated. A one beyond the last window ends the loop.
                let bits := xor(mload(input), TOP_BITS)
                bits := or(xor(bits, mul(shr(6, and(bits, TOP_BITS)), 63)), shl(252, 1))
                for {} sub(bits, 1) { bits := shr(7, bits) } {
                    let h := add(table, shl(6, and(bits, 63)))
                    let R := mulmod(mload(add(h, 32)), W, p)
                    if and(bits, 64) { R := sub(p, R) }
                    R := add(R, N)
                    h := add(X, mulmod(mload(h), ZZ, p))
                    let power := mulmod(h, h, p)
                    ZZ := mulmod(ZZ, power, p)
                    let minusV := sub(p, mulmod(X, power, p))
                    power := mulmod(h, power, p)
                    W := mulmod(W, power, p)
                    X := add(add(mulmod(R, R, p), power), shl(1, minusV))
                    N := add(mulmod(R, add(X, minusV), p), mulmod(N, power, p))
                    table := add(table, 4096)
                }
            }
            matches := and(iszero(iszero(ZZ)), eq(mod(X, p), mulmod(mload(add(hash, 64)), ZZ, p)))
        }
    }
}
