// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {QueryContext} from "../verifier/QueryContext.sol";
import {QueryPhase} from "../verifier/QueryPhase.sol";

/// @title The query phase alone, for contexts that no header led to: what a test claims of itself
contract QueryPhaseHarness {
    function check(
        QueryContext.Context calldata context,
        QueryPhase.Settings calldata settings,
        bytes calldata openings
    ) external view {
        QueryPhase.checkPart(context, settings, 0, context.positions.length, openings);
    }
}
