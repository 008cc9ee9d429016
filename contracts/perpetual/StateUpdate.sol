// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ApprovalChain} from "../common/ApprovalChain.sol";
import {Assets} from "../common/Assets.sol";
import {Configuration} from "../common/Configuration.sol";
import {Delays} from "../common/Delays.sol";
import {Deposits} from "../common/Deposits.sol";
import {ForcedRequests} from "../common/ForcedRequests.sol";
import {Head} from "../common/Head.sol";
import {SetApart} from "../common/SetApart.sol";
import {Withdrawals} from "../common/Withdrawals.sol";
import {PRIME, fieldKeccak} from "../curves/Prime.sol";
import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {IOperations} from "../interfaces/IOperations.sol";
import {ApplicationData} from "./ApplicationData.sol";
import {ForcedTrades} from "./ForcedTrades.sol";
import {Genesis} from "./Genesis.sol";
import {ProgramOutput} from "./ProgramOutput.sol";
import {SharedState} from "./SharedState.sol";

/// @title State updates: a proven program output, read word by word and applied
/// @dev `ProgramOutput.sol` and `SharedState.sol` know the places of the words. Nothing is believed before the verifiers
/// know its hash. Above each check stands what somebody could do without it.
library StateUpdate {
    using ApplicationData for uint256[];
    using ApprovalChain for ApprovalChain.State;
    using Configuration for Configuration.State;
    using Deposits for Deposits.State;
    using ForcedRequests for ForcedRequests.State;
    using Genesis for Genesis.State;
    using ProgramOutput for uint256[];
    using SetApart for SetApart.State;
    using SharedState for uint256[];
    using Withdrawals for Withdrawals.State;

    uint256 private constant MAX_POSITIONS_HEIGHT = 64;
    uint256 private constant MAX_ORDERS_HEIGHT = 251;
    uint256 private constant UPPER_BOUND_63 = 1 << 63;
    uint256 private constant TIME_LAG_BOUND = 4 hours;
    uint256 private constant TIME_ADVANCE_BOUND = 4 hours;

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

    /// @dev Once; a second beginning would put another state in the users' place. `words` are the first shared state's: no synthetic asset, no price.
    function begin(State storage self, uint256 sequenceNumber, uint256[] memory words) internal {
        if (self.sharedStateHash != 0) revert IDispatcher.AlreadyInitialized();
        if (words.length != SharedState.SMALLEST) revert IDispatcher.InitialStateRefused(words.length);
        SharedState.Empty memory state = SharedState.decodeEmpty(words);
        bool inRange = state.fundingCount == 0 && state.priceCount == 0 && sequenceNumber < UPPER_BOUND_63
            && state.positionsHeight <= MAX_POSITIONS_HEIGHT && state.ordersHeight <= MAX_ORDERS_HEIGHT
            && state.systemTime < UPPER_BOUND_63;
        if (!inRange) revert IDispatcher.InitialStateRefused(words.length);

        self.sharedStateHash = keccak256(abi.encodePacked(words));
        (self.positionsRoot, self.ordersRoot) = (state.positionsRoot, state.ordersRoot);
        Head.State storage head = Head.load();
        (head.positionsHeight, head.ordersHeight) = (uint8(state.positionsHeight), uint8(state.ordersHeight));
        (head.systemTime, head.sequenceNumber) = (uint64(state.systemTime), uint64(sequenceNumber));
        Genesis.load().declare(state, sequenceNumber);
    }

    /// @dev The walk: what the output says, whether it may be said now, whether it follows, whether it is proven; then
    /// its effects, any of which may still refuse.
    function update(State storage self, uint256[] calldata output, uint256[] calldata applicationData) internal {
        ProgramOutput.Parts memory parts = output.parse();
        uint256[] calldata before = output.stateBefore(parts);
        uint256[] calldata next = output.stateAfter(parts);
        checkTimes(next.systemTime(), output.expiration(parts));
        checkPrevious(self, before, next);
        checkConfigurations(output);
        checkBatchId(self, applicationData);
        checkProven(output, parts, next);

        uint256 sequenceNumber = advance(self, before, next, applicationData.batchId());
        applyModifications(output, parts);
        checkConditions(output.conditions(parts), applicationData);
        applyForcedRequests(output.forcedRequests(parts), output.forcedRequestCount(parts));

        emit IOperations.LogUpdateState(sequenceNumber, applicationData.batchId());
    }

    function checkTimes(uint256 systemTime, uint256 expiration) private view {
        // An expiration that wraps round in the program's 32 bits of hours, so that old orders live on.
        if (expiration >= 1 << 32) revert IOperations.ExpirationOutOfRange(expiration);
        // A clock set ahead: orders expire before their time, funding is charged for hours that have not come.
        uint256 latest = block.timestamp + TIME_ADVANCE_BOUND - 1;
        if (systemTime > latest) revert IOperations.SystemTimeInvalid(systemTime, latest);
        // A clock left behind: the operator trades at prices that were signed long ago, while everybody sees today's; or keeps
        // a proven batch back and sends it only if the market has moved their way.
        uint256 earliest = block.timestamp - TIME_LAG_BOUND + 1;
        if (systemTime < earliest) revert IOperations.SystemTimeOutdated(systemTime, earliest);
        // A batch kept back until its orders have expired, and used then, as an option that their owners did not give.
        if (expiration <= block.timestamp / 1 hours) revert IOperations.BatchExpired(expiration, block.timestamp / 1 hours);
    }

    /// @dev Without the first two: a tree whose leaves are other nodes, with which positions cannot be proven any more.
    /// Without the last: a proof over invented balances, or a batch that comes twice.
    function checkPrevious(State storage self, uint256[] calldata before, uint256[] calldata next) private view {
        requireSameHeight(before.positionsHeight(), next.positionsHeight());
        requireSameHeight(before.ordersHeight(), next.ordersHeight());
        bytes32 found = before.hash();
        bytes32 expected = self.sharedStateHash;
        if (found != expected) revert IOperations.InvalidPreviousSharedState(found, expected);
    }

    function requireSameHeight(uint256 before, uint256 after_) private pure {
        if (before != after_) revert IOperations.InconsistentTreeHeight(before, after_);
    }

    /// @dev Without this: oracle keys, fees and risk factors of the operator's own choice.
    function checkConfigurations(uint256[] calldata output) private view {
        Configuration.State storage configuration = Configuration.load();
        configuration.requireGlobal(output.globalConfiguration());
        uint256[] calldata assets = output.assets();
        for (uint256 i = 0; i < assets.length; i += 2) configuration.requireAsset(assets[i], bytes32(assets[i + 1]));
    }

    /// @dev Without this: ids that do not tell in which order batches came, for all who follow them by their ids.
    function checkBatchId(State storage self, uint256[] calldata applicationData) private view {
        applicationData.requireHead();
        (uint256 found, uint256 expected) = (applicationData.previousBatchId(), self.lastBatchId);
        if (found != expected) revert IOperations.WrongPreviousBatchId(found, expected);
    }

    function checkProven(uint256[] calldata output, ProgramOutput.Parts memory parts, uint256[] calldata next) private {
        ApprovalChain.Chains storage chains = ApprovalChain.load();
        bytes32 fact = output.fact(parts);
        emit IOperations.LogStateTransitionFact(fact);
        // An output that no run of the program gives.
        chains.verifiers.requireProven(fact);
        if (parts.isRollup) return;
        // A state whose leaves the operator keeps to themselves: nobody could escape from it.
        chains.availabilityVerifiers.requireProven(next.availabilityClaim(uint256(Head.load().sequenceNumber) + 1));
    }

    /// @dev The stored roots are the previous state's, which the output names; one that stays is not read.
    function advance(State storage self, uint256[] calldata before, uint256[] calldata next, uint256 batchId)
        private
        returns (uint256 sequenceNumber)
    {
        bytes32 sharedStateHash = next.hash();
        uint256 systemTime = next.systemTime();

        self.sharedStateHash = sharedStateHash;
        if (next.positionsRoot() != before.positionsRoot()) self.positionsRoot = next.positionsRoot();
        if (next.ordersRoot() != before.ordersRoot()) self.ordersRoot = next.ordersRoot();
        self.lastBatchId = batchId;
        Head.State storage head = Head.load();
        sequenceNumber = uint256(head.sequenceNumber) + 1;
        (head.systemTime, head.sequenceNumber) = (uint64(systemTime), uint64(sequenceNumber));

        emit IOperations.SharedStateUpdated(sequenceNumber, sharedStateHash, next.positionsRoot(), systemTime);
    }

    /// @dev Deposits are used up, withdrawals allowed. `Deposits.take` refuses money that nobody deposited.
    function applyModifications(uint256[] calldata output, ProgramOutput.Parts memory parts) private {
        uint256 count = output.modificationCount(parts);
        if (count == 0) return;
        uint256 systemAssetType = Assets.load().systemAssetType;
        // Amounts booked for an asset that nobody holds.
        if (systemAssetType == 0) revert IOperations.CollateralNotSet();
        uint256 taken = 0;
        uint256 granted = 0;
        for (uint256 i = 0; i < count; ++i) {
            (uint256 starkKey, uint256 positionId, uint256 biased) = output.modification(parts, i);
            // A difference outside the program's range, which no position can have.
            if (biased >= 2 * ProgramOutput.DIFFERENCE_BIAS) revert IOperations.IllegalBalanceDifference(biased);
            // A second name for a key, one field's order above it, under which its deposits are not found.
            if (starkKey >= PRIME) revert IOperations.StarkKeyOutOfRange(starkKey);
            if (biased > ProgramOutput.DIFFERENCE_BIAS) {
                uint256 amount = biased - ProgramOutput.DIFFERENCE_BIAS;
                Deposits.load().take(starkKey, systemAssetType, positionId, amount);
                taken += amount;
            } else if (biased < ProgramOutput.DIFFERENCE_BIAS) {
                uint256 amount = ProgramOutput.DIFFERENCE_BIAS - biased;
                Withdrawals.load().grant(starkKey, systemAssetType, amount);
                granted += amount;
            }
        }
        if (taken + granted != 0) SetApart.load().moved(taken, granted);
    }

    /// @dev A conditional transfer happened, so its fact must be true.
    function checkConditions(uint256[] calldata conditions, uint256[] calldata applicationData) private view {
        applicationData.requireConditions(conditions.length);
        for (uint256 i = 0; i < conditions.length; ++i) {
            (address registry, bytes32 fact) = applicationData.condition(i);
            uint256 found = fieldKeccak(abi.encodePacked(registry, fact));
            // A fact of the operator's choice in the place of the one that the sender signed.
            if (found != conditions[i]) revert IOperations.ConditionMismatch(i, found, conditions[i]);
            // A transfer whose condition is not met: the sender pays for what did not happen.
            (bool answered, bytes memory answer) = registry.staticcall(abi.encodeCall(IFactRegistry.isValid, (fact)));
            bool met = answered && answer.length == 32 && uint256(bytes32(answer)) == 1;
            if (!met) revert IOperations.ConditionNotMet(i, registry, fact);
        }
    }

    /// @dev Clears what the batch served, valid or proven invalid: as many as were proven, for a limit would be a queue that
    /// anybody fills faster than it is emptied.
    function applyForcedRequests(uint256[] calldata words, uint256 count) private {
        uint256 place = 0;
        for (uint256 left = count; left > 0; --left) {
            // A count that reads requests out of the words that follow, and serves what the batch does not contain.
            if (place >= words.length) revert IOperations.ForcedRequestsSize(words.length, place);
            uint256 kind = words[place];
            if (kind == ProgramOutput.WITHDRAWAL) {
                serveWithdrawal(requestWords(words, place, ProgramOutput.WITHDRAWAL_WORDS));
                place += ProgramOutput.WITHDRAWAL_WORDS;
            } else if (kind == ProgramOutput.TRADE) {
                serveTrade(requestWords(words, place, ProgramOutput.TRADE_WORDS));
                place += ProgramOutput.TRADE_WORDS;
            } else {
                // A kind that this code does not clear: the request would stay pending and freeze the exchange.
                revert IOperations.UnknownRequestKind(kind);
            }
        }
        // Requests that the batch contains and that are not cleared: their owners would freeze the exchange.
        if (place != words.length) revert IOperations.ForcedRequestsSize(words.length, place);
    }

    /// @dev The words of one request. Without the check: a request whose last words are the conditions'.
    function requestWords(uint256[] calldata words, uint256 place, uint256 size)
        private
        pure
        returns (uint256[] calldata)
    {
        if (place + size > words.length) revert IOperations.ForcedRequestsSize(words.length, place + size);
        return words[place:place + size];
    }

    function serveWithdrawal(uint256[] calldata words) private {
        (uint256 starkKey, uint256 positionId, uint256 amount) = ProgramOutput.withdrawal(words);
        ForcedRequests.load().serveWithdrawal(ForcedRequests.withdrawalHash(starkKey, positionId, amount));
    }

    function serveTrade(uint256[] calldata words) private {
        ForcedTrades.Trade memory trade = ProgramOutput.trade(words, Assets.load().systemAssetType);
        ForcedRequests.load().serveTrade(ForcedTrades.hash(trade), Delays.load().values.freezeGracePeriod);
    }
}
