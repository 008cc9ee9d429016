// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ICustody} from "../interfaces/ICustody.sol";
import {SetApart} from "./SetApart.sol";

/// @title Withdrawals: collateral that left its position and waits for its owner
/// @dev Granted by batches, or claimed by escapes. A batch's are set apart; claims are paid of what is then left, so that
/// the loss of a state that promises too much stays with those who leave by it.
library Withdrawals {
    using SetApart for SetApart.State;

    /// @dev Far from full: a batch grants less than 2^64 at once, and an escape verifier proves less than 2^104.
    struct Booking {
        uint128 granted;
        uint128 claimed;
    }

    /// @custom:storage-location erc7201:freehold.withdrawals
    struct State {
        mapping(uint256 ownerKey => mapping(uint256 assetId => Booking booking)) bookings;
    }

    bytes32 private constant SLOT = 0xbaac3d7f06229f6400abb60dfb962ef1bd64fd091f5b1da7078e03bb68b88800;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    /// @dev By a batch, whose caller adds up all for `SetApart.moved`.
    function grant(State storage self, uint256 ownerKey, uint256 assetType, uint256 amount) internal {
        self.bookings[ownerKey][assetType].granted += uint128(amount);

        emit ICustody.LogWithdrawalAllowed(ownerKey, assetType, amount, amount);
    }

    /// @dev By an escape.
    function claim(State storage self, uint256 ownerKey, uint256 assetType, uint256 amount) internal {
        self.bookings[ownerKey][assetType].claimed += uint128(amount);

        emit ICustody.LogWithdrawalAllowed(ownerKey, assetType, amount, amount);
    }

    function booked(State storage self, uint256 ownerKey, uint256 assetId) internal view returns (uint256) {
        Booking storage booking = self.bookings[ownerKey][assetId];
        return uint256(booking.granted) + booking.claimed;
    }

    /// @dev Of `held`, the exchange's balance.
    function payableNow(State storage self, uint256 ownerKey, uint256 assetId, uint256 held)
        internal
        view
        returns (uint256 granted, uint256 claimed)
    {
        Booking storage booking = self.bookings[ownerKey][assetId];
        (granted, claimed) = SetApart.load().free(held);
        (granted, claimed) = (Math.min(booking.granted, granted), Math.min(booking.claimed, claimed));
    }

    /// @dev Returns what the recipient is to be paid; what cannot be paid stays booked. Nothing booked is no error.
    function take(State storage self, uint256 ownerKey, uint256 assetType, address recipient, uint256 held)
        internal
        returns (uint256 amount)
    {
        (uint256 granted, uint256 claimed) = payableNow(self, ownerKey, assetType, held);
        amount = granted + claimed;
        uint256 left = booked(self, ownerKey, assetType) - amount;

        Booking storage booking = self.bookings[ownerKey][assetType];
        (booking.granted, booking.claimed) =
            (booking.granted - uint128(granted), booking.claimed - uint128(claimed));
        if (granted != 0) SetApart.load().paid(granted);

        emit ICustody.LogWithdrawalPerformed(ownerKey, assetType, amount, amount, recipient);
        if (left != 0) emit ICustody.WithdrawalIncomplete(ownerKey, amount, left);
    }
}
