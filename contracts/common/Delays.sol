// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {UpgradeDelay} from "./UpgradeDelay.sol";

/// @title The delays, fixed at the first initialization
/// @dev In seconds. Defaults of a deployment: 2, 7, 365, 28 and 14 days. The bounds keep promises meaningful: money is
/// not locked for ever, a demand has a deadline, and whoever dislikes what governors announce has the grace period and a
/// week to leave.
library Delays {
    /// @dev What the delay of an announcement has beyond the grace period, at least: time to see it and to ask.
    uint256 private constant TIME_TO_ASK = 7 days;

    struct Values {
        uint48 depositCancelDelay;
        uint48 freezeGracePeriod;
        uint48 unfreezeDelay;
        uint48 verifierRemovalDelay;
        uint48 configurationDelay;
    }

    /// @custom:storage-location erc7201:freehold.parameters
    struct State {
        Values values;
    }

    bytes32 private constant SLOT = 0x981bfb92b0ea3b6ce56079543a7b50a47acb23fb8ddd1654722e563ade57c000;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    /// @dev Number 5 is the proxy's, which holds already. Without the last three: what users would leave for comes before
    /// the freeze that lets them go, or before a deposit that a batch took at the last moment could be asked for.
    function set(State storage self, Values memory values) internal {
        uint256 timeToAsk = values.depositCancelDelay > TIME_TO_ASK ? values.depositCancelDelay : TIME_TO_ASK;
        uint256 timeToLeave = values.freezeGracePeriod + timeToAsk;
        requireWithin(0, values.depositCancelDelay, 1 hours, 30 days);
        requireWithin(1, values.freezeGracePeriod, 1 days, 30 days);
        requireWithin(2, values.unfreezeDelay, 30 days, 5 * 365 days);
        requireWithin(3, values.verifierRemovalDelay, timeToLeave, 180 days);
        requireWithin(4, values.configurationDelay, timeToLeave, 180 days);
        requireWithin(5, UpgradeDelay.read(), timeToLeave, UpgradeDelay.MOST);

        self.values = values;
    }

    function requireWithin(uint256 index, uint256 delay, uint256 least, uint256 most) private pure {
        if (delay < least || delay > most) revert IDispatcher.DelayOutOfBounds(index, delay, least, most);
    }
}
