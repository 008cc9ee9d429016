// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Field, PRIME} from "./Field.sol";
import {HeaderRefusals} from "./HeaderRefusals.sol";
import {IShape} from "./IShape.sol";
import {Layout} from "./Layout.sol";
import {checkParameters, layerCount, ProofParameters} from "./ProofParameters.sol";
import {PublicMemory} from "./PublicMemory.sol";
import {QueryContext} from "./QueryContext.sol";
import {Transcript} from "./Transcript.sol";
import {Words} from "./Words.sol";

/// @title Steps 0 to 6 of the verification: all but the queries
/// @notice Stateless. The shape's contract, the parameters and the preprocessed root are fixed at deployment.
/// @dev Walks the steps of `prover/stark/verifier.py` under the same titles.
contract HeaderVerifier is HeaderRefusals {
    using Transcript for Transcript.State;

    /// @dev The protocol's version, "freehold 2".
    uint256 public constant VERSION = 0x66726565686f6c642032;
    uint256 private constant MAX_ADDRESS = 1 << 64;
    /// @dev log2 of the greatest degree, packed columns' and so the FRI's: the error terms of `docs/soundness.md` are those of
    /// this size. Without it they would be larger than stated, by up to a bit for each doubling.
    uint256 private constant MAX_LOG_DEGREE = 24;
    /// @dev A longer output could not be paid for anyway; the bound keeps lengths far from overflow.
    uint256 private constant MAX_OUTPUT = 1 << 20;
    /// @dev Columns at one point have k = 1, 2, 4, 8 or 16.
    uint256 private constant CLAIMS_PER_POINT = 5;

    IShape public immutable shape;
    uint256 public immutable preprocessedRoot;
    /// @notice All that makes this verifier believe a proof, in one word: version, greatest degree, parameters, root of the
    /// constant columns, shape, bounds of its heights. `VerifyingKey.identity` of `prover/stark/identities.py`.
    uint256 public immutable identity;
    uint256 private immutable logBlowup;
    uint256 private immutable queries;
    uint256 private immutable grindingBits;
    uint256 private immutable logArity;
    uint256 private immutable logLast;
    uint256 private immutable digestBytes;
    uint256 private immutable kappas;
    uint256 private immutable partQueries;

    constructor(IShape shape_, uint256 preprocessedRoot_, ProofParameters memory p) {
        checkParameters(p);
        shape = shape_;
        preprocessedRoot = preprocessedRoot_;
        logBlowup = p.logBlowup;
        queries = p.queries;
        grindingBits = p.grindingBits;
        logArity = p.logArity;
        logLast = p.logLast;
        digestBytes = p.digestBytes;
        kappas = p.kappa[0] | (p.kappa[1] << 8) | (p.kappa[2] << 16);
        partQueries = p.partQueries;
        identity = _identityOf(shape_.description(), preprocessedRoot_, p);
    }

    function parameters() public view returns (ProofParameters memory) {
        uint256[3] memory kappa = [kappas & 0xff, (kappas >> 8) & 0xff, kappas >> 16];
        return ProofParameters(logBlowup, queries, grindingBits, logArity, logLast, digestBytes, kappa, partQueries);
    }

    /// @dev Without the root in it, a verifier whose window table or byte table is false would have the name of a true one,
    /// and would believe false hashes. `partQueries` is left out: it decides nothing but how openings are cut.
    function _identityOf(IShape.Description memory d, uint256 root, ProofParameters memory p)
        private
        pure
        returns (uint256)
    {
        bytes memory terms = abi.encode(VERSION, MAX_LOG_DEGREE, p.logBlowup, p.queries, p.grindingBits, p.logArity);
        bytes memory trees = abi.encode(p.logLast, p.digestBytes, p.kappa, root, d.identity);
        return uint256(keccak256(bytes.concat(terms, trees, d.heights)));
    }

    /// @notice What makes a program one of this verifier: shape id and number of builtins.
    function programKind() external view returns (uint256 shapeId, uint256 nBuiltins) {
        IShape.Description memory description = shape.description();
        return (description.identity, description.nBuiltins);
    }

    /// @dev What the steps hand to each other.
    struct Walk {
        IShape.Description shape;
        Transcript.State transcript;
        uint256 place; // of the next header word
        uint256 identity;
        uint256[] logHeights; // of the tables, then the greatest: the pseudo-table's
        uint256 statementEnd; // of all but the output
        uint256 outputLength;
        bytes32 outputHash;
        uint256 alpha;
        uint256 gamma;
        uint256 beta;
        uint256[] sums;
        uint256 z;
        uint256 lifted; // z^H
        Layout.Plan plan;
        uint256[] roots; // of unity, by log2 of their order
        uint256[] inverseRoots;
    }

    /// @notice The context (see `QueryContext.pack`) for the query phase of the proof that begins with `header`, of a run
    /// of the program of this identity, whose words lie in `pages` (both are believed); and the hash of its output.
    /// Reverts with the step that refused.
    function check(uint256 identity, address[] calldata pages, uint256[] calldata header)
        external
        view
        returns (bytes memory packed, bytes32 outputHash)
    {
        QueryContext.Context memory context;
        Walk memory walk;
        walk.shape = shape.description();
        walk.identity = identity;
        walk.roots = Field.rootsOfUnity();
        walk.inverseRoots = Field.inverseRootsOfUnity();

        // 0. Statement
        _readHeights(walk, header);
        walk.plan = Layout.build(walk.shape, walk.logHeights, kappas);
        context.logDegree = walk.plan.logDegree;
        context.rows = walk.plan.rows;
        if (context.logDegree > MAX_LOG_DEGREE) revert DegreeTooLarge(context.logDegree, MAX_LOG_DEGREE);
        _readStatement(walk, header);
        context.roots = new uint256[](Layout.N_TREES);
        context.roots[0] = preprocessedRoot;

        // 1. Main columns
        context.roots[1] = header[_absorb(walk, header, 1)];
        walk.alpha = walk.transcript.draw();
        walk.gamma = walk.transcript.draw();
        walk.beta = walk.transcript.draw();

        // 2. Lookups and quotients
        uint256 first = _absorb(walk, header, 1 + walk.shape.nTables);
        context.roots[2] = header[first];
        walk.sums = _felts(header, first + 1, walk.shape.nTables);
        _checkLookups(walk, header, pages);
        walk.z = walk.transcript.draw();
        _checkPoint(walk, context.logDegree);

        // 3. Out-of-domain values
        uint256 nValues = Layout.countValues(walk.plan);
        first = _absorb(walk, header, nValues);
        context.lambda = walk.transcript.draw();
        _checkValues(walk, context, header, _felts(header, first, nValues));

        // 4. FRI layers
        uint256 layers = layerCount(context.logDegree, logArity, logLast);
        context.friRoots = new uint256[](layers);
        context.zetas = new uint256[](layers);
        for (uint256 i = 0; i < layers; ++i) {
            context.friRoots[i] = header[_absorb(walk, header, 1)];
            context.zetas[i] = walk.transcript.draw();
        }

        // 5. Last polynomial
        uint256 length = 1 << (context.logDegree < logLast ? context.logDegree : logLast);
        first = _absorb(walk, header, length);
        context.last = _felts(header, first, length);

        // 6. Grinding and query positions
        _absorb(walk, header, 1);
        if (uint256(walk.transcript.digest) >> (256 - grindingBits) != 0) {
            revert GrindingMissing(walk.transcript.digest, grindingBits);
        }
        context.transcript = walk.transcript.digest;
        context.positions = walk.transcript.drawPositions(queries, context.logDegree + logBlowup);
        if (walk.place != header.length) revert HeaderLength(header.length, walk.place);
        context.fact = keccak256(abi.encode(identity, walk.outputHash));
        return (QueryContext.pack(context), walk.outputHash);
    }

    /// @dev The next `count` words of the header are a message; returns the place of the first.
    function _absorb(Walk memory walk, uint256[] calldata header, uint256 count) private pure returns (uint256 first) {
        first = _take(walk, header, count);
        walk.transcript.absorbCalldata(header[first:first + count]);
    }

    /// @dev The place of the first of the next `count` words.
    function _take(Walk memory walk, uint256[] calldata header, uint256 count) private pure returns (uint256 first) {
        first = walk.place;
        if (first + count > header.length) revert HeaderLength(header.length, first + count);
        walk.place = first + count;
    }

    /// @dev Words that must be below p.
    function _felts(uint256[] calldata header, uint256 from, uint256 count)
        private
        pure
        returns (uint256[] memory words)
    {
        words = header[from:from + count];
        uint256 greatest = 0;
        // Equivalent to: for each word: greatest = max(greatest, word)
        assembly ("memory-safe") {
            let end := add(words, shl(5, count))
            for { let place := words } lt(place, end) {} {
                place := add(place, 0x20)
                let word := mload(place)
                if gt(word, greatest) { greatest := word }
            }
        }
        if (greatest >= PRIME) revert NotBelowPrime(greatest);
    }

    // --- 0. Statement

    /// @dev At least the minimum, exactly the fixed height where the meaning fixes it; nothing loops over heights before.
    function _readHeights(Walk memory walk, uint256[] calldata header) private view {
        uint256 n = walk.shape.nTables;
        _take(walk, header, n);
        bytes memory bounds = walk.shape.heights;
        walk.logHeights = new uint256[](n + 1);
        uint256 greatest = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 height = header[i];
            uint256 fixed_ = uint8(bounds[2 * i + 1]);
            bool refused = height < uint8(bounds[2 * i]) || height > MAX_LOG_DEGREE;
            if (refused || (fixed_ != 0 && height != fixed_)) revert HeightRefused(i, height);
            walk.logHeights[i] = height;
            if (height > greatest) greatest = height;
        }
        walk.logHeights[n] = greatest;
    }

    /// @dev Initial ap, final ap, (start, stop) of each builtin, output length, output; then round 0.
    function _readStatement(Walk memory walk, uint256[] calldata header) private view {
        uint256 nBounds = 2 + 2 * walk.shape.nBuiltins;
        uint256 first = _take(walk, header, nBounds + 1);
        for (uint256 i = 0; i < nBounds; ++i) {
            if (header[first + i] >= MAX_ADDRESS) revert AddressRefused(header[first + i]);
        }
        uint256 length = header[first + nBounds];
        _checkOutput(walk, header[first:first + nBounds], length);
        uint256 start = _take(walk, header, length);
        uint256[] memory output = header[start:start + length];
        for (uint256 i = 0; i < length; ++i) require(output[i] < PRIME, OutputRefused(output[i], PRIME));

        walk.outputHash = keccak256(abi.encodePacked(output));
        walk.outputLength = length;
        walk.statementEnd = start;
        _absorbStatement(walk, header[first:start]);
    }

    /// @dev The output is exactly its segment, or empty without the builtin.
    function _checkOutput(Walk memory walk, uint256[] calldata bounds, uint256 length) private pure {
        uint256 builtin = walk.shape.outputBuiltin;
        uint256 expected = 0;
        if (builtin < walk.shape.nBuiltins) {
            (uint256 start, uint256 stop) = (bounds[2 + 2 * builtin], bounds[3 + 2 * builtin]);
            if (stop < start) revert OutputRefused(stop, start);
            expected = stop - start;
        }
        if (length > MAX_OUTPUT || length != expected) revert OutputRefused(length, expected);
    }

    function _absorbStatement(Walk memory walk, uint256[] calldata bounds) private view {
        uint256 n = walk.shape.nTables;
        uint256[] memory message = new uint256[](14 + n + bounds.length);
        uint256[9] memory agreed = [
            logBlowup,
            queries,
            grindingBits,
            logArity,
            logLast,
            digestBytes,
            kappas & 0xff,
            (kappas >> 8) & 0xff,
            kappas >> 16
        ];
        message[0] = VERSION;
        for (uint256 i = 0; i < 9; ++i) message[1 + i] = agreed[i];
        message[10] = preprocessedRoot;
        message[11] = walk.shape.identity;
        message[12] = walk.identity;
        for (uint256 i = 0; i < n; ++i) message[13 + i] = walk.logHeights[i];
        for (uint256 i = 0; i < bounds.length; ++i) message[13 + n + i] = bounds[i];
        message[13 + n + bounds.length] = uint256(walk.outputHash);
        walk.transcript.absorb(message);
    }

    // --- 2. Lookups, and the point

    function _checkLookups(Walk memory walk, uint256[] calldata header, address[] calldata pages) private view {
        uint256 nBuiltins = walk.shape.nBuiltins;
        uint256 first = walk.statementEnd - 3 - 2 * nBuiltins;
        uint256 total = PublicMemory.sum(
            pages,
            header[first:walk.statementEnd + walk.outputLength],
            nBuiltins,
            walk.shape.outputBuiltin,
            walk.alpha,
            walk.gamma
        );
        for (uint256 i = 0; i < walk.sums.length; ++i) total = Field.add(total, walk.sums[i]);
        if (total != 0) revert LookupsUnbalanced(total);
    }

    /// @dev These tests keep every opened point off the trace domains and every power off the evaluation ones.
    function _checkPoint(Walk memory walk, uint256 logDegree) private view {
        uint256 z = walk.z;
        walk.lifted = Field.square(z, logDegree);
        uint256 membership = Field.square(Field.GENERATOR, Field.LOG_LARGEST);
        bool refused = z == 0 || walk.lifted == 1 || Field.square(walk.lifted, logBlowup) == membership;
        if (refused) revert PointRefused(z);
    }

    // --- 3. Out-of-domain values

    /// @dev Sorts the values into the constraints' cells and the terms of the DEEP sum, and checks each
    /// quotient at z: the combined one, then those of the interaction columns, whose differences are to be 0.
    function _checkValues(
        Walk memory walk,
        QueryContext.Context memory context,
        uint256[] calldata header,
        uint256[] memory values
    ) private view {
        uint256[] memory input = _constraintInput(walk, header, context.logDegree);
        uint256 firstCell = input.length - walk.shape.nCells - walk.shape.nSlices;
        _sortValues(walk, context, values, input, firstCell);
        uint256 claimed = 0;
        for (uint256 c = input.length; c > input.length - walk.shape.nSlices; --c) {
            claimed = Field.add(Field.mul(claimed, walk.lifted), input[c - 1]);
        }
        uint256[] memory results = shape.evaluate(input);
        if (results[0] != claimed) revert OodsMismatch(results[0], claimed);
        for (uint256 i = 1; i < results.length; ++i) if (results[i] != 0) revert LookupMismatch(i - 1, results[i]);
    }

    /// @dev What `IShape.evaluate` takes, the cells still empty, and then the slices of the combined
    /// quotient.
    function _constraintInput(Walk memory walk, uint256[] calldata header, uint256 logDegree)
        private
        pure
        returns (uint256[] memory input)
    {
        IShape.Description memory s = walk.shape;
        uint256 nBounds = 2 + 2 * s.nBuiltins;
        input = new uint256[](4 + s.blocks.length + 4 * s.nTables + nBounds + s.nCells + s.nSlices);
        (input[0], input[1]) = (walk.beta, walk.lifted);
        uint256 place = 2;
        for (uint256 i = 0; i < s.blocks.length; ++i) {
            input[place++] = Field.square(walk.z, logDegree - uint8(s.blocks[i]));
        }
        for (uint256 i = 0; i < s.nTables; ++i) {
            uint256 logHeight = walk.logHeights[i];
            input[place++] = Field.square(walk.z, logDegree - logHeight);
            input[place++] = walk.roots[logHeight];
            input[place++] = walk.inverseRoots[logHeight];
        }
        (input[place], input[place + 1]) = (walk.alpha, walk.gamma);
        place += 2;
        uint256 bounds = walk.statementEnd - 1 - nBounds;
        for (uint256 i = 0; i < nBounds; ++i) input[place++] = header[bounds + i];
        uint256 half = (PRIME + 1) / 2;
        for (uint256 i = 0; i < s.nTables; ++i) {
            input[place++] = Field.mul(walk.sums[i], Field.power(half, walk.logHeights[i]));
        }
    }

    /// @dev Walks the values in mask order: by group, rising offset, physical column, slot. Heights decide where a value
    /// stands; `input` has its cell at a fixed place, from `firstCell` on. Fills points, claims and openings of the DEEP sum.
    function _sortValues(
        Walk memory walk,
        QueryContext.Context memory context,
        uint256[] memory values,
        uint256[] memory input,
        uint256 firstCell
    ) private pure {
        unchecked {
            Layout.Plan memory plan = walk.plan;
            (uint256 nTerms, uint256 nOpenings, uint256 nClaims) = Layout.countTerms(plan);
            Sorting memory s;
            s.slots = Words.place(plan.slots, 0);
            s.value = Words.place(values, 0);
            s.cells = Words.place(input, firstCell);
            s.power = 1;
            s.lambda = context.lambda;
            s.prime = PRIME;
            s.points = Words.emptyList(2 * nTerms);
            s.claims = Words.emptyList(nClaims);
            s.openings = Words.emptyList(nOpenings);
            s.claimOf = new uint256[](nTerms * CLAIMS_PER_POINT);
            for (uint256 g = 0; g < plan.groups.length; ++g) {
                Layout.Group memory group = plan.groups[g];
                uint256 root = walk.roots[group.logHeight];
                uint256 point = Field.mul(
                    Field.square(walk.z, plan.logDegree - group.logHeight),
                    Field.power(walk.inverseRoots[group.logHeight], walk.shape.lowestOffset)
                );
                uint256 offset = 0; // from the lowest
                for (uint256 bit = 0; group.mask >> bit != 0; ++bit) {
                    if ((group.mask >> bit) & 1 == 0) continue;
                    uint256 next = Layout.offsetOf(walk.shape.offsets, bit);
                    point = Field.mul(point, Field.power(root, next - offset));
                    offset = next;
                    _sortTerm(plan, group, bit, point, s);
                }
            }
            (context.points, context.claims, context.openings) = (s.points, s.claims, s.openings);
        }
    }

    /// @dev Memory places of the first slot, next value, first cell; the next power of lambda, and lambda; p; the lists so
    /// far; and where in memory the claim of each (point, log2 of k) lies, 0 if there is none.
    struct Sorting {
        uint256 slots;
        uint256 value;
        uint256 cells;
        uint256 power;
        uint256 lambda;
        uint256 prime; // PRIME, see `QueryPhase.Part`
        uint256[] points;
        uint256[] claims;
        uint256[] openings;
        uint256[] claimOf;
    }

    /// @dev One point of one group: its values, to their cells and into B_j = sum of power * value.
    function _sortTerm(
        Layout.Plan memory plan,
        Layout.Group memory group,
        uint256 bit,
        uint256 point,
        Sorting memory s
    ) private pure {
        unchecked {
            uint256 index = _pointNumber(s.points, group.logHeight, point);
            uint256 claim = _claimOf(s, index, group);
            uint256 opening = index << QueryContext.OPENING_POINT_BIT | group.row << QueryContext.OPENING_ROW_BIT;
            uint256 used = 0;
            for (uint256 i = 0; i < group.nColumns; ++i) {
                uint256 column = Words.get(plan.columns, group.firstColumn + i);
                if ((Layout.maskOf(column) >> bit) & 1 == 0) continue;
                uint256 count = Layout.slotsOf(column);
                _sortColumn(s, Layout.firstSlotOf(column), count, bit, claim + 0x20);
                Words.push(s.openings, opening | (group.firstInRow + i));
                if (count > used) used = count;
            }
            _useClaim(claim, used);
        }
    }

    /// @dev The claim has at least `used` B_j: its lowest byte.
    function _useClaim(uint256 claim, uint256 used) private pure {
        // Equivalent to: if (claim.used < used) claim.used = used
        assembly ("memory-safe") {
            let word := mload(claim)
            if lt(and(word, 0xff), used) { mstore(claim, or(and(word, not(0xff)), used)) }
        }
    }

    /// @dev The number of a point among `points`, where it is put if it is new: groups of equal height share theirs.
    function _pointNumber(uint256[] memory points, uint256 logHeight, uint256 point)
        private
        pure
        returns (uint256 index)
    {
        uint256 words = points.length;
        // Equivalent to: index = the first i with points[2i], points[2i + 1] = logHeight, point; appended if there is none
        assembly ("memory-safe") {
            let place := add(points, 0x20)
            let end := add(place, shl(5, words))
            for {} lt(place, end) { place := add(place, 0x40) } {
                if eq(mload(add(place, 0x20)), point) { if eq(mload(place), logHeight) { break } }
            }
            if eq(place, end) {
                mstore(place, logHeight)
                mstore(add(place, 0x20), point)
                mstore(points, add(words, 2))
            }
            index := shr(6, sub(sub(place, points), 0x20))
        }
    }

    /// @dev The place of the claim of a point for columns of this k, which is appended if it is new.
    function _claimOf(Sorting memory s, uint256 index, Layout.Group memory group) private pure returns (uint256 claim) {
        unchecked {
            uint256 number = index * CLAIMS_PER_POINT + group.logPacking;
            claim = s.claimOf[number];
            if (claim != 0) return claim;
            claim = Words.place(s.claims, s.claims.length);
            s.claimOf[number] = claim;
            uint256 size = 1 << group.logPacking;
            uint256 logPhysical = group.logHeight + group.logPacking;
            Words.push(
                s.claims,
                index << QueryContext.CLAIM_POINT_BIT | group.logPacking << QueryContext.CLAIM_PACKING_BIT
                    | logPhysical << QueryContext.CLAIM_HEIGHT_BIT
            );
            for (uint256 i = 0; i < size; ++i) Words.push(s.claims, 0);
        }
    }

    /// @dev One physical column at one point: `count` slots from number `slot` on; `claimed` is the place of B_0.
    function _sortColumn(Sorting memory s, uint256 slot, uint256 count, uint256 bit, uint256 claimed) private pure {
        uint256 power = s.power;
        uint256 value = s.value;
        uint256 cells = s.cells;
        uint256 prime = s.prime;
        slot = s.slots + 32 * slot;
        bit += 16;
        // Equivalent to: for each slot j: B_j += power * value; if its column is read at this offset:
        // cells[slot.cell] = value, slot.cell += 1
        assembly ("memory-safe") {
            for { let end := add(slot, shl(5, count)) } lt(slot, end) { slot := add(slot, 0x20) } {
                let word := mload(value)
                value := add(value, 0x20)
                let which := mload(slot)
                if and(shr(bit, which), 1) {
                    mstore(add(cells, shl(5, and(which, 0xffff))), word)
                    mstore(slot, add(which, 1))
                }
                mstore(claimed, addmod(mload(claimed), mulmod(power, word, prime), prime))
                claimed := add(claimed, 0x20)
            }
        }
        s.value = value;
        s.power = mulmod(power, s.lambda, prime);
    }
}
