// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {StarkCurve} from "../registry/StarkCurve.sol";
import {ApprovalChain} from "./ApprovalChain.sol";
import {Deposits} from "./Deposits.sol";
import {ForcedActions} from "./ForcedActions.sol";
import {Withdrawals} from "./Withdrawals.sol";

/// @title State updates: a proven program output, read word by word and applied
/// @dev Layout: contracts-perpetual 15.1. Nothing is believed before the verifiers know its hash.
library StateUpdate {
    using ApprovalChain for ApprovalChain.State;
    using Deposits for Deposits.State;
    using ForcedActions for ForcedActions.State;
    using Withdrawals for Withdrawals.State;

    error OutputTooShort(uint256 length, uint256 needed);
    error OutputLength(uint256 length, uint256 expected);
    error ApplicationDataTooShort(uint256 length, uint256 needed);
    error SystemTimeOutdated(uint256 systemTime, uint256 earliest);
    error SystemTimeInvalid(uint256 systemTime, uint256 latest);
    error ExpirationOutOfRange(uint256 expiration);
    error BatchExpired(uint256 expiration, uint256 currentHour);
    error InconsistentTreeHeight(uint256 before, uint256 after_);
    error GlobalConfigurationNotSet();
    error GlobalConfigurationMismatch(bytes32 found, bytes32 expected);
    /// @notice Synthetic assets, conditions, forced trades and rollup data are refused in this version.
    error Unsupported(string what, uint256 found);
    error InvalidPreviousSharedState(bytes32 found, bytes32 expected);
    error WrongPreviousBatchId(uint256 found, uint256 expected);
    error IllegalBalanceDifference(uint256 biased);
    error StarkKeyOutOfRange(uint256 starkKey);
    error TooManyForcedWithdrawals(uint256 count, uint256 limit);
    error ForcedActionsSize(uint256 size, uint256 count);

    event LogStateTransitionFact(bytes32 stateTransitionFact);
    event LogUpdateState(uint256 sequenceNumber, uint256 batchId);
    /// @notice Companion of the published event.
    event SharedStateUpdated(uint256 indexed sequenceNumber, bytes32 indexed sharedStateHash);

    uint256 private constant DIFFERENCE_BIAS = 1 << 64;
    uint256 private constant TIME_LAG_BOUND = 7 days;
    uint256 private constant TIME_ADVANCE_BOUND = 4 hours;
    uint256 private constant MAX_FORCED_WITHDRAWALS = 10;
    uint256 private constant FORCED_WITHDRAWAL_WORDS = 4;
    uint256 private constant SMALLEST_STATE = 8;

    struct State {
        bytes32 sharedStateHash;
        bytes32 globalConfigurationHash;
        uint256 sequenceNumber;
        uint256 lastBatchId;
        uint256 ordersRoot;
        uint256 ordersHeight;
    }

    /// @dev Where the parts of an output begin.
    struct Parts {
        uint256 before; // first word of the previous shared state
        uint256 beforeSize;
        uint256 after_; // first word of the new shared state
        uint256 afterSize;
        uint256 expiration;
        uint256 modifications; // the count
        uint256 forced; // the size
        uint256 conditions; // the count
    }

    function update(
        State storage self,
        ApprovalChain.State storage verifiers,
        ApprovalChain.State storage availability,
        uint256[] calldata output,
        uint256[] calldata applicationData
    ) internal returns (Parts memory parts) {
        parts = parse(output);
        checkTimes(output, parts);
        checkState(self, output, parts);
        if (applicationData.length < 3) revert ApplicationDataTooShort(applicationData.length, 3);
        if (applicationData[1] != self.lastBatchId) revert WrongPreviousBatchId(applicationData[1], self.lastBatchId);
        bytes32 fact = keccak256(abi.encodePacked(output));
        emit LogStateTransitionFact(fact);
        verifiers.requireProven(fact);
        uint256[] calldata next = output[parts.after_:parts.after_ + parts.afterSize];
        uint256 sequence = self.sequenceNumber + 1;
        availability.requireProven(keccak256(abi.encode(next[0], next[1], next[2], next[3], sequence)));

        self.sharedStateHash = keccak256(abi.encodePacked(next));
        self.sequenceNumber = sequence;
        self.lastBatchId = applicationData[0];

        emit LogUpdateState(sequence, applicationData[0]);
        emit SharedStateUpdated(sequence, self.sharedStateHash);
    }

    /// @dev Moves what the modifications say: deposits are used up, withdrawals allowed.
    function applyModifications(
        uint256[] calldata output,
        Parts memory parts,
        uint256 assetType,
        Deposits.State storage deposits,
        Withdrawals.State storage withdrawals
    ) internal {
        uint256 place = parts.modifications + 1;
        for (uint256 left = output[parts.modifications]; left > 0; --left) {
            uint256 starkKey = output[place];
            uint256 biased = output[place + 2];
            if (starkKey >= StarkCurve.FIELD) revert StarkKeyOutOfRange(starkKey);
            if (biased >= 2 * DIFFERENCE_BIAS) revert IllegalBalanceDifference(biased);
            if (biased > DIFFERENCE_BIAS) {
                deposits.consume(starkKey, assetType, output[place + 1], biased - DIFFERENCE_BIAS);
            } else if (biased < DIFFERENCE_BIAS) {
                withdrawals.allow(starkKey, assetType, DIFFERENCE_BIAS - biased);
            }
            place += 3;
        }
    }

    /// @dev Clears what the batch served, valid or proven invalid.
    function applyForcedActions(
        uint256[] calldata output,
        Parts memory parts,
        ForcedActions.State storage forced
    ) internal {
        uint256 size = output[parts.forced];
        uint256 count = output[parts.forced + 1];
        if (count > MAX_FORCED_WITHDRAWALS) revert TooManyForcedWithdrawals(count, MAX_FORCED_WITHDRAWALS);
        if (size != count * FORCED_WITHDRAWAL_WORDS) revert ForcedActionsSize(size, count);
        uint256 place = parts.forced + 2;
        for (; count > 0; --count) {
            if (output[place] != 0) revert Unsupported("forced action type", output[place]);
            forced.serve(ForcedActions.withdrawalHash(output[place + 1], output[place + 2], output[place + 3]));
            place += FORCED_WITHDRAWAL_WORDS;
        }
    }

    /// @dev Every count is bounded by the output's length before it is used, so no place wraps round.
    function parse(uint256[] calldata output) private pure returns (Parts memory parts) {
        need(output, 4);
        if (output[1] != 0) revert Unsupported("data availability mode", output[1]);
        if (output[2] != 0) revert Unsupported("asset configurations", output[2]);
        (parts.before, parts.beforeSize) = (4, sized(output, 3));
        uint256 place = parts.before + parts.beforeSize;
        (parts.after_, parts.afterSize) = (place + 1, sized(output, place));
        parts.expiration = parts.after_ + parts.afterSize;
        parts.modifications = parts.expiration + 1;
        need(output, parts.modifications + 1);
        uint256 count = bounded(output, output[parts.modifications]);
        parts.forced = parts.modifications + 1 + 3 * count;
        need(output, parts.forced + 2);
        parts.conditions = parts.forced + 2 + bounded(output, output[parts.forced]);
        need(output, parts.conditions + 1);
        if (output[parts.conditions] != 0) revert Unsupported("conditions", output[parts.conditions]);
        if (output.length != parts.conditions + 1) revert OutputLength(output.length, parts.conditions + 1);
    }

    /// @dev The size word at `place`: a shared state of at least the smallest size, within the output.
    function sized(uint256[] calldata output, uint256 place) private pure returns (uint256 size) {
        need(output, place + 1);
        size = bounded(output, output[place]);
        if (size != SMALLEST_STATE) revert Unsupported("shared state size", size);
        need(output, place + 1 + size);
    }

    function bounded(uint256[] calldata output, uint256 count) private pure returns (uint256) {
        if (count > output.length) revert OutputTooShort(output.length, count);
        return count;
    }

    function need(uint256[] calldata output, uint256 length) private pure {
        if (output.length < length) revert OutputTooShort(output.length, length);
    }

    function checkTimes(uint256[] calldata output, Parts memory parts) private view {
        uint256 systemTime = output[parts.after_ + parts.afterSize - 1];
        uint256 expiration = output[parts.expiration];
        if (expiration >= 1 << 32) revert ExpirationOutOfRange(expiration);
        if (systemTime >= 1 << 64) revert SystemTimeInvalid(systemTime, 1 << 64);
        if (systemTime + TIME_LAG_BOUND <= block.timestamp) {
            revert SystemTimeOutdated(systemTime, block.timestamp - TIME_LAG_BOUND + 1);
        }
        if (systemTime >= block.timestamp + TIME_ADVANCE_BOUND) {
            revert SystemTimeInvalid(systemTime, block.timestamp + TIME_ADVANCE_BOUND - 1);
        }
        if (expiration <= block.timestamp / 3600) revert BatchExpired(expiration, block.timestamp / 3600);
    }

    function checkState(State storage self, uint256[] calldata output, Parts memory parts) private view {
        for (uint256 i = 1; i <= 3; i += 2) {
            (uint256 old, uint256 new_) = (output[parts.before + i], output[parts.after_ + i]);
            if (old != new_) revert InconsistentTreeHeight(old, new_);
        }
        bytes32 configuration = self.globalConfigurationHash;
        if (configuration == 0) revert GlobalConfigurationNotSet();
        if (bytes32(output[0]) != configuration) revert GlobalConfigurationMismatch(bytes32(output[0]), configuration);
        bytes32 found = keccak256(abi.encodePacked(output[parts.before:parts.before + parts.beforeSize]));
        if (found != self.sharedStateHash) revert InvalidPreviousSharedState(found, self.sharedStateHash);
    }
}
