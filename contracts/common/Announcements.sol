// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGovernance} from "../interfaces/IGovernance.sol";

/// @title Announcements: what governors say ahead can be used from when it is due, for a while, and then never
/// @dev Each kind keeps its own times. A lapsed one may be announced anew, and waits in full.
library Announcements {
    /// @dev From when an announcement is due until it lapses.
    uint256 internal constant WINDOW = 14 days;

    function isLapsed(uint256 dueAt) internal view returns (bool) {
        return block.timestamp >= dueAt + WINDOW;
    }

    /// @dev Without this: everything is announced once, in a quiet hour, and years later, when nobody remembers it and
    /// others hold money here, done in one day.
    function requireNotLapsed(uint256 dueAt) internal view {
        if (isLapsed(dueAt)) revert IGovernance.AnnouncementLapsed(dueAt + WINDOW);
    }
}
