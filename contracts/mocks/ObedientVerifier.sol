// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../facts/FactRegistry.sol";
import {QueryContext} from "../verifier/QueryContext.sol";

/// @title A verifier double: it takes any proof, of one part or of several, for tests of who sends proofs
/// @dev The header's words are the fact that is proven and the number of parts. The identity of a program is its number.
contract ObedientVerifier is FactRegistry {
    error SeveralParts(uint256 count);
    error PartNotPending(bytes32 session, uint256 part);

    mapping(bytes32 session => uint256 parts) public pending;

    function declare(bytes32 fact) external {
        _registerFact(fact);
    }

    function programIdentity(uint256 number) external pure returns (uint256) {
        return number;
    }

    function verify(uint256, uint256[] calldata header, bytes calldata) external {
        if (header[1] != 1) revert SeveralParts(header[1]);
        _registerFact(bytes32(header[0]));
    }

    function begin(uint256, uint256[] calldata header) external returns (bytes32 session) {
        (session,) = contextOf(0, header);
        pending[session] = (1 << header[1]) - 1;
    }

    function contextOf(uint256, uint256[] calldata header)
        public
        pure
        returns (bytes32 session, QueryContext.Context memory context)
    {
        context.fact = bytes32(header[0]);
        session = keccak256(abi.encode(context));
    }

    function continueVerification(QueryContext.Context calldata context, uint256 part, bytes calldata) external {
        bytes32 session = keccak256(abi.encode(context));
        uint256 waiting = pending[session];
        if ((waiting >> part) & 1 == 0) revert PartNotPending(session, part);
        waiting &= ~(1 << part);
        pending[session] = waiting;
        if (waiting == 0) _registerFact(context.fact);
    }
}
