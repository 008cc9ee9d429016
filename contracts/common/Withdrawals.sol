// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICustody} from "../interfaces/ICustody.sol";

/// @title Withdrawals: collateral that left its position and waits for its owner
library Withdrawals {
    /// @custom:storage-location erc7201:freehold.withdrawals
    struct State {
        mapping(uint256 ownerKey => mapping(uint256 assetId => uint256 amount)) pending;
    }

    bytes32 private constant SLOT = 0xbaac3d7f06229f6400abb60dfb962ef1bd64fd091f5b1da7078e03bb68b88800;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function allow(State storage self, uint256 ownerKey, uint256 assetType, uint256 amount) internal {
        self.pending[ownerKey][assetType] += amount;

        emit ICustody.LogWithdrawalAllowed(ownerKey, assetType, amount, amount);
    }

    /// @dev Returns what the recipient is to be paid; nothing pending is no error.
    function take(State storage self, uint256 ownerKey, uint256 assetType, address recipient)
        internal
        returns (uint256 amount)
    {
        amount = self.pending[ownerKey][assetType];

        self.pending[ownerKey][assetType] = 0;

        emit ICustody.LogWithdrawalPerformed(ownerKey, assetType, amount, amount, recipient);
    }
}
