// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Field, PRIME} from "./Field.sol";
import {QueryContext} from "./QueryContext.sol";
import {Words} from "./Words.sol";

/// @title The DEEP sum at a query: over points, (sum of lambda^i * p_i(Y) - B(Y)) / (Y^k - z_n * omega_n^o)
/// @dev Points are those of all trees: columns of one height n share their denominators whatever k is, and those of one
/// n and one k share B. What is the same at every query is written out once, as lists in memory.
library DeepSum {
    /// @dev Where the lists begin and end. An entry of
    ///     points: place of Y^k among the powers, PRIME - point, sum so far, first value of the sum
    ///     claims: place of Y, place of the point's sum, end of the B_j, the B_j
    ///     openings: place of the row's places, byte offset in the row, power of lambda, place of the point's sum
    struct Lists {
        uint256 points;
        uint256 pointsEnd;
        uint256 claims;
        uint256 claimsEnd;
        uint256 openings;
        uint256 openingsEnd;
    }

    uint256 private constant POINT_BYTES = 0x80;
    uint256 private constant OPENING_BYTES = 0x80;

    /// @dev `powers` will hold at each query the variable of every height, `places[row * n + i]` where in calldata the row
    /// of query i begins, of n queries.
    function expand(
        QueryContext.Context memory context,
        uint256[] memory powers,
        uint256[] memory places,
        uint256 n
    ) internal pure returns (Lists memory lists) {
        (lists.points, lists.pointsEnd) = expandPoints(context.points, powers);
        (lists.claims, lists.claimsEnd) = expandClaims(context.claims, powers, lists.points);
        (lists.openings, lists.openingsEnd) = expandOpenings(context, places, n, lists.points);
    }

    function expandPoints(uint256[] memory points, uint256[] memory powers)
        private
        pure
        returns (uint256 begin, uint256 end)
    {
        begin = end = Words.free();
        for (uint256 i = 0; i < points.length; i += 2) {
            Words.storeFour(end, Words.place(powers, points[i]), PRIME - points[i + 1], 0, 0);
            end += POINT_BYTES;
        }
        Words.allocateUntil(end);
    }

    /// @dev A B of one slot is a constant: it goes into the first value of the sum.
    function expandClaims(uint256[] memory claims, uint256[] memory powers, uint256 points)
        private
        pure
        returns (uint256 begin, uint256 end)
    {
        begin = end = Words.free();
        for (uint256 i = 0; i < claims.length;) {
            uint256 word = claims[i];
            uint256 size = word & QueryContext.CLAIM_MASK; // the slots of the fullest column
            uint256 point = points + POINT_BYTES * (word >> QueryContext.CLAIM_POINT_BIT);
            uint256 from = Words.place(claims, i + 1);
            if (size == 1) {
                subtractConstant(point, from);
            } else {
                uint256 claimsEnd = end + 0x60 + 32 * size;
                uint256 y = Words.place(powers, (word >> QueryContext.CLAIM_HEIGHT_BIT) & QueryContext.CLAIM_MASK);
                // Equivalent to: the entry is y, &point.sum, its end, and the B_j that lie from `from` on
                assembly ("memory-safe") {
                    mstore(end, y)
                    mstore(add(end, 0x20), add(point, 0x40))
                    mstore(add(end, 0x40), claimsEnd)
                    mcopy(add(end, 0x60), from, shl(5, size))
                }
                end = claimsEnd;
            }
            i += 1 + (1 << ((word >> QueryContext.CLAIM_PACKING_BIT) & QueryContext.CLAIM_MASK));
        }
        Words.allocateUntil(end);
    }

    /// @dev The first value of a point's sum, less the word at `from`.
    function subtractConstant(uint256 point, uint256 from) private pure {
        // Equivalent to: point.first -= *from; point.sum = point.first
        assembly ("memory-safe") {
            let first := addmod(mload(add(point, 0x60)), sub(PRIME, mload(from)), PRIME)
            mstore(add(point, 0x60), first)
            mstore(add(point, 0x40), first)
        }
    }

    /// @dev Powers of lambda count through all openings.
    function expandOpenings(QueryContext.Context memory context, uint256[] memory places, uint256 n, uint256 points)
        private
        pure
        returns (uint256 begin, uint256 end)
    {
        uint256[] memory openings = context.openings;
        uint256 lambda = context.lambda;
        uint256 power = 1;
        begin = end = Words.free();
        for (uint256 i = 0; i < openings.length; ++i) {
            uint256 word = openings[i];
            uint256 row = (word >> QueryContext.OPENING_ROW_BIT) & QueryContext.OPENING_MASK;
            uint256 sum = points + POINT_BYTES * (word >> QueryContext.OPENING_POINT_BIT) + 0x40;
            uint256 offset = 32 * (word & QueryContext.OPENING_MASK);
            Words.storeFour(end, Words.place(places, row * n), offset, power, sum);
            power = mulmod(power, lambda, PRIME);
            end += OPENING_BYTES;
        }
        Words.allocateUntil(end);
    }

    /// @dev Adds power * column of each opening to the sum of its point. `query` is 32 times the query's number. `bad` if
    /// a word is not below p: every word of a row is opened somewhere.
    function addOpenings(uint256 opening, uint256 end, uint256 query, uint256 prime) internal pure returns (bool bad) {
        // Equivalent to: for each opening: sum of its point += power * calldata word at places[query] + offset
        assembly ("memory-safe") {
            for {} lt(opening, end) { opening := add(opening, OPENING_BYTES) } {
                let value := calldataload(add(mload(add(opening, 0x20)), mload(add(mload(opening), query))))
                bad := or(bad, iszero(lt(value, prime)))
                let sum := mload(add(opening, 0x60))
                mstore(sum, addmod(mload(sum), mulmod(value, mload(add(opening, 0x40)), prime), prime))
            }
        }
    }

    /// @dev Subtracts each B(Y) from the sum of its point. Places in memory do not overflow.
    function subtractClaims(uint256 claim, uint256 end, uint256 prime) internal pure {
        unchecked {
            while (claim < end) {
                uint256 y = Words.load(Words.load(claim));
                uint256 sum = Words.load(claim + 0x20);
                uint256 claimEnd = Words.load(claim + 0x40);
                uint256 value = Field.horner(claim + 0x60, claimEnd, y, prime);
                // Equivalent to: sum += -value
                assembly ("memory-safe") {
                    mstore(sum, addmod(mload(sum), sub(prime, value), prime))
                }
                claim = claimEnd;
            }
        }
    }

    /// @dev The sum over points as a fraction; the sums begin anew.
    function takeFraction(uint256 point, uint256 end, uint256 prime)
        internal
        pure
        returns (uint256 numerator, uint256 denominator)
    {
        denominator = 1;
        // Equivalent to: for each point: numerator / denominator += sum / (Y^k - point); sum = first value
        assembly ("memory-safe") {
            for {} lt(point, end) { point := add(point, POINT_BYTES) } {
                let d := add(mload(mload(point)), mload(add(point, 0x20)))
                numerator :=
                    addmod(mulmod(numerator, d, prime), mulmod(denominator, mload(add(point, 0x40)), prime), prime)
                denominator := mulmod(denominator, d, prime)
                mstore(add(point, 0x40), mload(add(point, 0x60)))
            }
        }
    }
}
