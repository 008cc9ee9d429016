// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ForcedTrades} from "../perpetual/ForcedTrades.sol";
import {ProgramOutput} from "../perpetual/ProgramOutput.sol";
import {SharedState} from "../perpetual/SharedState.sol";

/// @title What the exchange reads where, for comparison with the rules that write it
contract WordPlaces {
    using ProgramOutput for uint256[];
    using SharedState for uint256[];

    struct State {
        bytes32 hash;
        uint256 positionsRoot;
        uint256 positionsHeight;
        uint256 ordersRoot;
        uint256 ordersHeight;
        uint256[] funding;
        uint256 fundingTime;
        uint256[] prices;
        uint256 systemTime;
    }

    struct Modification {
        uint256 starkKey;
        uint256 positionId;
        uint256 biased;
    }

    struct Output {
        bool isRollup;
        bytes32 globalConfiguration;
        uint256[] assets;
        uint256[] stateBefore;
        uint256[] stateAfter;
        uint256 expiration;
        Modification[] modifications;
        uint256 forcedRequestCount;
        uint256[] forcedRequests;
        uint256[] conditions;
    }

    function isState(uint256[] calldata words) external pure returns (bool) {
        return words.isWellFormed();
    }

    function readState(uint256[] calldata words) external pure returns (State memory state) {
        state.hash = words.hash();
        (state.positionsRoot, state.positionsHeight) = (words.positionsRoot(), words.positionsHeight());
        (state.ordersRoot, state.ordersHeight) = (words.ordersRoot(), words.ordersHeight());
        (state.funding, state.fundingTime) = (words.funding(), words.fundingTime());
        (state.prices, state.systemTime) = (words.prices(), words.systemTime());
    }

    function readEmptyState(uint256[] calldata words) external pure returns (SharedState.Empty memory) {
        return SharedState.decodeEmpty(words);
    }

    function readOutput(uint256[] calldata words) external pure returns (Output memory output) {
        ProgramOutput.Parts memory parts = words.parse();
        output.isRollup = parts.isRollup;
        output.globalConfiguration = words.globalConfiguration();
        output.assets = words.assets();
        (output.stateBefore, output.stateAfter) = (words.stateBefore(parts), words.stateAfter(parts));
        output.expiration = words.expiration(parts);
        output.modifications = new Modification[](words.modificationCount(parts));
        for (uint256 i = 0; i < output.modifications.length; ++i) {
            (uint256 starkKey, uint256 positionId, uint256 biased) = words.modification(parts, i);
            output.modifications[i] = Modification(starkKey, positionId, biased);
        }
        output.forcedRequestCount = words.forcedRequestCount(parts);
        output.forcedRequests = words.forcedRequests(parts);
        output.conditions = words.conditions(parts);
    }

    function readWithdrawal(uint256[] calldata words) external pure returns (uint256, uint256, uint256) {
        return ProgramOutput.withdrawal(words);
    }

    function readTrade(uint256[] calldata words, uint256 collateralAssetId)
        external
        pure
        returns (ForcedTrades.Trade memory)
    {
        return ProgramOutput.trade(words, collateralAssetId);
    }
}
