// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Identity} from "../common/Identity.sol";
import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {ESCAPE_VERIFIER} from "../interfaces/IEscapeVerifier.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IOperations} from "../interfaces/IOperations.sol";

/// @title Escapes: leaving a frozen exchange with what the last shared state says, once a position
library Escapes {
    /// @custom:storage-location erc7201:freehold.escapes
    struct State {
        IFactRegistry verifier;
        mapping(uint256 positionId => bool) used;
        uint256 count;
    }

    bytes32 private constant SLOT = 0x8838b492c1967be4c9515158b917522ff995b62509ef04c93231c62a5aa42500;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function begin(State storage self, address verifier) internal {
        if (verifier.code.length == 0) revert IDispatcher.EscapeVerifierNotContract(verifier);
        // Another contract in its place, which no upgrade exchanges while it is needed: nobody can escape.
        string memory found = Identity.read(verifier);
        if (!Identity.isThat(found, ESCAPE_VERIFIER)) revert IDispatcher.EscapeVerifierRefused(verifier, found);

        self.verifier = IFactRegistry(verifier);
    }

    function use(
        State storage self,
        uint256 starkKey,
        uint256 positionId,
        uint256 amount,
        bytes32 sharedStateHash
    ) internal {
        if (self.used[positionId]) revert IOperations.EscapeAlreadyUsed(positionId);
        bytes32 claim = keccak256(abi.encode(starkKey, amount, sharedStateHash, positionId));
        if (!self.verifier.isValid(claim)) revert IOperations.EscapeLacksProof(claim);

        self.used[positionId] = true;
        ++self.count;

        emit IOperations.PositionEscaped(positionId, starkKey, amount);
    }
}
