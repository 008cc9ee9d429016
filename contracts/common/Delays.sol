// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IDispatcher} from "../interfaces/IDispatcher.sol";

/// @title The delays, fixed at the first initialization
/// @dev In seconds. Defaults of a deployment: 2, 7, 365, 28 and 7 days. The bounds keep promises meaningful: money is
/// not locked for ever, a demand has a deadline, and whoever dislikes an announced removal of a verifier has the grace
/// period and a week to leave.
library Delays {
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

    function set(State storage self, Values memory values) internal {
        requireWithin(0, values.depositCancelDelay, 1 hours, 30 days);
        requireWithin(1, values.freezeGracePeriod, 1 days, 30 days);
        requireWithin(2, values.unfreezeDelay, 30 days, 5 * 365 days);
        requireWithin(3, values.verifierRemovalDelay, values.freezeGracePeriod + 7 days, 180 days);
        requireWithin(4, values.configurationDelay, 1 days, 28 days);

        self.values = values;
    }

    function requireWithin(uint256 index, uint256 delay, uint256 least, uint256 most) private pure {
        if (delay < least || delay > most) revert IDispatcher.DelayOutOfBounds(index, delay, least, most);
    }
}
