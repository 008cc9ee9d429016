// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ApprovalChain} from "../common/ApprovalChain.sol";
import {Assets} from "../common/Assets.sol";
import {Configuration} from "../common/Configuration.sol";
import {Deposits} from "../common/Deposits.sol";
import {ForcedRequests} from "../common/ForcedRequests.sol";
import {Head} from "../common/Head.sol";
import {Withdrawals} from "../common/Withdrawals.sol";
import {StarkCurve} from "../curves/StarkCurve.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IOperations} from "../interfaces/IOperations.sol";
import {ForcedTrades} from "./ForcedTrades.sol";

/// @title State updates: a proven program output, read word by word and applied
/// @dev Layout: docs/spec/contracts-perpetual.md 15.1. Nothing is believed before the verifiers know its hash.
library StateUpdate {
    using ApprovalChain for ApprovalChain.State;
    using Configuration for Configuration.State;
    using Deposits for Deposits.State;
    using ForcedRequests for ForcedRequests.State;
    using Withdrawals for Withdrawals.State;

    error AlreadyInitialized();
    error InitialStateRefused(uint256 length);
    error OutputTooShort(uint256 length, uint256 needed);
    error OutputLength(uint256 length, uint256 expected);
    error TooManyAssets(uint256 count);
    error SharedStateTooShort(uint256 size);
    error UnsupportedDataAvailabilityMode(uint256 mode);
    error ApplicationDataTooShort(uint256 length, uint256 needed);
    error SystemTimeOutdated(uint256 systemTime, uint256 earliest);
    error SystemTimeInvalid(uint256 systemTime, uint256 latest);
    error ExpirationOutOfRange(uint256 expiration);
    error BatchExpired(uint256 expiration, uint256 currentHour);
    error InconsistentTreeHeight(uint256 before, uint256 after_);
    error InvalidPreviousSharedState(bytes32 found, bytes32 expected);
    error WrongPreviousBatchId(uint256 found, uint256 expected);
    error IllegalBalanceDifference(uint256 biased);
    error StarkKeyOutOfRange(uint256 starkKey);
    error CollateralNotSet();
    error ConditionCountMismatch(uint256 found, uint256 expected);
    error ConditionMismatch(uint256 index, uint256 found, uint256 expected);
    error ConditionNotMet(uint256 index, address registry, bytes32 fact);
    error UnknownForcedAction(uint256 kind);
    error TooManyForcedWithdrawals(uint256 count, uint256 limit);
    error ForcedActionsSize(uint256 found, uint256 expected);

    uint256 private constant ROLLUP = 1;
    uint256 private constant MAX_ASSETS = (1 << 16) - 1;
    uint256 private constant SMALLEST_STATE = 8;
    uint256 private constant TIME_LAG_BOUND = 7 days;
    uint256 private constant TIME_ADVANCE_BOUND = 4 hours;
    uint256 private constant DIFFERENCE_BIAS = 1 << 64;
    uint256 private constant MASK_250 = (1 << 250) - 1;
    uint256 internal constant MAX_FORCED_WITHDRAWALS = 10;
    uint256 private constant WITHDRAWAL = 0;
    uint256 private constant TRADE = 1;
    uint256 private constant WITHDRAWAL_WORDS = 4;
    uint256 private constant TRADE_WORDS = 10;

    /// @custom:storage-location erc7201:freehold.state
    struct State {
        bytes32 sharedStateHash;
        uint256 positionsRoot;
        uint256 ordersRoot;
        uint256 lastBatchId;
    }

    bytes32 private constant SLOT = 0x5c13493deb14de74b431f22a38b19fb16dab938d5abbaa86d41748d454186400;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
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
        uint256 end; // of the main page
        bool isRollup;
    }

    /// @dev Once. `words` are the first shared state's: no synthetic asset, no price.
    function begin(State storage self, uint256 sequenceNumber, uint256[] memory words) internal {
        if (self.sharedStateHash != 0) revert AlreadyInitialized();
        bool empty = words.length == SMALLEST_STATE && words[4] == 0 && words[6] == 0;
        bool inRange = empty && sequenceNumber < 1 << 63 && words[1] <= 64 && words[3] <= 251 && words[7] < 1 << 63;
        if (!inRange) revert InitialStateRefused(words.length);

        self.sharedStateHash = keccak256(abi.encodePacked(words));
        (self.positionsRoot, self.ordersRoot) = (words[0], words[2]);
        Head.State storage head = Head.load();
        (head.positionsHeight, head.ordersHeight) = (uint8(words[1]), uint8(words[3]));
        (head.systemTime, head.sequenceNumber) = (uint64(words[7]), uint64(sequenceNumber));
    }

    /// @dev The walk: what the output says, whether it may be said now, whether it follows, whether it is proven; then
    /// its effects, any of which may still refuse.
    function update(State storage self, uint256[] calldata output, uint256[] calldata applicationData) internal {
        Parts memory parts = parse(output);
        checkTimes(output, parts);
        checkPrevious(self, output, parts);
        checkConfigurations(output);
        checkBatchId(self, applicationData);
        checkProven(output, parts);

        uint256 sequenceNumber = advance(self, output, parts, applicationData[0]);
        applyModifications(output, parts);
        checkConditions(output, parts, applicationData);
        applyForcedActions(output, parts);

        emit IOperations.LogUpdateState(sequenceNumber, applicationData[0]);
    }

    /// @dev Every count is bounded by the output's length before it is used, so no place wraps round.
    function parse(uint256[] calldata output) private pure returns (Parts memory parts) {
        need(output, 3);
        if (output[1] > ROLLUP) revert UnsupportedDataAvailabilityMode(output[1]);
        if (output[2] > MAX_ASSETS) revert TooManyAssets(output[2]);
        uint256 place = 3 + 2 * output[2];
        (parts.before, parts.beforeSize) = (place + 1, stateSize(output, place));
        place = parts.before + parts.beforeSize;
        (parts.after_, parts.afterSize) = (place + 1, stateSize(output, place));
        parts.expiration = parts.after_ + parts.afterSize;
        parts.modifications = parts.expiration + 1;
        parts.forced = parts.modifications + 1 + 3 * sizeAt(output, parts.modifications);
        parts.conditions = parts.forced + 2 + sizeAt(output, parts.forced);
        parts.end = parts.conditions + 1 + sizeAt(output, parts.conditions);
        parts.isRollup = output[1] == ROLLUP;
        uint256 length = parts.isRollup ? parts.end + 2 : parts.end;
        if (output.length != length) revert OutputLength(output.length, length);
    }

    /// @dev The size or count at `place`, refused if it exceeds the whole output.
    function sizeAt(uint256[] calldata output, uint256 place) private pure returns (uint256 size) {
        need(output, place + 1);
        size = output[place];
        need(output, size);
    }

    function stateSize(uint256[] calldata output, uint256 place) private pure returns (uint256 size) {
        size = sizeAt(output, place);
        if (size < SMALLEST_STATE) revert SharedStateTooShort(size);
        need(output, place + 1 + size);
    }

    function need(uint256[] calldata output, uint256 length) private pure {
        if (output.length < length) revert OutputTooShort(output.length, length);
    }

    function checkTimes(uint256[] calldata output, Parts memory parts) private view {
        uint256 expiration = output[parts.expiration];
        uint256 systemTime = output[parts.after_ + parts.afterSize - 1];
        if (expiration >= 1 << 32) revert ExpirationOutOfRange(expiration);
        uint256 latest = block.timestamp + TIME_ADVANCE_BOUND - 1;
        if (systemTime > latest) revert SystemTimeInvalid(systemTime, latest);
        uint256 earliest = block.timestamp - TIME_LAG_BOUND + 1;
        if (systemTime < earliest) revert SystemTimeOutdated(systemTime, earliest);
        if (expiration <= block.timestamp / 1 hours) revert BatchExpired(expiration, block.timestamp / 1 hours);
    }

    function checkPrevious(State storage self, uint256[] calldata output, Parts memory parts) private view {
        for (uint256 i = 1; i <= 3; i += 2) {
            (uint256 old, uint256 new_) = (output[parts.before + i], output[parts.after_ + i]);
            if (old != new_) revert InconsistentTreeHeight(old, new_);
        }
        bytes32 found = keccak256(abi.encodePacked(output[parts.before:parts.before + parts.beforeSize]));
        bytes32 expected = self.sharedStateHash;
        if (found != expected) revert InvalidPreviousSharedState(found, expected);
    }

    function checkConfigurations(uint256[] calldata output) private view {
        Configuration.State storage configuration = Configuration.load();
        configuration.requireGlobal(bytes32(output[0]));
        uint256 end = 3 + 2 * output[2];
        for (uint256 i = 3; i < end; i += 2) configuration.requireAsset(output[i], bytes32(output[i + 1]));
    }

    function checkBatchId(State storage self, uint256[] calldata applicationData) private view {
        if (applicationData.length < 3) revert ApplicationDataTooShort(applicationData.length, 3);
        uint256 expected = self.lastBatchId;
        if (applicationData[1] != expected) revert WrongPreviousBatchId(applicationData[1], expected);
    }

    function checkProven(uint256[] calldata output, Parts memory parts) private {
        ApprovalChain.Chains storage chains = ApprovalChain.load();
        bytes32 fact = parts.isRollup ? rollupFact(output, parts.end) : keccak256(abi.encodePacked(output));
        emit IOperations.LogStateTransitionFact(fact);
        chains.verifiers.requireProven(fact);
        if (parts.isRollup) return;
        uint256 place = parts.after_;
        chains.availabilityVerifiers.requireProven(
            keccak256(
                abi.encode(
                    output[place],
                    output[place + 1],
                    output[place + 2],
                    output[place + 3],
                    uint256(Head.load().sequenceNumber) + 1
                )
            )
        );
    }

    /// @dev A tree of two leaves, the main page and the data; the size's sum wraps as the published formula says.
    function rollupFact(uint256[] calldata output, uint256 end) private pure returns (bytes32) {
        bytes32 main = keccak256(abi.encodePacked(output[:end]));
        unchecked {
            bytes32 tree = keccak256(abi.encode(main, end, output[end], end + output[end + 1]));
            return bytes32(uint256(tree) + 1);
        }
    }

    /// @dev The stored roots are the previous state's, which the output names; one that stays is not read.
    function advance(State storage self, uint256[] calldata output, Parts memory parts, uint256 batchId)
        private
        returns (uint256 sequenceNumber)
    {
        uint256[] calldata next = output[parts.after_:parts.after_ + parts.afterSize];
        bytes32 sharedStateHash = keccak256(abi.encodePacked(next));
        uint256 systemTime = next[next.length - 1];

        self.sharedStateHash = sharedStateHash;
        if (next[0] != output[parts.before]) self.positionsRoot = next[0];
        if (next[2] != output[parts.before + 2]) self.ordersRoot = next[2];
        self.lastBatchId = batchId;
        Head.State storage head = Head.load();
        sequenceNumber = uint256(head.sequenceNumber) + 1;
        (head.systemTime, head.sequenceNumber) = (uint64(systemTime), uint64(sequenceNumber));

        emit IOperations.SharedStateUpdated(sequenceNumber, sharedStateHash, next[0], systemTime);
    }

    /// @dev Deposits are used up, withdrawals allowed.
    function applyModifications(uint256[] calldata output, Parts memory parts) private {
        uint256 count = output[parts.modifications];
        if (count == 0) return;
        uint256 systemAssetType = Assets.load().systemAssetType;
        if (systemAssetType == 0) revert CollateralNotSet();
        uint256 place = parts.modifications + 1;
        for (; count > 0; --count) {
            uint256 starkKey = output[place];
            uint256 biased = output[place + 2];
            if (biased >= 2 * DIFFERENCE_BIAS) revert IllegalBalanceDifference(biased);
            if (starkKey >= StarkCurve.FIELD) revert StarkKeyOutOfRange(starkKey);
            if (biased > DIFFERENCE_BIAS) {
                Deposits.load().take(starkKey, systemAssetType, output[place + 1], biased - DIFFERENCE_BIAS);
            } else if (biased < DIFFERENCE_BIAS) {
                Withdrawals.load().allow(starkKey, systemAssetType, DIFFERENCE_BIAS - biased);
            }
            place += 3;
        }
    }

    /// @dev A conditional transfer happened, so its fact must be true: `data[2]` pairs of registry and fact follow.
    function checkConditions(uint256[] calldata output, Parts memory parts, uint256[] calldata data) private view {
        uint256 count = output[parts.conditions];
        if (data[2] != count) revert ConditionCountMismatch(data[2], count);
        if (data.length < 3 + 2 * count) revert ApplicationDataTooShort(data.length, 3 + 2 * count);
        for (uint256 i = 0; i < count; ++i) {
            (address registry, bytes32 fact) = (address(uint160(data[3 + 2 * i])), bytes32(data[4 + 2 * i]));
            uint256 found = uint256(keccak256(abi.encodePacked(registry, fact))) & MASK_250;
            uint256 expected = output[parts.conditions + 1 + i];
            if (found != expected) revert ConditionMismatch(i, found, expected);
            (bool answered, bytes memory answer) = registry.staticcall(abi.encodeCall(IFactRegistry.isValid, (fact)));
            bool met = answered && answer.length == 32 && uint256(bytes32(answer)) == 1;
            if (!met) revert ConditionNotMet(i, registry, fact);
        }
    }

    /// @dev Clears what the batch served, valid or proven invalid.
    function applyForcedActions(uint256[] calldata output, Parts memory parts) private {
        uint256 place = parts.forced + 2;
        uint256 withdrawals = 0;
        for (uint256 left = output[parts.forced + 1]; left > 0; --left) {
            if (place >= parts.conditions) revert ForcedActionsSize(output[parts.forced], place - parts.forced - 2);
            uint256 kind = output[place];
            if (kind == WITHDRAWAL) {
                if (++withdrawals > MAX_FORCED_WITHDRAWALS) {
                    revert TooManyForcedWithdrawals(withdrawals, MAX_FORCED_WITHDRAWALS);
                }
                serveWithdrawal(actionWords(output, parts, place, WITHDRAWAL_WORDS));
                place += WITHDRAWAL_WORDS;
            } else if (kind == TRADE) {
                serveTrade(actionWords(output, parts, place, TRADE_WORDS));
                place += TRADE_WORDS;
            } else {
                revert UnknownForcedAction(kind);
            }
        }
        if (place != parts.conditions) revert ForcedActionsSize(output[parts.forced], place - parts.forced - 2);
    }

    /// @dev The words of one action, which must lie within the section of actions.
    function actionWords(uint256[] calldata output, Parts memory parts, uint256 place, uint256 size)
        private
        pure
        returns (uint256[] calldata)
    {
        if (place + size > parts.conditions) {
            revert ForcedActionsSize(output[parts.forced], place + size - parts.forced - 2);
        }
        return output[place:place + size];
    }

    function serveWithdrawal(uint256[] calldata words) private {
        ForcedRequests.load().serve(ForcedRequests.withdrawalHash(words[1], words[2], words[3]), false);
    }

    /// @dev The collateral is not among the words.
    function serveTrade(uint256[] calldata words) private {
        ForcedTrades.Trade memory trade = ForcedTrades.Trade(
            words[1],
            words[2],
            words[3],
            words[4],
            Assets.load().systemAssetType,
            words[5],
            words[6],
            words[7],
            words[8] != 0,
            words[9]
        );
        ForcedRequests.load().serve(ForcedTrades.hash(trade), true);
    }
}
