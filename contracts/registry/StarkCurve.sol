// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title ECDSA on the Stark curve y^2 = x^3 + x + beta
/// @dev Points are Jacobian (x/z^2, y/z^3); z = 0 is infinity. Additions are complete: equal points are doubled,
/// opposite ones give infinity. Messages, r and 1/s have the published bounds, and r is compared without reduction.
library StarkCurve {
    /// @notice x is on no point of the curve, or the given y is not its.
    error NotOnCurve(uint256 x);
    /// @notice A signature word is out of its range: 0 the message, 1 r, 2 s, 3 1/s.
    error SignatureOutOfRange(uint256 which, uint256 word);
    error SignatureRefused();

    uint256 internal constant FIELD = 0x800000000000011000000000000000000000000000000000000000000000001;
    uint256 internal constant BETA = 0x6f21413efbe40de150e596d72f7a8c5609ad26c15c915c1f4cdfcb99cee9e89;
    uint256 internal constant ORDER = 0x800000000000010ffffffffffffffffb781126dcae7b2321e66a241adc64d2f;
    uint256 private constant GX = 0x1ef15c18599971b7beced415a40f0c7deacfd9b0d1819e03d723d8bc943cfca;
    uint256 private constant GY = 0x5668060aa49730b7be4801df46ec62de53ecd11abe43a32873000c36e8dc1f;
    uint256 private constant UPPER = 1 << 251;

    struct Point {
        uint256 x;
        uint256 y;
        uint256 z;
    }

    /// @notice Whether some point has this x: Euler's criterion.
    function isOnCurve(uint256 x) internal view returns (bool) {
        uint256 right = curve(x);
        return right == 0 || pow(right, (FIELD - 1) / 2, FIELD) == 1;
    }

    /// @notice Comes back if (r, s) is a signature of `message` under the point (x, y).
    function verify(uint256 message, uint256 r, uint256 s, uint256 x, uint256 y) internal view {
        if (message >= ORDER) revert SignatureOutOfRange(0, message);
        if (s == 0 || s >= ORDER) revert SignatureOutOfRange(2, s);
        if (r == 0 || r >= UPPER) revert SignatureOutOfRange(1, r);
        uint256 w = pow(s, ORDER - 2, ORDER);
        if (w >= UPPER) revert SignatureOutOfRange(3, w);
        if (mulmod(y, y, FIELD) != curve(x) || y >= FIELD) revert NotOnCurve(x);

        Point memory sum = doubleMultiply(mulmod(w, message, ORDER), mulmod(w, r, ORDER), x, y);
        bool matches = sum.z != 0 && sum.x == mulmod(r, mulmod(sum.z, sum.z, FIELD), FIELD);
        if (!matches) revert SignatureRefused();
    }

    /// @dev a*G + b*(x, y), bit by bit for both at once.
    function doubleMultiply(uint256 a, uint256 b, uint256 x, uint256 y) private pure returns (Point memory sum) {
        Point memory both = add(Point(GX, GY, 1), x, y, 1);
        for (uint256 bit = 252; bit > 0; --bit) {
            sum = double(sum);
            uint256 which = ((a >> (bit - 1)) & 1) | (((b >> (bit - 1)) & 1) << 1);
            if (which == 1) sum = add(sum, GX, GY, 1);
            else if (which == 2) sum = add(sum, x, y, 1);
            else if (which == 3) sum = add(sum, both.x, both.y, both.z);
        }
    }

    function double(Point memory p) private pure returns (Point memory) {
        if (p.z == 0) return p; // no point has y = 0: the order is odd
        unchecked {
            uint256 yy = mulmod(p.y, p.y, FIELD);
            uint256 s = mulmod(4, mulmod(p.x, yy, FIELD), FIELD);
            uint256 zz = mulmod(p.z, p.z, FIELD);
            uint256 m = addmod(mulmod(3, mulmod(p.x, p.x, FIELD), FIELD), mulmod(zz, zz, FIELD), FIELD);
            uint256 x = addmod(mulmod(m, m, FIELD), FIELD - addmod(s, s, FIELD), FIELD);
            uint256 y = addmod(
                mulmod(m, addmod(s, FIELD - x, FIELD), FIELD), FIELD - mulmod(8, mulmod(yy, yy, FIELD), FIELD), FIELD
            );
            return Point(x, y, mulmod(2, mulmod(p.y, p.z, FIELD), FIELD));
        }
    }

    function add(Point memory p, uint256 x, uint256 y, uint256 z) private pure returns (Point memory) {
        if (p.z == 0) return Point(x, y, z);
        if (z == 0) return p;
        unchecked {
            uint256 pzz = mulmod(p.z, p.z, FIELD);
            uint256 qzz = mulmod(z, z, FIELD);
            uint256 u = mulmod(p.x, qzz, FIELD);
            uint256 h = addmod(mulmod(x, pzz, FIELD), FIELD - u, FIELD);
            uint256 s = mulmod(p.y, mulmod(z, qzz, FIELD), FIELD);
            uint256 rise = addmod(mulmod(y, mulmod(p.z, pzz, FIELD), FIELD), FIELD - s, FIELD);
            if (h == 0) return rise == 0 ? double(p) : Point(0, 0, 0);
            uint256 hh = mulmod(h, h, FIELD);
            uint256 hhh = mulmod(h, hh, FIELD);
            uint256 v = mulmod(u, hh, FIELD);
            uint256 sumX = addmod(mulmod(rise, rise, FIELD), FIELD - addmod(hhh, addmod(v, v, FIELD), FIELD), FIELD);
            uint256 sumY =
                addmod(mulmod(rise, addmod(v, FIELD - sumX, FIELD), FIELD), FIELD - mulmod(s, hhh, FIELD), FIELD);
            return Point(sumX, sumY, mulmod(h, mulmod(p.z, z, FIELD), FIELD));
        }
    }

    /// @dev x^3 + x + beta
    function curve(uint256 x) private pure returns (uint256) {
        return addmod(mulmod(mulmod(x, x, FIELD), x, FIELD), addmod(x, BETA, FIELD), FIELD);
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
