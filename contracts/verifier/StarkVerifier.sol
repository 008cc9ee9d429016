// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../registry/FactRegistry.sol";
import {Field, PRIME} from "./Field.sol";
import {Layout} from "./Layout.sol";
import {Programs} from "./Programs.sol";
import {PublicMemory} from "./PublicMemory.sol";
import {QueryPhase} from "./QueryPhase.sol";
import {QueryVerifier} from "./QueryVerifier.sol";
import {Transcript} from "./Transcript.sol";
import {ExchangeShape as Shape} from "./generated/ExchangeShape.sol";

/// @title Proofs of Cairo runs: a proof in, a fact out
/// @notice Anyone may register a program and prove runs of it. The fact is
/// `keccak(program identity || keccak(output words))`. A proof that does not fit one transaction is begun by `begin`
/// and its parts are checked, in any order and by anyone, by `continueVerification`.
/// @dev Walks the steps of `prover/stark/verifier.py` under the same titles. Trusts nobody and nothing but its code,
/// the generated constraint contract and the parameters, all fixed at deployment.
contract StarkVerifier is FactRegistry {
    using Transcript for Transcript.State;
    using Programs for Programs.State;

    /// @notice Step 0: a table's height is out of its bounds.
    error HeightRefused(uint256 table, uint256 logHeight);
    /// @notice Step 0: an address is not below 2^64.
    error AddressRefused(uint256 word);
    /// @notice Step 0: an output word is not below the prime, or the output is not exactly its segment.
    error OutputRefused(uint256 found, uint256 limit);
    error DomainTooLarge(uint256 logSize);
    /// @notice The header ends early, or words are left over after the nonce.
    error HeaderLength(uint256 length, uint256 expected);
    error NotBelowPrime(uint256 word);
    /// @notice Step 2: the claimed sums and the public accesses do not cancel.
    error LookupsUnbalanced(uint256 total);
    /// @notice Step 3: z lies on a domain.
    error PointRefused(uint256 z);
    /// @notice Step 4: the constraints give `expected` at z, the proof claims `claimed`.
    error OodsMismatch(uint256 expected, uint256 claimed);
    /// @notice Step 7: the nonce shows no work.
    error GrindingMissing(bytes32 state);
    /// @notice `verify` takes proofs of one part, this one has `count`.
    error SeveralParts(uint256 count);
    /// @notice The proof was begun and waits for its parts.
    error AlreadyPending(bytes32 session);
    /// @notice No begun proof with this context, or the part was checked already.
    error PartNotPending(bytes32 session, uint256 part);

    event ProgramRegistered(uint256 indexed number, uint256 indexed identity);
    event FactProven(bytes32 indexed fact, uint256 indexed identity, bytes32 outputHash);
    /// @notice The context that `continueVerification` takes.
    event ProofBegun(bytes32 indexed session, uint256 parts, QueryPhase.Context context);
    event PartVerified(bytes32 indexed session, uint256 part);

    /// @dev The protocol's version, "freehold 1".
    uint256 public constant VERSION = 0x66726565686f6c642031;
    uint256 private constant MAX_ADDRESS = 1 << 64;
    /// @dev A longer output could not be paid for anyway; the bound keeps lengths far from overflow.
    uint256 private constant MAX_OUTPUT = 1 << 20;

    QueryVerifier public immutable queryVerifier;
    address public immutable constraints;
    uint256 public immutable preprocessedRoot;
    uint256 private immutable logBlowup;
    uint256 private immutable queries;
    uint256 private immutable grindingBits;
    uint256 private immutable logLast;
    uint256 private immutable partQueries;

    Programs.State private _programs;
    /// @notice The parts that a begun proof still waits for, as a bitmap.
    mapping(bytes32 session => uint256 parts) public pending;

    /// @dev The parameters are the query verifier's: one home for both.
    constructor(QueryVerifier queryVerifier_, address constraints_, uint256 preprocessedRoot_) {
        queryVerifier = queryVerifier_;
        constraints = constraints_;
        preprocessedRoot = preprocessedRoot_;
        QueryVerifier.Parameters memory p = queryVerifier_.parameters();
        logBlowup = p.logBlowup;
        queries = p.queries;
        grindingBits = p.grindingBits;
        logLast = p.logLast;
        partQueries = p.partQueries;
    }

    function parameters() external view returns (QueryVerifier.Parameters memory) {
        return queryVerifier.parameters();
    }

    function shapeId() external pure returns (uint256) {
        return Shape.SHAPE_ID;
    }

    /// @notice Names a program whose words lie in `pages`, each one a STOP byte and then words. Anyone may.
    function registerProgram(address[] calldata pages) external returns (uint256 number) {
        uint256 identity;
        (number, identity) = _programs.register(pages, VERSION, Shape.SHAPE_ID, Shape.N_BUILTINS);

        emit ProgramRegistered(number, identity);
    }

    function programIdentity(uint256 number) external view returns (uint256 identity) {
        (identity,) = _programs.get(number);
    }

    /// @notice Check a proof of one part and register its fact.
    function verify(uint256 programNumber, uint256[] calldata header, bytes calldata openings) external {
        (QueryPhase.Context memory context, uint256 identity, bytes32 outputHash) =
            _verifyHeader(programNumber, header);
        uint256 parts = _partCount(context);
        if (parts != 1) revert SeveralParts(parts);
        queryVerifier.checkPart(context, 0, openings);

        _registerFact(context.fact);

        emit FactProven(context.fact, identity, outputHash);
    }

    /// @notice Check all but the queries of a proof in several parts. Refused while parts of it are pending, so that
    /// nobody can undo progress.
    function begin(uint256 programNumber, uint256[] calldata header) external returns (bytes32 session) {
        (QueryPhase.Context memory context,,) = _verifyHeader(programNumber, header);
        session = keccak256(abi.encode(context));
        if (pending[session] != 0) revert AlreadyPending(session);
        uint256 parts = _partCount(context);

        pending[session] = (1 << parts) - 1;

        emit ProofBegun(session, parts, context);
    }

    /// @notice Check one part of a begun proof; whoever checks the last registers the fact.
    function continueVerification(QueryPhase.Context memory context, uint256 part, bytes calldata openings) external {
        bytes32 session = keccak256(abi.encode(context));
        uint256 waiting = pending[session];
        if (part > 255 || (waiting >> part) & 1 == 0) revert PartNotPending(session, part);
        queryVerifier.checkPart(context, part, openings);

        waiting &= ~(1 << part);
        pending[session] = waiting;
        if (waiting == 0) _registerFact(context.fact);

        emit PartVerified(session, part);
    }

    function _partCount(QueryPhase.Context memory context) private view returns (uint256) {
        return (context.positions.length + partQueries - 1) / partQueries;
    }

    // --- the steps before the queries

    /// @dev What the steps hand to each other.
    struct Walk {
        Transcript.State transcript;
        uint256 place; // of the next header word
        uint256 identity;
        uint256[] program;
        uint256 logDegree;
        uint256 statementEnd;
        uint256 outputLength;
        bytes32 outputHash;
        uint256 alpha;
        uint256 gamma;
        uint256 beta;
        uint256[] sums;
    }

    function _verifyHeader(uint256 programNumber, uint256[] calldata header)
        private
        view
        returns (QueryPhase.Context memory context, uint256 identity, bytes32 outputHash)
    {
        Walk memory walk;
        (walk.identity, walk.program) = _programs.get(programNumber);

        // 0. Statement
        context.logHeights = _takeWords(walk, header, Shape.N_TABLES);
        _checkHeights(context.logHeights);
        Layout.Group[] memory groups = queryVerifier.layout(context.logHeights);
        walk.logDegree = QueryPhase.logDegree(groups);
        if (walk.logDegree + logBlowup > Field.MAX_LOG_DOMAIN) revert DomainTooLarge(walk.logDegree + logBlowup);
        _readStatement(walk, header, context.logHeights);
        context.roots = new uint256[](4);
        context.roots[0] = preprocessedRoot;

        // 1. Main columns
        _absorb(walk, header, 1);
        context.roots[1] = header[walk.place - 1];
        walk.alpha = walk.transcript.draw();
        walk.gamma = walk.transcript.draw();

        // 2. Lookups
        _absorb(walk, header, 1 + Shape.N_TABLES);
        context.roots[2] = header[walk.place - 1 - Shape.N_TABLES];
        walk.sums = _felts(header, walk.place - Shape.N_TABLES, Shape.N_TABLES);
        _checkLookups(walk, header);
        walk.beta = walk.transcript.draw();

        // 3. Quotient
        _absorb(walk, header, 1);
        context.roots[3] = header[walk.place - 1];
        context.z = walk.transcript.draw();
        uint256 lifted = _checkPoint(context.z, walk.logDegree);

        // 4. Out-of-domain values
        uint256 nValues = _countValues(groups);
        _absorb(walk, header, nValues);
        uint256[] memory mask = _felts(header, walk.place - nValues, nValues);
        _checkIdentity(walk, context, groups, mask, header, lifted);
        context.lambda = walk.transcript.draw();
        context.claimed = _combine(groups, mask, context.lambda);

        // 5. FRI layers
        uint256 layers = queryVerifier.layerCount(walk.logDegree);
        context.friRoots = new uint256[](layers);
        context.zetas = new uint256[](layers);
        for (uint256 i = 0; i < layers; ++i) {
            _absorb(walk, header, 1);
            context.friRoots[i] = header[walk.place - 1];
            context.zetas[i] = walk.transcript.draw();
        }

        // 6. Last polynomial
        uint256 length = 1 << (walk.logDegree < logLast ? walk.logDegree : logLast);
        _absorb(walk, header, length);
        context.last = _felts(header, walk.place - length, length);

        // 7. Grinding and query positions
        _absorb(walk, header, 1);
        if (uint256(walk.transcript.digest) >> (256 - grindingBits) != 0) {
            revert GrindingMissing(walk.transcript.digest);
        }
        context.transcript = walk.transcript.digest;
        context.positions = walk.transcript.drawPositions(queries, walk.logDegree + logBlowup);
        if (walk.place != header.length) revert HeaderLength(header.length, walk.place);
        context.fact = keccak256(abi.encode(walk.identity, walk.outputHash));
        return (context, walk.identity, walk.outputHash);
    }

    /// @dev The next `count` words of the header are a message.
    function _absorb(Walk memory walk, uint256[] calldata header, uint256 count) private pure {
        uint256 end = walk.place + count;
        if (end > header.length) revert HeaderLength(header.length, end);
        walk.transcript.absorbCalldata(header[walk.place:end]);
        walk.place = end;
    }

    function _takeWords(Walk memory walk, uint256[] calldata header, uint256 count)
        private
        pure
        returns (uint256[] memory words)
    {
        uint256 end = walk.place + count;
        if (end > header.length) revert HeaderLength(header.length, end);
        words = header[walk.place:end];
        walk.place = end;
    }

    function _felts(uint256[] calldata header, uint256 from, uint256 count)
        private
        pure
        returns (uint256[] memory words)
    {
        words = header[from:from + count];
        for (uint256 i = 0; i < count; ++i) require(words[i] < PRIME, NotBelowPrime(words[i]));
    }

    function _checkHeights(uint256[] memory logHeights) private view {
        bytes memory bounds = Shape.HEIGHTS;
        for (uint256 i = 0; i < logHeights.length; ++i) {
            uint256 fixed_ = uint8(bounds[2 * i + 1]);
            bool refused = logHeights[i] < uint8(bounds[2 * i]) || logHeights[i] > Field.MAX_LOG_DOMAIN - logBlowup;
            if (refused || (fixed_ != 0 && logHeights[i] != fixed_)) revert HeightRefused(i, logHeights[i]);
        }
    }

    /// @dev Initial ap, final ap, (start, stop) of each builtin, output length, output; then round 0.
    function _readStatement(Walk memory walk, uint256[] calldata header, uint256[] memory logHeights) private view {
        uint256 first = walk.place;
        uint256 nBounds = 2 + 2 * Shape.N_BUILTINS;
        uint256[] memory words = _takeWords(walk, header, nBounds + 1);
        for (uint256 i = 0; i < nBounds; ++i) if (words[i] >= MAX_ADDRESS) revert AddressRefused(words[i]);
        uint256 length = words[nBounds];
        uint256 start = words[2 + 2 * Shape.OUTPUT_BUILTIN];
        uint256 stop = words[3 + 2 * Shape.OUTPUT_BUILTIN];
        if (length > MAX_OUTPUT || start + length != stop) revert OutputRefused(length, stop);
        uint256[] memory output = _takeWords(walk, header, length);
        for (uint256 i = 0; i < length; ++i) require(output[i] < PRIME, OutputRefused(output[i], PRIME));

        walk.outputHash = keccak256(abi.encodePacked(output));
        walk.outputLength = length;
        walk.statementEnd = first + nBounds + 1;
        uint256[] memory message = new uint256[](14 + logHeights.length + nBounds + 2);
        message[0] = VERSION;
        uint256[10] memory agreed = queryVerifier.parameterWords();
        for (uint256 i = 0; i < 10; ++i) message[1 + i] = agreed[i];
        message[11] = preprocessedRoot;
        message[12] = Shape.SHAPE_ID;
        message[13] = walk.identity;
        uint256 place = 14;
        for (uint256 i = 0; i < logHeights.length; ++i) message[place++] = logHeights[i];
        for (uint256 i = 0; i <= nBounds; ++i) message[place++] = words[i];
        message[place] = uint256(walk.outputHash);
        walk.transcript.absorb(message);
    }

    function _checkLookups(Walk memory walk, uint256[] calldata header) private view {
        uint256 total = PublicMemory.sum(
            walk.program,
            header[walk.statementEnd - 3 - 2 * Shape.N_BUILTINS:walk.statementEnd + walk.outputLength],
            Shape.N_BUILTINS,
            Shape.OUTPUT_BUILTIN,
            walk.alpha,
            walk.gamma
        );
        for (uint256 i = 0; i < walk.sums.length; ++i) total = Field.add(total, walk.sums[i]);
        if (total != 0) revert LookupsUnbalanced(total);
    }

    /// @dev z^H; these tests keep every opened point off the trace domains and every power off the evaluation ones.
    function _checkPoint(uint256 z, uint256 logDegree) private view returns (uint256 lifted) {
        lifted = Field.square(z, logDegree);
        uint256 membership = Field.square(Field.GENERATOR, Field.LOG_LARGEST);
        if (z == 0 || lifted == 1 || Field.square(lifted, logBlowup) == membership) revert PointRefused(z);
    }

    function _countValues(Layout.Group[] memory groups) private pure returns (uint256 count) {
        for (uint256 g = 0; g < groups.length; ++g) {
            Layout.Physical[] memory columns = groups[g].columns;
            for (uint256 i = 0; i < columns.length; ++i) {
                for (uint256 mask = columns[i].mask; mask != 0; mask &= mask - 1) count += columns[i].slots.length;
            }
        }
    }

    function _checkIdentity(
        Walk memory walk,
        QueryPhase.Context memory context,
        Layout.Group[] memory groups,
        uint256[] memory mask,
        uint256[] calldata header,
        uint256 lifted
    ) private view {
        uint256[] memory input = new uint256[](Shape.FIRST_CELL + Shape.N_CELLS + Shape.N_SLICES);
        uint256 place = _constraintValues(walk, context, header, lifted, input);
        _copyCells(groups, mask, input, place);
        uint256 claimed = 0;
        for (uint256 c = Shape.N_SLICES; c > 0; --c) {
            claimed = Field.add(Field.mul(claimed, lifted), input[Shape.FIRST_CELL + Shape.N_CELLS + c - 1]);
        }
        uint256 expected = _evaluateConstraints(input, Shape.FIRST_CELL + Shape.N_CELLS);
        if (expected != claimed) revert OodsMismatch(expected, claimed);
    }

    /// @dev beta, z^H, z^(H/b), then y, omega, 1/omega of each table, then the values; `InputPlan` of the generator.
    function _constraintValues(
        Walk memory walk,
        QueryPhase.Context memory context,
        uint256[] calldata header,
        uint256 lifted,
        uint256[] memory input
    ) private view returns (uint256 place) {
        uint256[] memory roots = Field.rootsOfUnity(Field.MAX_LOG_DOMAIN, false);
        uint256[] memory inverseRoots = Field.rootsOfUnity(Field.MAX_LOG_DOMAIN, true);
        input[0] = walk.beta;
        input[1] = lifted;
        place = 2;
        if (Shape.BLOCK > 1) {
            uint256 logBlock = 0;
            while ((1 << logBlock) < Shape.BLOCK) ++logBlock;
            input[place++] = Field.square(context.z, walk.logDegree - logBlock);
        }
        for (uint256 i = 0; i < Shape.N_TABLES; ++i) {
            input[place++] = Field.square(context.z, walk.logDegree - context.logHeights[i]);
            input[place++] = roots[context.logHeights[i]];
            input[place++] = inverseRoots[context.logHeights[i]];
        }
        input[place++] = walk.alpha;
        input[place++] = walk.gamma;
        uint256 bounds = walk.statementEnd - 3 - 2 * Shape.N_BUILTINS;
        for (uint256 i = 0; i < 2 + 2 * Shape.N_BUILTINS; ++i) input[place++] = header[bounds + i];
        uint256 half = (PRIME + 1) / 2;
        for (uint256 i = 0; i < Shape.N_TABLES; ++i) {
            input[place++] = Field.mul(walk.sums[i], Field.pow(half, context.logHeights[i]));
        }
    }

    /// @dev Heights decide where the values stand in the mask; the constraints read them at fixed places.
    function _copyCells(
        Layout.Group[] memory groups,
        uint256[] memory mask,
        uint256[] memory input,
        uint256 first
    ) private pure {
        uint256 next = 0;
        for (uint256 g = 0; g < groups.length; ++g) {
            for (uint256 bit = 0; bit < 64; ++bit) {
                if ((groups[g].mask >> bit) & 1 == 0) continue;
                Layout.Physical[] memory columns = groups[g].columns;
                for (uint256 i = 0; i < columns.length; ++i) {
                    if ((columns[i].mask >> bit) & 1 == 0) continue;
                    for (uint256 j = 0; j < columns[i].slots.length; ++j) {
                        Layout.Slot memory slot = columns[i].slots[j];
                        if ((slot.mask >> bit) & 1 != 0) input[first + slot.cell++] = mask[next];
                        ++next;
                    }
                }
            }
        }
    }

    function _evaluateConstraints(uint256[] memory input, uint256 count) private view returns (uint256 result) {
        address evaluator = constraints;
        // Equivalent to a static call with the first `count` words of input as calldata, one word in return.
        assembly ("memory-safe") {
            if iszero(staticcall(gas(), evaluator, add(input, 0x20), shl(5, count), 0, 0x20)) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
            result := mload(0)
        }
    }

    /// @dev B_j = sum of lambda^i * value for each term, in mask order, one after the other.
    function _combine(Layout.Group[] memory groups, uint256[] memory mask, uint256 lambda)
        private
        pure
        returns (uint256[] memory claimed)
    {
        uint256 size = 0;
        for (uint256 g = 0; g < groups.length; ++g) {
            for (uint256 left = groups[g].mask; left != 0; left &= left - 1) size += 1 << groups[g].logPacking;
        }
        claimed = new uint256[](size);
        uint256 next = 0;
        uint256 first = 0;
        uint256 power = 1;
        for (uint256 g = 0; g < groups.length; ++g) {
            for (uint256 bit = 0; bit < 64; ++bit) {
                if ((groups[g].mask >> bit) & 1 == 0) continue;
                Layout.Physical[] memory columns = groups[g].columns;
                for (uint256 i = 0; i < columns.length; ++i) {
                    if ((columns[i].mask >> bit) & 1 == 0) continue;
                    for (uint256 j = 0; j < columns[i].slots.length; ++j) {
                        claimed[first + j] = Field.add(claimed[first + j], Field.mul(power, mask[next++]));
                    }
                    power = Field.mul(power, lambda);
                }
                first += 1 << groups[g].logPacking;
            }
        }
    }
}
