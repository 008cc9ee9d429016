// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Set apart: collateral that is held and belongs to no position
/// @dev The sums of what `Deposits.sol` and `Withdrawals.sol` keep by user. Without them a frozen state that promises more
/// than it holds is paid with deposits that never entered it. One word of storage, written once for a whole batch.
library SetApart {
    using Math for uint256;

    /// @custom:storage-location erc7201:freehold.set-apart
    struct State {
        // Far from full: a deposit is below 2^63, and so is a grant, but for one bit.
        uint128 deposits; // that no batch took yet
        uint128 withdrawals; // that batches granted, not paid yet
    }

    bytes32 private constant SLOT = 0x23ff2eb5ccfd7f960285dfa3d0c814a9405967f33f2b39e647e7addc740f2a00;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function deposited(State storage self, uint256 amount) internal {
        self.deposits += uint128(amount);
    }

    function reclaimed(State storage self, uint256 amount) internal {
        self.deposits -= uint128(amount);
    }

    /// @dev A batch took deposits into positions and granted withdrawals out of them.
    function moved(State storage self, uint256 taken, uint256 granted) internal {
        (uint128 deposits, uint128 withdrawals) = (self.deposits, self.withdrawals);
        (self.deposits, self.withdrawals) = (deposits - uint128(taken), withdrawals + uint128(granted));
    }

    function paid(State storage self, uint256 granted) internal {
        self.withdrawals -= uint128(granted);
    }

    /// @dev What of `held` may pay granted withdrawals, and what of it the claims of escaped positions.
    function free(State storage self, uint256 held) internal view returns (uint256 forWithdrawals, uint256 forClaims) {
        forWithdrawals = held.saturatingSub(self.deposits);
        forClaims = forWithdrawals.saturatingSub(self.withdrawals);
    }
}
