// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";

/// @title Escapes: leaving a frozen exchange with what the last shared state says, once a position
library Escapes {
    error EscapeAlreadyUsed(uint256 positionId);
    error EscapeLacksProof(bytes32 claim);

    event PositionEscaped(uint256 indexed positionId, uint256 indexed starkKey, uint256 quantizedAmount);

    struct State {
        mapping(uint256 positionId => bool) used;
        uint256 count;
    }

    function use(
        State storage self,
        IFactRegistry verifier,
        uint256 starkKey,
        uint256 positionId,
        uint256 amount,
        bytes32 sharedStateHash
    ) internal {
        if (self.used[positionId]) revert EscapeAlreadyUsed(positionId);
        bytes32 claim = keccak256(abi.encode(starkKey, amount, sharedStateHash, positionId));
        if (!verifier.isValid(claim)) revert EscapeLacksProof(claim);

        self.used[positionId] = true;
        ++self.count;

        emit PositionEscaped(positionId, starkKey, amount);
    }
}
