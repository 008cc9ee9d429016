// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

uint256 constant PRIME = 0x800000000000011000000000000000000000000000000000000000000000001;

/// @title Arithmetic modulo the STARK prime, and its domains
/// @dev Domains and positions are those of `prover/stark/domains.py`. Leaves vectors and polynomials to their users.
library Field {
    /// @notice Zero has no inverse.
    error ZeroHasNoInverse();

    uint256 internal constant GENERATOR = 3;
    uint256 internal constant INVERSE_GENERATOR = 0x2aaaaaaaaaaaab0555555555555555555555555555555555555555555555556;
    /// @dev K: the evaluation domain of size 2^k is 3^(2^(K-k)) * H_k.
    uint256 internal constant LOG_LARGEST = 40;
    /// @dev The greatest size of an evaluation domain: query positions are 32-bit words.
    uint256 internal constant MAX_LOG_DOMAIN = 32;

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

    /// @dev base^exponent by the modexp precompile.
    function pow(uint256 base, uint256 exponent) internal view returns (uint256 result) {
        // Equivalent to modexp(base, exponent, PRIME) with 32-byte operands.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 32)
            mstore(add(input, 32), 32)
            mstore(add(input, 64), 32)
            mstore(add(input, 96), base)
            mstore(add(input, 128), exponent)
            mstore(add(input, 160), PRIME)
            if iszero(staticcall(gas(), 5, input, 192, 0, 32)) { revert(0, 0) }
            result := mload(0)
        }
    }

    function inverse(uint256 a) internal view returns (uint256 result) {
        result = pow(a, PRIME - 2);
        if (result == 0) revert ZeroHasNoInverse();
    }

    /// @dev base^(2^times)
    function square(uint256 base, uint256 times) internal pure returns (uint256) {
        for (uint256 i = 0; i < times; ++i) base = mulmod(base, base, PRIME);
        return base;
    }

    /// @dev roots[k] = omega_k, the canonical generator of the subgroup of order 2^k, for k up to `logLargest`.
    function rootsOfUnity(uint256 logLargest, bool inverted) internal view returns (uint256[] memory roots) {
        roots = new uint256[](logLargest + 1);
        uint256 root = pow(GENERATOR, (PRIME - 1) >> logLargest);
        if (inverted) root = inverse(root);
        for (uint256 k = logLargest + 1; k > 0; --k) {
            roots[k - 1] = root;
            root = mulmod(root, root, PRIME);
        }
    }

    /// @dev s_k of the evaluation domain of size 2^logSize.
    function domainShift(uint256 logSize) internal pure returns (uint256) {
        return square(GENERATOR, LOG_LARGEST - logSize);
    }

    /// @dev shift times omega_(i+1) for each set bit i of position: with the inverse roots, 1 / the point.
    function pointAt(uint256 shift, uint256[] memory roots, uint256 position) internal pure returns (uint256 x) {
        x = shift;
        // Equivalent to: for each bit i of position, if set: x = x * roots[i + 1]
        assembly ("memory-safe") {
            let place := add(roots, 0x40)
            for {} position { position := shr(1, position) } {
                if and(position, 1) { x := mulmod(x, mload(place), PRIME) }
                place := add(place, 0x20)
            }
        }
    }

    /// @dev Horner's rule from the low coefficient on.
    function evaluate(uint256[] memory coefficients, uint256 x) internal pure returns (uint256 sum) {
        // Equivalent to: for i from length - 1 down to 0: sum = sum * x + coefficients[i]; four at a time while there are.
        assembly ("memory-safe") {
            let first := add(coefficients, 0x20)
            let place := add(first, shl(5, mload(coefficients)))
            for {} gt(place, add(coefficients, 0x80)) {} {
                place := sub(place, 0x80)
                sum := addmod(mulmod(sum, x, PRIME), mload(add(place, 0x60)), PRIME)
                sum := addmod(mulmod(sum, x, PRIME), mload(add(place, 0x40)), PRIME)
                sum := addmod(mulmod(sum, x, PRIME), mload(add(place, 0x20)), PRIME)
                sum := addmod(mulmod(sum, x, PRIME), mload(place), PRIME)
            }
            for {} gt(place, first) {} {
                place := sub(place, 0x20)
                sum := addmod(mulmod(sum, x, PRIME), mload(place), PRIME)
            }
        }
    }
}
