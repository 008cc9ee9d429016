// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IForcedRequests} from "../interfaces/IForcedRequests.sol";
import {IFreeze} from "../interfaces/IFreeze.sol";
import {Head} from "./Head.sol";

/// @title Freeze: what an unserved forced request leads to
library Freeze {
    function requireNotFrozen(Head.State storage self) internal view {
        if (self.frozen) revert IFreeze.StateIsFrozen();
    }

    function requireFrozen(Head.State storage self) internal view {
        if (!self.frozen) revert IFreeze.StateNotFrozen();
    }

    /// @dev `requestedAt` is 0 for a request that is not pending.
    function freeze(
        Head.State storage self,
        bytes32 requestHash,
        uint256 requestedAt,
        uint256 gracePeriod,
        uint256 unfreezeDelay
    ) internal {
        if (requestedAt == 0) revert IForcedRequests.ForcedRequestNotPending(requestHash);
        uint256 deadline = requestedAt + gracePeriod;
        if (block.timestamp < deadline) revert IFreeze.GracePeriodNotOver(deadline);
        if (isOutlived(self, deadline)) revert IFreeze.RefreezeAttempt(deadline, self.unfreezeTime);

        self.frozen = true;
        self.unfreezeTime = uint48(block.timestamp + unfreezeDelay);

        emit IFreeze.LogFrozen();
        emit IFreeze.FrozenByRequest(requestHash, self.unfreezeTime);
    }

    /// @dev A request whose deadline fell before the last freeze could end has no force any more.
    function isOutlived(Head.State storage self, uint256 deadline) internal view returns (bool) {
        return deadline <= self.unfreezeTime;
    }

    /// @dev Forbidden once anybody escaped, for the frozen state still holds what they took.
    function unfreeze(Head.State storage self, uint256 escapes) internal {
        requireFrozen(self);
        if (escapes != 0) revert IFreeze.EscapesWereUsed(escapes);
        if (block.timestamp < self.unfreezeTime) revert IFreeze.UnfreezeNotAllowedYet(self.unfreezeTime);

        self.frozen = false;

        emit IFreeze.LogUnFrozen();
    }
}
