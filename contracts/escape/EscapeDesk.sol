// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IEscapeVerifier} from "../interfaces/IEscapeVerifier.sol";
import {IFreehold} from "../interfaces/IFreehold.sol";

/// @title Leaving a frozen exchange in one call
/// @notice Proves a position, escapes with it and pays its owner. Each step is open to anyone, so this contract has no
/// rights and holds nothing; whoever sends the call pays for it, the money goes to the key's owner.
contract EscapeDesk {
    /// @notice Refused as the step that refuses says; an owner who is not registered yet takes the three steps alone.
    function escapeAndWithdraw(
        IFreehold exchange,
        uint256[] calldata merkleProof,
        uint256 nAssets,
        uint256[] calldata sharedState
    ) external {
        (uint256 starkKey, uint256 amount, uint256 positionId) =
            IEscapeVerifier(exchange.escapeVerifier()).verifyEscape(merkleProof, nAssets, sharedState);
        exchange.escape(starkKey, positionId, amount);
        exchange.withdraw(starkKey, exchange.getSystemAssetType());
    }
}
