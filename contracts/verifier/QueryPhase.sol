// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {DeepSum} from "./DeepSum.sol";
import {Field, PRIME} from "./Field.sol";
import {Openings} from "./Openings.sol";
import {layerArity} from "./ProofParameters.sol";
import {QueryContext} from "./QueryContext.sol";
import {Words} from "./Words.sol";

/// @title Steps 7 to 9 of the verification: openings, DEEP sums, folds, last polynomial
/// @dev Walks `verify_part` of `prover/stark/verifier.py` for some of the query positions. Knows no shape: which rows
/// are opened and what is summed stands in the context, as `Layout.sol` and `HeaderVerifier.sol` made it.
library QueryPhase {
    /// @notice Step 7 or 8: send the part as the prover wrote it; a word that is not below the prime was opened at this
    /// query position, or in the touched leaf of this number.
    error OpenedWordNotBelowPrime(uint256 position);
    /// @notice Step 9: prove again, by an honest prover; the layers fold to `folded` at `position`, where the last
    /// polynomial has `expected`.
    error FoldMismatch(uint256 position, uint256 folded, uint256 expected);
    /// @notice The end: send the part without the `count` bytes behind it.
    error LeftOver(uint256 count);

    /// @dev Those of the parameters that these steps read.
    struct Settings {
        uint256 logBlowup;
        uint256 logArity;
        uint256 logLast;
        uint256 digestBytes;
    }

    /// @dev A node of a FRI layer: position, value, inverse of the point, point of the last domain.
    uint256 private constant NODE_BYTES = 0x80;

    /// @dev What the steps for one part hand to each other: in memory, because the compiler inlines the steps and would
    /// else keep the variables of their innermost loops there.
    struct Part {
        QueryContext.Context context;
        Settings settings;
        Openings.Reader reader;
        uint256[] positions;
        uint256 prime; // PRIME: the compiler spells a long constant out anew, in 20 gas, wherever one stands
        uint256 meet; // so many layers above the largest domain no two positions are siblings
        uint256[] places; // places[row * n + i]: where in calldata the row of query i begins
        uint256[] powers; // powers[l] = x^(2^(logDegree - l)): the variable of a column of height 2^l at the query
        DeepSum.Lists lists;
        uint256 fractions; // see `divide`
        uint256 product;
        uint256 nodes;
        uint256 count;
        uint256 logSize; // log2 of the size of the domain that the nodes are in
        uint256 leaf; // room for one
        uint256[] products; // of omega_(j+1) over the set bits j of i, for the places i of a leaf
        uint256[] pairInverses; // one over that of 2i: what place 2i adds to the inverse of the leaf's first point
    }

    /// @dev Positions `from` to `to` of the context, opened by `openings`.
    function checkPart(
        QueryContext.Context memory context,
        Settings memory settings,
        uint256 from,
        uint256 to,
        bytes calldata openings
    ) internal view {
        Part memory part;
        part.context = context;
        part.settings = settings;
        part.prime = PRIME;
        part.reader = Openings.start(openings, settings.digestBytes);
        part.positions = slice(context.positions, from, to);
        part.meet = Openings.meetingLayer(part.positions);
        part.count = part.positions.length;
        part.logSize = context.logDegree + settings.logBlowup;

        // 7. Openings of the trees, and the DEEP sum at each position
        openTrees(part);
        sumTerms(part);

        // 8. FRI layers
        prepareFolds(part);
        for (uint256 layer = 0; layer < part.context.friRoots.length; ++layer) foldLayer(part, layer);

        // 9. Last polynomial
        checkLast(part);
        uint256 left = part.reader.end - part.reader.place;
        if (left != 0) revert LeftOver(left);
    }

    function slice(uint256[] memory words, uint256 from, uint256 to) private pure returns (uint256[] memory copy) {
        copy = new uint256[](to - from);
        for (uint256 i = from; i < to; ++i) copy[i - from] = words[i];
    }

    // --- 7. Openings and the DEEP sum

    /// @dev Opens every tree, in order, against its root.
    function openTrees(Part memory part) private pure {
        uint256[] memory rows = part.context.rows;
        part.places = new uint256[](rows.length * part.count);
        for (uint256 first = 0; first < rows.length;) {
            uint256 tree = rows[first] >> QueryContext.ROW_TREE_BIT;
            uint256 last = first + 1;
            while (last < rows.length && rows[last] >> QueryContext.ROW_TREE_BIT == tree) ++last;
            openTree(part, first, last);
            first = last;
        }
    }

    /// @dev The rows `first` to `last` are those of one tree; the first, of the greatest height, are its leaves.
    function openTree(Part memory part, uint256 first, uint256 last) private pure {
        uint256[] memory queues = new uint256[](last - first);
        uint256 count = readRows(part, first, queues[0] = Openings.newQueue(part.count));
        for (uint256 row = first + 1; row < last; ++row) {
            readRows(part, row, queues[row - first] = Openings.newQueue(part.count));
        }
        uint256 logSize = heightOf(part, first);
        for (uint256 row = first + 1; row < last; ++row) {
            uint256 target = heightOf(part, row);
            count = climb(part, queues[0], count, logSize, logSize - target - 1);
            count = Openings.climbLayer(part.reader, queues[0], count, queues[row - first]);
            logSize = target;
        }
        climb(part, queues[0], count, logSize, logSize);
        uint256 tree = part.context.rows[first] >> QueryContext.ROW_TREE_BIT;
        Openings.checkRoot(queues[0], part.context.roots[tree], tree);
    }

    /// @dev `layers` up from the layer of 2^logSize nodes.
    function climb(Part memory part, uint256 queue, uint256 count, uint256 logSize, uint256 layers)
        private
        pure
        returns (uint256)
    {
        uint256 above = part.context.logDegree + part.settings.logBlowup - logSize;
        uint256 alone = part.meet > above ? part.meet - above : 0;
        return Openings.climb(part.reader, queue, count, layers, alone);
    }

    function readRows(Part memory part, uint256 row, uint256 queue) private pure returns (uint256 count) {
        uint256 shift = part.context.logDegree + part.settings.logBlowup - heightOf(part, row);
        uint256 rowBytes = 32 * (part.context.rows[row] & QueryContext.ROW_MASK);
        uint256 places = Words.place(part.places, row * part.count);
        return Openings.readRows(part.reader, part.positions, shift, rowBytes, queue, places);
    }

    /// @dev log2 of the size of the evaluation domain of a row's physical height.
    function heightOf(Part memory part, uint256 row) private pure returns (uint256) {
        return ((part.context.rows[row] >> QueryContext.ROW_HEIGHT_BIT) & QueryContext.ROW_MASK) + part.settings.logBlowup;
    }

    /// @dev The DEEP sum at each position; `part.nodes` becomes the nodes of layer 0. One inversion for all.
    function sumTerms(Part memory part) private view {
        QueryContext.Context memory context = part.context;
        part.powers = new uint256[](context.logDegree + 1);
        part.lists = DeepSum.expand(context, part.powers, part.places, part.count);
        part.nodes = Words.place(new uint256[](4 * part.count), 0);
        part.fractions = Words.place(new uint256[](4 * part.count), 0);
        part.product = 1;
        uint256[] memory products = Field.nibbleProducts(Field.rootsOfUnity(), (part.logSize + 3) / 4);
        uint256 shift = Field.domainShift(part.logSize);
        for (uint256 i = 0; i < part.count; ++i) {
            uint256 x = Field.pointAt(shift, products, part.positions[i], part.prime);
            fillPowers(part.powers, x, part.prime);
            if (DeepSum.addOpenings(part.lists.openings, part.lists.openingsEnd, 32 * i, part.prime)) {
                revert OpenedWordNotBelowPrime(part.positions[i]);
            }
            DeepSum.subtractClaims(part.lists.claims, part.lists.claimsEnd, part.prime);
            storeFraction(part, i);
        }
        divide(part.fractions, part.nodes, part.count, Field.inverse(part.product), part.prime);
    }

    function fillPowers(uint256[] memory powers, uint256 x, uint256 prime) private pure {
        // Equivalent to: for l from logDegree down to 0: powers[l] = x; x = x^2
        assembly ("memory-safe") {
            for { let place := add(powers, shl(5, mload(powers))) } gt(place, powers) { place := sub(place, 0x20) } {
                mstore(place, x)
                x := mulmod(x, x, prime)
            }
        }
    }

    /// @dev The DEEP sum at query i as a fraction, for `divide`; and what else the query's node holds.
    function storeFraction(Part memory part, uint256 i) private pure {
        (uint256 numerator, uint256 denominator) =
            DeepSum.takeFraction(part.lists.points, part.lists.pointsEnd, part.prime);
        uint256 x = part.powers[part.context.logDegree];
        uint256 last = logLast(part);
        Words.storeFour(part.fractions + i * NODE_BYTES, numerator, denominator, x, part.product);
        Words.storeFour(part.nodes + i * NODE_BYTES, part.positions[i], 0, 0, part.powers[last]);
        part.product = mulmod(part.product, mulmod(denominator, x, PRIME), PRIME);
    }

    /// @dev log2 of the bound of the last polynomial's degree.
    function logLast(Part memory part) private pure returns (uint256) {
        uint256 degree = part.context.logDegree;
        return degree < part.settings.logLast ? degree : part.settings.logLast;
    }

    /// @dev Gives each node its value and the inverse of its point. `fractions` holds for each numerator, denominator,
    /// point x, and the product of denominator * x of all before it; `inverse` is that of the whole product.
    function divide(uint256 fractions, uint256 nodes, uint256 count, uint256 inverse, uint256 prime) private pure {
        // Equivalent to: for i from count - 1 down to 0: own = inverse * before; node.value = numerator * own * x;
        // node.inversePoint = own * denominator; inverse = inverse * denominator * x
        assembly ("memory-safe") {
            for { let at := shl(7, count) } at {} {
                at := sub(at, NODE_BYTES)
                let fraction := add(fractions, at)
                let denominator := mload(add(fraction, 0x20))
                let x := mload(add(fraction, 0x40))
                let own := mulmod(inverse, mload(add(fraction, 0x60)), prime)
                mstore(add(add(nodes, at), 0x20), mulmod(mload(fraction), mulmod(own, x, prime), prime))
                mstore(add(add(nodes, at), 0x40), mulmod(own, denominator, prime))
                inverse := mulmod(inverse, mulmod(denominator, x, prime), prime)
            }
        }
    }

    // --- 8. FRI layers

    function prepareFolds(Part memory part) private pure {
        uint256 arity = part.settings.logArity;
        part.leaf = Words.place(new uint256[](1 << arity), 0);
        part.products = bitProducts(Field.rootsOfUnity(), 1 << arity, 1);
        part.pairInverses = bitProducts(Field.inverseRootsOfUnity(), 1 << (arity - 1), 2);
    }

    /// @dev words[i] = product of roots[j+1] over the set bits j of i * step.
    function bitProducts(uint256[] memory roots, uint256 count, uint256 step)
        private
        pure
        returns (uint256[] memory words)
    {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) words[i] = Field.bitProduct(roots, i * step);
    }

    /// @dev One layer: its touched leaves are checked against its root, and each becomes a node of the next layer.
    function foldLayer(Part memory part, uint256 layer) private pure {
        Settings memory s = part.settings;
        uint256 arity = layerArity(part.context.logDegree, s.logArity, s.logLast, layer);
        uint256 queue = Openings.newQueue(part.count);
        uint256 count = foldLeaves(part, arity, part.context.zetas[layer], queue);
        part.count = count;
        part.logSize -= arity;
        climb(part, queue, count, part.logSize, part.logSize);
        Openings.checkRoot(queue, part.context.friRoots[layer], Openings.FIRST_LAYER + layer);
    }

    /// @dev Reads, hashes into the queue, and folds the leaves of all nodes; returns their number.
    function foldLeaves(Part memory part, uint256 arity, uint256 zeta, uint256 queue) private pure returns (uint256 count) {
        uint256 node = part.nodes;
        uint256 end = node + part.count * NODE_BYTES;
        while (node < end) {
            uint256 first = node;
            node = readLeaf(part, arity, node, end);
            Openings.hashLeaf(part.reader, part.leaf, arity, queue + count * Openings.NODE_BYTES, first);
            bool bad = foldLeaf(part, arity, zeta, first, part.nodes + count * NODE_BYTES);
            if (bad) revert OpenedWordNotBelowPrime(count);
            ++count;
        }
    }

    /// @dev Fills the leaf of `node` with the values of all nodes in it and with those of the proof. Returns the first
    /// node that is not in it.
    function readLeaf(Part memory part, uint256 arity, uint256 node, uint256 end) private pure returns (uint256) {
        uint256 leaf = part.leaf;
        uint256 place = part.reader.place;
        // Equivalent to: for each place of the leaf: if it is the next node's position, its value; else the next word
        assembly ("memory-safe") {
            let leafNumber := shr(arity, mload(node))
            let lowBits := sub(shl(arity, 1), 1)
            let next := leaf
            for {} lt(node, end) { node := add(node, NODE_BYTES) } {
                let position := mload(node)
                if iszero(eq(shr(arity, position), leafNumber)) { break }
                let own := add(leaf, shl(5, and(position, lowBits)))
                calldatacopy(next, place, sub(own, next))
                place := add(place, sub(own, next))
                mstore(own, mload(add(node, 0x20)))
                next := add(own, 0x20)
            }
            let rest := sub(add(leaf, shl(arity, 0x20)), next)
            calldatacopy(next, place, rest)
            place := add(place, rest)
        }
        Openings.moveTo(part.reader, place);
        return node;
    }

    /// @dev Binary folds f(x) + f(-x) + zeta * (f(x) - f(-x)) / x, the next with zeta^2 and so on, in place. Place i of
    /// the leaf holds f at the leaf's first point times the product of omega_(j+1) over the set bits j of i. Writes the
    /// node of the next layer to `target`; `bad` if a word is not below p.
    function foldLeaf(Part memory part, uint256 arity, uint256 zeta, uint256 node, uint256 target)
        private
        pure
        returns (bool bad)
    {
        uint256 prime = part.prime;
        uint256[] memory products = part.products;
        uint256 inverse;
        // Equivalent to: inverse = node.inversePoint * products[node.position % 2^arity]
        assembly ("memory-safe") {
            let low := and(mload(node), sub(shl(arity, 1), 1))
            inverse := mulmod(mload(add(node, 0x40)), mload(add(add(products, 0x20), shl(5, low))), prime)
        }
        uint256 leaf = part.leaf;
        uint256[] memory inverses = part.pairInverses;
        for (uint256 half = 16 << arity; half > 16; half >>= 1) {
            if (foldPairs(leaf, half, mulmod(zeta, inverse, prime), inverses, prime)) bad = true;
            (zeta, inverse) = (mulmod(zeta, zeta, prime), mulmod(inverse, inverse, prime));
        }
        // Equivalent to: target = (node.position >> arity, leaf[0], inverse, node.lastPoint)
        assembly ("memory-safe") {
            mstore(add(target, 0x60), mload(add(node, 0x60)))
            mstore(target, shr(arity, mload(node)))
            mstore(add(target, 0x20), mload(leaf))
            mstore(add(target, 0x40), inverse)
        }
    }

    function foldPairs(uint256 leaf, uint256 half, uint256 factor, uint256[] memory inverses, uint256 prime)
        private
        pure
        returns (bool bad)
    {
        // Equivalent to: for i < half / 32: plus = leaf[2i], minus = leaf[2i+1];
        // leaf[i] = plus + minus + factor * inverses[i] * (plus - minus)
        assembly ("memory-safe") {
            let end := add(leaf, half)
            for { let pair := leaf } lt(leaf, end) { leaf := add(leaf, 0x20) } {
                inverses := add(inverses, 0x20)
                let plus := mload(pair)
                let minus := mload(add(pair, 0x20))
                pair := add(pair, 0x40)
                bad := or(bad, iszero(and(lt(plus, prime), lt(minus, prime))))
                mstore(
                    leaf,
                    addmod(
                        add(plus, minus),
                        mulmod(mulmod(factor, mload(inverses), prime), sub(add(plus, prime), minus), prime),
                        prime
                    )
                )
            }
        }
    }

    // --- 9. Last polynomial

    /// @dev Places in memory do not overflow.
    function checkLast(Part memory part) private pure {
        unchecked {
            uint256 begin = Words.place(part.context.last, 0);
            uint256 end = Words.place(part.context.last, part.context.last.length);
            uint256 node = part.nodes;
            for (uint256 i = 0; i < part.count; ++i) {
                uint256 value = Words.load(node + 0x20);
                uint256 x = Words.load(node + 0x60);
                uint256 expected = Field.horner(begin, end, x, part.prime);
                if (value != expected) revert FoldMismatch(Words.load(node), value, expected);
                node += NODE_BYTES;
            }
        }
    }
}
