// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PRIME} from "./Prime.sol";

/// @title ECDSA on the Stark curve y^2 = x^3 + x + beta
/// @dev Points are Jacobian (x/z^2, y/z^3); z = 0 is infinity. Additions are complete: equal points are doubled,
/// opposite ones give infinity. Coordinates are reduced; sums and
/// multiples up to eight that only feed a product are not, for the field is below 2^252. Messages, r and 1/s have the
/// published bounds, and r is compared without reduction.
library StarkCurve {
    /// @notice x is on no point of the curve, or the given y is not its.
    error NotOnCurve(uint256 x);
    /// @notice A signature word is out of its range: 0 the message, 1 r, 2 s, 3 1/s.
    error SignatureOutOfRange(uint256 which, uint256 word);
    error SignatureRefused();

    uint256 internal constant BETA = 0x6f21413efbe40de150e596d72f7a8c5609ad26c15c915c1f4cdfcb99cee9e89;
    uint256 internal constant ORDER = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2f;
    uint256 private constant GX = 0x1ef15c18599971b7beced415a40f0c7deacfd9b0d1819e03d723d8bc943cfca;
    uint256 private constant GY = 0x5668060aa49730b7be4801df46ec62de53ecd11abe43a32873000c36e8dc1f;
    uint256 private constant UPPER = 1 << 251;

    /// @notice Whether some point has this x: Euler's criterion. None has y = 0, for the group's order is odd.
    function isOnCurve(uint256 x) internal view returns (bool) {
        return pow(curve(x), (PRIME - 1) / 2, PRIME) == 1;
    }

    /// @notice Comes back if (r, s) is a signature of `message`, below ORDER, under the point (x, y).
    function verify(uint256 message, uint256 r, uint256 s, uint256 x, uint256 y) internal view {
        if (s == 0 || s >= ORDER) revert SignatureOutOfRange(2, s);
        if (r == 0 || r >= UPPER) revert SignatureOutOfRange(1, r);
        uint256 w = pow(s, ORDER - 2, ORDER);
        if (w >= UPPER) revert SignatureOutOfRange(3, w);
        if (mulmod(y, y, PRIME) != curve(x) || y >= PRIME) revert NotOnCurve(x);

        (uint256 sumX,, uint256 sumZ) = doubleMultiply(mulmod(w, message, ORDER), mulmod(w, r, ORDER), x, y);
        bool matches = sumZ != 0 && sumX == mulmod(r, mulmod(sumZ, sumZ, PRIME), PRIME);
        if (!matches) revert SignatureRefused();
    }

    /// @dev a*G + b*(x, y), bit by bit for both at once; G + (x, y) is made affine first.
    function doubleMultiply(uint256 a, uint256 b, uint256 x, uint256 y)
        private
        view
        returns (uint256 X, uint256 Y, uint256 Z)
    {
        (uint256 bothX, uint256 bothY, uint256 bothZ) = add(GX, GY, 1, x, y);
        if (bothZ != 0) (bothX, bothY) = affine(bothX, bothY, bothZ);
        (X, Y, Z) = (0, 1, 0);
        uint256 either = a | b;
        for (uint256 bit = 1 << 251; bit > 0; bit >>= 1) {
            (X, Y, Z) = double(X, Y, Z);
            if (either & bit == 0) continue;
            if (b & bit == 0) (X, Y, Z) = add(X, Y, Z, GX, GY);
            else if (a & bit == 0) (X, Y, Z) = add(X, Y, Z, x, y);
            else if (bothZ != 0) (X, Y, Z) = add(X, Y, Z, bothX, bothY);
        }
    }

    /// @dev 2 * (X, Y, Z). Infinity stays: z becomes 2yz. No point has y = 0, for the order is odd.
    function double(uint256 X, uint256 Y, uint256 Z) private pure returns (uint256, uint256, uint256) {
        unchecked {
            uint256 yy = mulmod(Y, Y, PRIME);
            uint256 s = mulmod(X << 2, yy, PRIME);
            uint256 zz = mulmod(Z, Z, PRIME);
            uint256 m = addmod(mulmod(3 * X, X, PRIME), mulmod(zz, zz, PRIME), PRIME);
            Z = mulmod(Y << 1, Z, PRIME);
            X = addmod(mulmod(m, m, PRIME), (PRIME - s) << 1, PRIME);
            Y = addmod(mulmod(m, s + PRIME - X, PRIME), PRIME - mulmod(yy << 3, yy, PRIME), PRIME);
            return (X, Y, Z);
        }
    }

    /// @dev (X, Y, Z) + (x, y), the latter affine.
    function add(uint256 X, uint256 Y, uint256 Z, uint256 x, uint256 y)
        private
        pure
        returns (uint256, uint256, uint256)
    {
        if (Z == 0) return (x, y, 1);
        unchecked {
            uint256 zz = mulmod(Z, Z, PRIME);
            uint256 h = addmod(mulmod(x, zz, PRIME), PRIME - X, PRIME);
            uint256 rise = addmod(mulmod(y, mulmod(Z, zz, PRIME), PRIME), PRIME - Y, PRIME);
            if (h == 0) return rise == 0 ? double(X, Y, Z) : (0, 1, 0);
            uint256 hh = mulmod(h, h, PRIME);
            uint256 hhh = mulmod(h, hh, PRIME);
            uint256 v = mulmod(X, hh, PRIME);
            X = addmod(mulmod(rise, rise, PRIME), (PRIME << 2) - hhh - (v << 1), PRIME);
            Y = addmod(mulmod(rise, v + PRIME - X, PRIME), PRIME - mulmod(Y, hhh, PRIME), PRIME);
            return (X, Y, mulmod(Z, h, PRIME));
        }
    }

    /// @dev z is not 0.
    function affine(uint256 X, uint256 Y, uint256 Z) private view returns (uint256 x, uint256 y) {
        uint256 inverse = pow(Z, PRIME - 2, PRIME);
        uint256 square = mulmod(inverse, inverse, PRIME);
        x = mulmod(X, square, PRIME);
        y = mulmod(Y, mulmod(inverse, square, PRIME), PRIME);
    }

    /// @dev x^3 + x + beta
    function curve(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, PRIME), x, PRIME), addmod(x, BETA, PRIME), PRIME);
    }

    function pow(uint256 base, uint256 exponent, uint256 modulus) private view returns (uint256 result) {
        // Equivalent to modexp(base, exponent, modulus) with 32-byte operands.
        assembly ("memory-safe") {
            let input := mload(0x40)
            mstore(input, 32)
            mstore(add(input, 32), 32)
            mstore(add(input, 64), 32)
            mstore(add(input, 96), base)
            mstore(add(input, 128), exponent)
            mstore(add(input, 160), modulus)
            if iszero(staticcall(gas(), 5, input, 192, 0, 32)) { revert(0, 0) }
            result := mload(0)
        }
    }
}
