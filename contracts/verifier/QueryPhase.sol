// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Field, PRIME} from "./Field.sol";
import {Layout} from "./Layout.sol";
import {Openings} from "./Openings.sol";

/// @title Steps 8 to 10 of the verification: openings, DEEP sums, folds, last polynomial
/// @dev Walks `verify_part` of `prover/stark/verifier.py` for some of the query positions.
library QueryPhase {
    using Layout for Layout.Group;

    /// @notice Step 10: the folded value at `position` is not the last polynomial's.
    error FoldMismatch(uint256 position);
    /// @notice Step 10: bytes that no step reads.
    error LeftOver(uint256 count);

    /// @dev All that the query phase reads. A proof in several transactions carries it along.
    /// `claimed` holds the B_j of each term, one after the other; `fact` is registered once all parts are checked.
    struct Context {
        bytes32 transcript;
        bytes32 fact;
        uint256[] logHeights;
        uint256[] roots;
        uint256[] friRoots;
        uint256 z;
        uint256 lambda;
        uint256[] zetas;
        uint256[] claimed;
        uint256[] last;
        uint256[] positions;
    }

    struct Settings {
        uint256 logBlowup;
        uint256 logArity;
        uint256 logLast;
        uint256 digestBytes;
    }

    /// @dev One point of one group: where it reads in the row of its height, with which powers of lambda.
    struct Term {
        uint256 row; // number of the opened rows it reads from
        uint256 logPhysical;
        uint256 logHeight;
        uint256 point;
        uint256[] columns; // byte offsets in the row
        uint256[] weights;
        uint256[] claimed;
    }

    struct Domain {
        uint256 logDegree;
        uint256 logSize;
        uint256[] roots;
        uint256[] inverseRoots;
    }

    /// @dev Positions `from` to `to` of the context, opened by `openings`.
    function checkPart(
        Context memory context,
        Layout.Group[] memory groups,
        Settings memory settings,
        uint256 from,
        uint256 to,
        bytes calldata openings
    ) internal view {
        Domain memory domain = makeDomain(groups, settings);
        uint256[] memory positions = new uint256[](to - from);
        for (uint256 i = from; i < to; ++i) positions[i - from] = context.positions[i];
        Openings.Reader memory reader = Openings.start(openings, settings.digestBytes);

        // 8. Openings of the trees, and the DEEP sum at each position
        Openings.Rows[] memory rows = openTrees(context, groups, settings, domain, positions, reader);
        Term[] memory terms = makeTerms(context, groups, domain, rows);
        uint256[] memory values = deepSums(terms, rows, domain, positions);

        // 9. FRI layers
        uint256 logSize = domain.logSize;
        for (uint256 layer = 0; layer < context.friRoots.length; ++layer) {
            uint256 arity = layerArity(domain.logDegree, settings, layer);
            values = foldLayer(context, domain, reader, positions, values, layer, arity, logSize);
            logSize -= arity;
        }

        // 10. Last polynomial
        uint256 shift = Field.domainShift(logSize);
        for (uint256 i = 0; i < positions.length; ++i) {
            uint256 x = Field.pointAt(shift, domain.roots, positions[i]);
            if (Field.evaluate(context.last, x) != values[i]) revert FoldMismatch(positions[i]);
        }
        uint256 left = Openings.left(reader);
        if (left != 0) revert LeftOver(left);
    }

    /// @dev log2 of H, the greatest physical height.
    function logDegree(Layout.Group[] memory groups) internal pure returns (uint256 best) {
        for (uint256 i = 0; i < groups.length; ++i) {
            if (groups[i].logPhysical() > best) best = groups[i].logPhysical();
        }
    }

    /// @dev How many FRI layers there are, and the binary folds of each.
    function layerCount(uint256 logDegree_, Settings memory settings) internal pure returns (uint256) {
        if (logDegree_ <= settings.logLast) return 0;
        return (logDegree_ - settings.logLast + settings.logArity - 1) / settings.logArity;
    }

    function layerArity(uint256 logDegree_, Settings memory settings, uint256 layer) internal pure returns (uint256) {
        uint256 remaining = logDegree_ - settings.logLast - layer * settings.logArity;
        return remaining < settings.logArity ? remaining : settings.logArity;
    }

    function makeDomain(Layout.Group[] memory groups, Settings memory settings) private view returns (Domain memory) {
        uint256 degree = logDegree(groups);
        uint256 size = degree + settings.logBlowup;
        return Domain(degree, size, Field.rootsOfUnity(size, false), Field.rootsOfUnity(size, true));
    }

    // --- 8. Openings and the DEEP sum

    /// @dev Opens every tree in order; `rows` has an entry for each (tree, physical height), falling.
    function openTrees(
        Context memory context,
        Layout.Group[] memory groups,
        Settings memory settings,
        Domain memory domain,
        uint256[] memory positions,
        Openings.Reader memory reader
    ) private pure returns (Openings.Rows[] memory rows) {
        rows = new Openings.Rows[](groups.length);
        uint256 count = 0;
        for (uint256 tree = 0; tree <= Layout.QUOTIENT; ++tree) {
            uint256 first = count;
            uint256 height = 64;
            while (true) {
                uint256 width;
                (height, width) = nextPhysical(groups, tree, height);
                if (width == 0) break;
                rows[count++] =
                    Openings.readRows(reader, tree, height, width, positions, domain.logDegree - height);
            }
            if (count == first) continue;
            Openings.checkRoot(reader, rows, first, count, settings.logBlowup, bytes32(context.roots[tree]));
        }
        assembly ("memory-safe") {
            mstore(rows, count)
        }
    }

    /// @dev The next smaller physical height of a tree and its row's width; width 0 if there is none.
    function nextPhysical(Layout.Group[] memory groups, uint256 tree, uint256 below)
        private
        pure
        returns (uint256 height, uint256 width)
    {
        for (uint256 i = 0; i < groups.length; ++i) {
            uint256 own = groups[i].logPhysical();
            if (groups[i].tree != tree || own >= below || own < height) continue;
            width = own == height ? width + groups[i].columns.length : groups[i].columns.length;
            height = own;
        }
    }

    /// @dev Terms in mask order: groups in order, rising offset; the power of lambda counts through all.
    function makeTerms(
        Context memory context,
        Layout.Group[] memory groups,
        Domain memory domain,
        Openings.Rows[] memory rows
    ) private view returns (Term[] memory terms) {
        terms = new Term[](countTerms(groups));
        uint256 count = 0;
        uint256 power = 1;
        uint256 claimed = 0;
        uint256[] memory zPowers = new uint256[](domain.logDegree + 1);
        zPowers[0] = context.z;
        for (uint256 i = 1; i <= domain.logDegree; ++i) zPowers[i] = Field.mul(zPowers[i - 1], zPowers[i - 1]);

        for (uint256 g = 0; g < groups.length; ++g) {
            Layout.Group memory group = groups[g];
            (uint256 row, uint256 first) = placeInRow(groups, g, rows);
            uint256 root = domain.roots[group.logHeight];
            // z_n * omega_n^o from the least offset up
            uint256 point = Field.mul(
                zPowers[domain.logDegree - group.logHeight],
                Field.pow(domain.inverseRoots[group.logHeight], uint256(-Layout.FIRST_OFFSET))
            );
            for (uint256 mask = group.mask; mask != 0; mask >>= 1) {
                if (mask & 1 != 0) {
                    Term memory term = terms[count];
                    term.row = row;
                    term.logPhysical = group.logPhysical();
                    term.logHeight = group.logHeight;
                    term.point = point;
                    uint256 bit = offsetBit(group.mask, mask);
                    (term.columns, term.weights, power) = weigh(group, bit, first, power, context.lambda);
                    term.claimed = new uint256[](1 << group.logPacking);
                    for (uint256 j = 0; j < term.claimed.length; ++j) term.claimed[j] = context.claimed[claimed++];
                    ++count;
                }
                point = Field.mul(point, root);
            }
        }
    }

    function countTerms(Layout.Group[] memory groups) private pure returns (uint256 count) {
        for (uint256 g = 0; g < groups.length; ++g) {
            for (uint256 mask = groups[g].mask; mask != 0; mask &= mask - 1) ++count;
        }
    }

    /// @dev `mask` is `whole` shifted right by the bit that is now lowest.
    function offsetBit(uint256 whole, uint256 mask) private pure returns (uint256 bit) {
        while ((whole >> bit) != mask) ++bit;
    }

    function weigh(Layout.Group memory group, uint256 bit, uint256 first, uint256 power, uint256 lambda)
        private
        pure
        returns (uint256[] memory columns, uint256[] memory weights, uint256)
    {
        columns = new uint256[](group.columns.length);
        weights = new uint256[](group.columns.length);
        uint256 used = 0;
        for (uint256 i = 0; i < group.columns.length; ++i) {
            if ((group.columns[i].mask >> bit) & 1 == 0) continue;
            columns[used] = 32 * (first + i);
            weights[used++] = power;
            power = Field.mul(power, lambda);
        }
        assembly ("memory-safe") {
            mstore(columns, used)
            mstore(weights, used)
        }
        return (columns, weights, power);
    }

    /// @dev Which opened rows a group stands in, and its first column there.
    function placeInRow(Layout.Group[] memory groups, uint256 number, Openings.Rows[] memory rows)
        private
        pure
        returns (uint256 row, uint256 first)
    {
        Layout.Group memory group = groups[number];
        for (uint256 i = 0; i < number; ++i) {
            if (groups[i].tree == group.tree && groups[i].logPhysical() == group.logPhysical()) {
                first += groups[i].columns.length;
            }
        }
        while (rows[row].tree != group.tree || rows[row].logHeight != group.logPhysical()) ++row;
    }

    /// @dev sum of (sum of weight * p(Y) - B(Y)) / (Y^k - point) at each position; one inversion for each position.
    function deepSums(
        Term[] memory terms,
        Openings.Rows[] memory rows,
        Domain memory domain,
        uint256[] memory positions
    ) private view returns (uint256[] memory sums) {
        sums = new uint256[](positions.length);
        uint256 shift = Field.domainShift(domain.logSize);
        uint256[] memory powers = new uint256[](domain.logDegree + 1);
        for (uint256 i = 0; i < positions.length; ++i) {
            fillPowers(powers, Field.pointAt(shift, domain.roots, positions[i]));
            uint256 numerator = 0;
            uint256 denominator = 1;
            for (uint256 t = 0; t < terms.length; ++t) {
                Term memory term = terms[t];
                uint256 d = Field.sub(powers[term.logHeight], term.point);
                uint256 n = Field.sub(
                    combine(Openings.rowAt(rows[term.row], i), term.columns, term.weights),
                    Field.evaluate(term.claimed, powers[term.logPhysical])
                );
                // n/d joins numerator/denominator
                numerator = addmod(mulmod(numerator, d, PRIME), mulmod(denominator, n, PRIME), PRIME);
                denominator = mulmod(denominator, d, PRIME);
            }
            sums[i] = Field.mul(numerator, Field.inverse(denominator));
        }
    }

    /// @dev powers[l] = x^(2^(logDegree - l)): the variable of a column of height 2^l.
    function fillPowers(uint256[] memory powers, uint256 x) private pure {
        assembly ("memory-safe") {
            for { let place := add(powers, shl(5, mload(powers))) } gt(place, powers) { place := sub(place, 0x20) } {
                mstore(place, x)
                x := mulmod(x, x, PRIME)
            }
        }
    }

    /// @dev sum of weight * column over a row in calldata
    function combine(uint256 place, uint256[] memory columns, uint256[] memory weights)
        private
        pure
        returns (uint256 sum)
    {
        // Equivalent to: for each i: sum += weights[i] * row[columns[i] / 32]
        assembly ("memory-safe") {
            let size := shl(5, mload(columns))
            for { let i := 0x20 } iszero(gt(i, size)) { i := add(i, 0x20) } {
                let value := calldataload(add(place, mload(add(columns, i))))
                sum := addmod(sum, mulmod(mload(add(weights, i)), value, PRIME), PRIME)
            }
        }
    }

    // --- 9. FRI layers

    /// @dev One layer: its touched leaves are checked against its root and folded; positions become leaf numbers.
    function foldLayer(
        Context memory context,
        Domain memory domain,
        Openings.Reader memory reader,
        uint256[] memory positions,
        uint256[] memory values,
        uint256 layer,
        uint256 arity,
        uint256 logSize
    ) private pure returns (uint256[] memory folded) {
        folded = new uint256[](positions.length);
        bytes32[] memory hashes = new bytes32[](positions.length);
        uint256[] memory leaf = new uint256[](1 << arity);
        uint256 inverseShift = Field.square(Field.INVERSE_GENERATOR, Field.LOG_LARGEST - logSize);
        uint256[] memory inverses = pairInverses(domain.inverseRoots, leaf.length);
        uint256 count = 0;
        for (uint256 i = 0; i < positions.length;) {
            uint256 number = positions[i] >> arity;
            i = Openings.readLeaf(reader, leaf, positions, values, i, number, arity);
            hashes[count] = Openings.hashLeaf(reader, leaf);
            uint256 inverseX = Field.pointAt(inverseShift, domain.inverseRoots, number << arity);
            folded[count] = foldLeaf(leaf, inverseX, inverses, context.zetas[layer]);
            positions[count++] = number;
        }
        assembly ("memory-safe") {
            mstore(folded, count)
            mstore(positions, count)
            mstore(hashes, count)
        }
        Openings.checkLayer(reader, positions, hashes, logSize - arity, bytes32(context.friRoots[layer]), layer);
    }

    /// @dev What place 2i of a leaf adds to the inverse of its first point, the same in every leaf and after each fold.
    function pairInverses(uint256[] memory inverseRoots, uint256 width)
        private
        pure
        returns (uint256[] memory inverses)
    {
        inverses = new uint256[](width / 2);
        for (uint256 i = 0; i < inverses.length; ++i) inverses[i] = Field.pointAt(1, inverseRoots, 2 * i);
    }

    /// @dev Binary folds f(x) + f(-x) + zeta * (f(x) - f(-x)) / x, the next with zeta^2 and so on, in place.
    /// `inverseX` belongs to the leaf's first place.
    function foldLeaf(uint256[] memory leaf, uint256 inverseX, uint256[] memory inverses, uint256 zeta)
        private
        pure
        returns (uint256 folded)
    {
        // Equivalent to: for width = length, length / 2 .. 2: for i < width / 2:
        //   leaf[i] = plus + minus + zeta * inverseX * inverses[i] * (plus - minus), plus = leaf[2i], minus = leaf[2i+1];
        //   zeta = zeta^2, inverseX = inverseX^2
        assembly ("memory-safe") {
            let first := add(leaf, 0x20)
            for { let half := shl(4, mload(leaf)) } gt(half, 0x10) { half := shr(1, half) } {
                let factor := mulmod(zeta, inverseX, PRIME)
                for { let i := 0 } lt(i, half) { i := add(i, 0x20) } {
                    let pair := add(first, shl(1, i))
                    let plus := mload(pair)
                    let minus := mload(add(pair, 0x20))
                    let odd := mulmod(factor, mload(add(add(inverses, 0x20), i)), PRIME)
                    odd := mulmod(odd, addmod(plus, sub(PRIME, minus), PRIME), PRIME)
                    mstore(add(first, i), addmod(addmod(plus, minus, PRIME), odd, PRIME))
                }
                zeta := mulmod(zeta, zeta, PRIME)
                inverseX := mulmod(inverseX, inverseX, PRIME)
            }
            folded := mload(first)
        }
    }
}
