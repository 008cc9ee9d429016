// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IOperations} from "../interfaces/IOperations.sol";

/// @title A stranger with gas: as many forced requests in a transaction as it may, for as little gas as it can
contract Flooder {
    uint256 public constant POSITION = 0xfffffffffff00000;
    uint256 public constant AMOUNT = 0xfefefefefefefefe;

    /// @notice Withdrawals of `first`, `first + 1`, ... quanta from a position, under this contract's own address as key.
    function withdrawals(IOperations exchange, uint256 positionId, uint256 first, uint256 count, bool premium)
        external
    {
        for (uint256 i = 0; i < count; ++i) {
            exchange.forcedWithdrawalRequest(uint160(address(this)), positionId, first + i, premium);
        }
    }

    /// @notice Trades with itself, with nonces `first`, `first + 1`, ...
    function trades(IOperations exchange, uint256 collateral, uint256 synthetic, uint256 first, uint256 count)
        external
    {
        uint256 key = uint160(address(this));
        for (uint256 i = 0; i < count; ++i) {
            exchange.forcedTradeRequest(
                key,
                key,
                POSITION,
                POSITION + 1,
                collateral,
                synthetic,
                AMOUNT,
                AMOUNT,
                true,
                block.timestamp / 1 hours,
                first + i,
                "",
                false
            );
        }
    }

    /// @notice EIP-1271: it agrees with everything.
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return this.isValidSignature.selector;
    }
}
