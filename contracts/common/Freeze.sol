// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IOperations} from "../interfaces/IOperations.sol";
import {Head} from "./Head.sol";

/// @title Freeze: what an unserved forced action leads to
library Freeze {
    error StateIsFrozen();
    error StateNotFrozen();
    error ForcedActionUnrequested(bytes32 actionHash);
    error ForcedActionStillPending(uint256 deadline);
    /// @notice The request is older than the end of the last freeze, which it cannot repeat.
    error RefreezeAttempt(uint256 deadline, uint256 unfreezeTime);
    error UnfreezeNotAllowedYet(uint256 unfreezeTime);
    /// @notice Somebody escaped: the frozen state pays out what the contract no longer holds.
    error EscapesWereUsed(uint256 count);

    function requireNotFrozen(Head.State storage self) internal view {
        if (self.frozen) revert StateIsFrozen();
    }

    function requireFrozen(Head.State storage self) internal view {
        if (!self.frozen) revert StateNotFrozen();
    }

    /// @dev `requestedAt` is 0 for an action that is not pending.
    function freeze(
        Head.State storage self,
        bytes32 actionHash,
        uint256 requestedAt,
        uint256 gracePeriod,
        uint256 unfreezeDelay
    ) internal {
        if (requestedAt == 0) revert ForcedActionUnrequested(actionHash);
        uint256 deadline = requestedAt + gracePeriod;
        if (block.timestamp < deadline) revert ForcedActionStillPending(deadline);
        if (isOutlived(self, deadline)) revert RefreezeAttempt(deadline, self.unfreezeTime);

        self.frozen = true;
        self.unfreezeTime = uint48(block.timestamp + unfreezeDelay);

        emit IOperations.LogFrozen();
        emit IOperations.FrozenByAction(actionHash, self.unfreezeTime);
    }

    /// @dev A request whose deadline fell before the last freeze could end has no force any more.
    function isOutlived(Head.State storage self, uint256 deadline) internal view returns (bool) {
        return deadline <= self.unfreezeTime;
    }

    /// @dev Forbidden once anybody escaped, for the frozen state still holds what they took.
    function unfreeze(Head.State storage self, uint256 escapes) internal {
        requireFrozen(self);
        if (escapes != 0) revert EscapesWereUsed(escapes);
        if (block.timestamp < self.unfreezeTime) revert UnfreezeNotAllowedYet(self.unfreezeTime);

        self.frozen = false;

        emit IOperations.LogUnFrozen();
    }
}
