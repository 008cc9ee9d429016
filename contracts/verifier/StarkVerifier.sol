// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../facts/FactRegistry.sol";
import {HeaderRefusals} from "./HeaderRefusals.sol";
import {HeaderVerifier} from "./HeaderVerifier.sol";
import {Programs} from "./Programs.sol";
import {ProofParameters} from "./ProofParameters.sol";
import {QueryContext} from "./QueryContext.sol";
import {QueryPhase} from "./QueryPhase.sol";

/// @title Proofs of Cairo runs: a proof in, a fact out
/// @notice Anyone may register a program and prove runs of it. The fact is
/// `keccak(program identity || keccak(output words))`. A proof that does not fit one transaction is begun by `begin`
/// and its parts are checked, in any order and by anyone, by `continueVerification`.
/// @dev Steps 0 to 6 are `HeaderVerifier`'s, steps 7 to 9 are here, where the openings are calldata. Trusts nobody and
/// nothing but its code, the header verifier and what that fixes (shape and parameters), all set at deployment.
contract StarkVerifier is FactRegistry, HeaderRefusals {
    using Programs for Programs.State;

    /// @notice Use `begin` and `continueVerification`: `verify` takes proofs of one part, this one has `count`.
    error SeveralParts(uint256 count);
    /// @notice Send a part that `pending(session)` names, with the context of the proof's `ProofBegun`.
    error PartNotPending(bytes32 session, uint256 part);

    event ProgramRegistered(uint256 indexed number, uint256 indexed identity);
    event FactProven(bytes32 indexed fact, uint256 indexed identity, bytes32 outputHash);
    /// @notice The context that `continueVerification` takes, as `contextOf` gives it at any time.
    event ProofBegun(bytes32 indexed session, uint256 parts, QueryContext.Context context);
    event PartVerified(bytes32 indexed session, uint256 part);

    HeaderVerifier public immutable headerVerifier;
    uint256 private immutable logBlowup;
    uint256 private immutable logArity;
    uint256 private immutable logLast;
    uint256 private immutable digestBytes;
    uint256 private immutable partQueries;

    Programs.State private _programs;
    /// @notice The parts that a begun proof still waits for, as a bitmap.
    mapping(bytes32 session => uint256 parts) public pending;
    /// @dev The session of a begun proof, by the hash of program number and header; 0: not begun by that number.
    mapping(bytes32 proof => bytes32 session) private _sessions;

    /// @dev The parameters are the header verifier's: one home for both.
    constructor(HeaderVerifier headerVerifier_) {
        headerVerifier = headerVerifier_;
        ProofParameters memory p = headerVerifier_.parameters();
        logBlowup = p.logBlowup;
        logArity = p.logArity;
        logLast = p.logLast;
        digestBytes = p.digestBytes;
        partQueries = p.partQueries;
    }

    function parameters() external view returns (ProofParameters memory) {
        return headerVerifier.parameters();
    }

    function shapeId() external view returns (uint256) {
        return headerVerifier.shape().description().identity;
    }

    /// @notice Names a program whose words lie in `pages`, each one a STOP byte and then words. Anyone may.
    function registerProgram(address[] calldata pages) external returns (uint256 number) {
        uint256 name;
        (uint256 shape, uint256 nBuiltins) = headerVerifier.programKind();
        (number, name) = _programs.register(pages, headerVerifier.VERSION(), shape, nBuiltins);

        emit ProgramRegistered(number, name);
    }

    function programIdentity(uint256 number) public view returns (uint256 name) {
        (name,) = _programs.get(number);
    }

    /// @notice What to compare before a fact of the program is believed: verifier and program in one word,
    /// `keccak(identity of the header verifier || program identity)`.
    function identity(uint256 number) external view returns (uint256) {
        return uint256(keccak256(abi.encode(headerVerifier.identity(), programIdentity(number))));
    }

    /// @notice Check a proof of one part and register its fact.
    function verify(uint256 programNumber, uint256[] calldata header, bytes calldata openings) external {
        (uint256 name, address[] memory pages) = _programs.get(programNumber);
        (bytes memory packed, bytes32 outputHash) = headerVerifier.check(name, pages, header);
        QueryContext.Context memory context = QueryContext.unpack(packed);
        uint256 parts = _partCount(context);
        if (parts != 1) revert SeveralParts(parts);
        _checkPart(context, 0, openings);

        _registerFact(context.fact);

        emit FactProven(context.fact, name, outputHash);
    }

    /// @notice Check all but the queries of a proof in several parts. A proof that was begun before is not checked again, and
    /// nothing changes, whoever calls: go on with the parts that `pending(session)` names.
    function begin(uint256 programNumber, uint256[] calldata header) external returns (bytes32 session) {
        // Without it a second `begin` would pay for all the steps again, and could undo progress: anyone may send one.
        bytes32 proof = keccak256(abi.encode(programNumber, header));
        session = _sessions[proof];
        if (session != 0) return session;
        QueryContext.Context memory context;
        (session, context) = contextOf(programNumber, header);
        uint256 parts = _partCount(context);

        _sessions[proof] = session;
        // The same program under another number has the same session: its progress stays.
        if (pending[session] == 0) pending[session] = (1 << parts) - 1;

        emit ProofBegun(session, parts, context);
    }

    /// @notice The session of a proof and the context that its parts are sent with, begun or not. Costs what `begin` does:
    /// ask it of a node.
    function contextOf(uint256 programNumber, uint256[] calldata header)
        public
        view
        returns (bytes32 session, QueryContext.Context memory context)
    {
        (uint256 name, address[] memory pages) = _programs.get(programNumber);
        (bytes memory packed,) = headerVerifier.check(name, pages, header);
        context = QueryContext.unpack(packed);
        session = keccak256(abi.encode(context));
    }

    /// @notice Check one part of a begun proof; whoever checks the last registers the fact.
    function continueVerification(QueryContext.Context memory context, uint256 part, bytes calldata openings) external {
        bytes32 session = keccak256(abi.encode(context));
        uint256 waiting = pending[session];
        if (part > 255 || (waiting >> part) & 1 == 0) revert PartNotPending(session, part);
        _checkPart(context, part, openings);

        waiting &= ~(1 << part);
        pending[session] = waiting;
        if (waiting == 0) _registerFact(context.fact);

        emit PartVerified(session, part);
    }

    /// @dev Part number `part` of the context's positions opens and folds as it must.
    function _checkPart(QueryContext.Context memory context, uint256 part, bytes calldata openings) private view {
        uint256 from = part * partQueries;
        uint256 to = from + partQueries;
        if (to > context.positions.length) to = context.positions.length;
        QueryPhase.Settings memory settings = QueryPhase.Settings(logBlowup, logArity, logLast, digestBytes);
        QueryPhase.checkPart(context, settings, from, to, openings);
    }

    function _partCount(QueryContext.Context memory context) private view returns (uint256) {
        return (context.positions.length + partQueries - 1) / partQueries;
    }
}
