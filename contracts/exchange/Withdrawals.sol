// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Withdrawals: collateral that left its position and waits for its owner
library Withdrawals {
    event LogWithdrawalAllowed(
        uint256 ownerKey, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount
    );
    event LogWithdrawalPerformed(
        uint256 ownerKey, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount, address recipient
    );

    struct State {
        mapping(uint256 ownerKey => mapping(uint256 assetId => uint256 amount)) pending;
    }

    function allow(State storage self, uint256 ownerKey, uint256 assetType, uint256 amount) internal {
        self.pending[ownerKey][assetType] += amount;

        emit LogWithdrawalAllowed(ownerKey, assetType, amount, amount);
    }

    /// @dev Returns what the recipient is to be paid; nothing pending is no error.
    function take(State storage self, uint256 ownerKey, uint256 assetType, address recipient)
        internal
        returns (uint256 amount)
    {
        amount = self.pending[ownerKey][assetType];
        self.pending[ownerKey][assetType] = 0;

        emit LogWithdrawalPerformed(ownerKey, assetType, amount, amount, recipient);
    }
}
