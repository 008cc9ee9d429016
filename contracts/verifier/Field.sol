// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PRIME} from "../curves/Prime.sol";

/// @title Arithmetic modulo the STARK prime, and its domains
/// @dev Domains and positions are those of `prover/stark/domains.py`. Leaves vectors and polynomials to their users.
library Field {
    /// @notice Prove again with other main columns: a challenge made a denominator zero.
    error ZeroHasNoInverse();

    uint256 internal constant GENERATOR = 3;
    /// @dev K: the evaluation domain of size 2^k is 3^(2^(K-k)) * H_k.
    uint256 internal constant LOG_LARGEST = 40;
    /// @dev The greatest size of an evaluation domain: query positions are 32-bit words.
    uint256 internal constant MAX_LOG_DOMAIN = 32;
    /// @dev omega_32 = 3^((p-1) / 2^32), and its inverse.
    uint256 private constant ROOT = 0x50732ed0be8ced2fea566de48221e1a719252eb81c43de5c129d0f1d3ce8992;
    uint256 private constant INVERSE_ROOT = 0x575e8504809d8da52c7629c1aeba9c87f51023a6eba097d68b16e90256c604a;

    function mul(uint256 a, uint256 b) internal pure returns (uint256) {
        return mulmod(a, b, PRIME);
    }

    function add(uint256 a, uint256 b) internal pure returns (uint256) {
        return addmod(a, b, PRIME);
    }

    /// @dev a - b; b is below PRIME.
    function sub(uint256 a, uint256 b) internal pure returns (uint256) {
        unchecked {
            return addmod(a, PRIME - b, PRIME);
        }
    }

    /// @dev 1 / a by the modexp precompile.
    function inverse(uint256 a) internal view returns (uint256 result) {
        // Equivalent to modexp(a, PRIME - 2, PRIME) with 32-byte operands.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 32)
            mstore(add(input, 32), 32)
            mstore(add(input, 64), 32)
            mstore(add(input, 96), a)
            mstore(add(input, 128), sub(PRIME, 2))
            mstore(add(input, 160), PRIME)
            if iszero(staticcall(gas(), 5, input, 192, 0, 32)) { revert(0, 0) }
            result := mload(0)
        }
        if (result == 0) revert ZeroHasNoInverse();
    }

    /// @dev base^(2^times); `times` is small.
    function square(uint256 base, uint256 times) internal pure returns (uint256) {
        // Equivalent to: base = base^2, `times` times.
        assembly ("memory-safe") {
            for {} times { times := sub(times, 1) } { base := mulmod(base, base, PRIME) }
        }
        return base;
    }

    /// @dev base^exponent for a small exponent.
    function power(uint256 base, uint256 exponent) internal pure returns (uint256 result) {
        result = 1;
        // Equivalent to: for each bit of the exponent, low first: if set: result = result * base; base = base^2
        assembly ("memory-safe") {
            for {} exponent { exponent := shr(1, exponent) } {
                if and(exponent, 1) { result := mulmod(result, base, PRIME) }
                base := mulmod(base, base, PRIME)
            }
        }
    }

    /// @dev roots[k] = omega_k, the canonical generator of the subgroup of order 2^k, for k up to 32.
    function rootsOfUnity() internal pure returns (uint256[] memory) {
        return towerOf(ROOT);
    }

    /// @dev 1 / omega_k.
    function inverseRootsOfUnity() internal pure returns (uint256[] memory) {
        return towerOf(INVERSE_ROOT);
    }

    function towerOf(uint256 root) private pure returns (uint256[] memory roots) {
        roots = new uint256[](MAX_LOG_DOMAIN + 1);
        // Equivalent to: for k from 32 down to 0: roots[k] = root; root = root^2
        assembly ("memory-safe") {
            for { let place := add(roots, 0x420) } gt(place, roots) { place := sub(place, 0x20) } {
                mstore(place, root)
                root := mulmod(root, root, PRIME)
            }
        }
    }

    /// @dev s_k of the evaluation domain of size 2^logSize.
    function domainShift(uint256 logSize) internal pure returns (uint256) {
        return square(GENERATOR, LOG_LARGEST - logSize);
    }

    /// @dev Products of roots, so that a point takes one multiplication for four bits of its position: word 16 * j + i is
    /// the product of roots[4 * j + b + 1] over the set bits b of i, for `nibbles` j.
    function nibbleProducts(uint256[] memory roots, uint256 nibbles) internal pure returns (uint256[] memory products) {
        products = new uint256[](16 * nibbles);
        // Equivalent to: for each j, b: words 16 * j + 2^b + i = word 16 * j + i times roots[4 * j + b + 1], for i < 2^b
        assembly ("memory-safe") {
            let root := add(roots, 0x40)
            let end := add(products, shl(9, nibbles))
            for { let first := add(products, 0x20) } lt(first, end) { first := add(first, 0x200) } {
                mstore(first, 1)
                for { let size := 0x20 } lt(size, 0x200) { size := shl(1, size) } {
                    for { let i := 0 } lt(i, size) { i := add(i, 0x20) } {
                        mstore(add(add(first, size), i), mulmod(mload(add(first, i)), mload(root), PRIME))
                    }
                    root := add(root, 0x20)
                }
            }
        }
    }

    /// @dev The point at a position of the domain with this shift. `prime` is PRIME.
    function pointAt(uint256 shift, uint256[] memory products, uint256 position, uint256 prime)
        internal
        pure
        returns (uint256 x)
    {
        x = shift;
        // Equivalent to: for each nibble j of position: x = x * products[16 * j + nibble]
        assembly ("memory-safe") {
            for { let table := add(products, 0x20) } position { table := add(table, 0x200) } {
                x := mulmod(x, mload(add(table, shl(5, and(position, 15)))), prime)
                position := shr(4, position)
            }
        }
    }

    /// @dev The product of roots[i+1] over the set bits i of `bits`.
    function bitProduct(uint256[] memory roots, uint256 bits) internal pure returns (uint256 product) {
        product = 1;
        for (uint256 i = 1; bits != 0; ++i) {
            if (bits & 1 != 0) product = mulmod(product, roots[i], PRIME);
            bits >>= 1;
        }
    }

    /// @dev The polynomial whose coefficients, all below p, lie in memory from `begin` to `end`, low first, at x, by
    /// Horner's rule. `prime` is PRIME (see `QueryPhase.Part`).
    function horner(uint256 begin, uint256 end, uint256 x, uint256 prime) internal pure returns (uint256 sum) {
        // Equivalent to: for each coefficient from the last on: sum = sum * x + coefficient; four at a time while there are.
        // Sums stay below 2p and are reduced by the next product.
        assembly ("memory-safe") {
            for {} gt(sub(end, begin), 0x60) {} {
                end := sub(end, 0x80)
                sum := add(mload(add(end, 0x60)), mulmod(sum, x, prime))
                sum := add(mload(add(end, 0x40)), mulmod(sum, x, prime))
                sum := add(mload(add(end, 0x20)), mulmod(sum, x, prime))
                sum := add(mload(end), mulmod(sum, x, prime))
            }
            for {} gt(end, begin) {} {
                end := sub(end, 0x20)
                sum := add(mload(end), mulmod(sum, x, prime))
            }
            sum := mod(sum, prime)
        }
    }
}
