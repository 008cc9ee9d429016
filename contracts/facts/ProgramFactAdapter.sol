// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";

/// @title Facts of one program
/// @notice `isValid(fact)` asks whether the program named at deployment was proven to output what `fact` hashes. It is
/// the usual entry of the exchange's verifiers; another program means another adapter.
contract ProgramFactAdapter is IFactRegistry, IIdentity {
    IFactRegistry public immutable gpsContract;
    uint256 public immutable programHash;

    constructor(IFactRegistry verifier, uint256 programHash_) {
        gpsContract = verifier;
        programHash = programHash_;
    }

    function isValid(bytes32 fact) external view returns (bool) {
        return gpsContract.isValid(keccak256(abi.encode(programHash, fact)));
    }

    /// @notice Whether the verifier has proven anything. Warning: of any program, and anyone may prove runs of theirs; it says
    /// nothing of this adapter's program, which is to be compared.
    function hasRegisteredFact() external view returns (bool) {
        return gpsContract.hasRegisteredFact();
    }

    function identify() external pure returns (string memory) {
        return "Freehold_ProgramFactAdapter_2026_1";
    }
}
