// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Freeze: what an unserved forced action leads to
library Freeze {
    error StateIsFrozen();
    error StateNotFrozen();
    error ForcedActionUnrequested(bytes32 actionHash);
    error ForcedActionStillPending(uint256 deadline);
    /// @notice The request is older than the last freeze, which it cannot repeat.
    error RefreezeAttempt(uint256 deadline, uint256 unfreezeTime);
    error UnfreezeNotAllowedYet(uint256 unfreezeTime);
    /// @notice Somebody escaped: the frozen state pays out what the contract no longer holds.
    error EscapesWereUsed(uint256 count);

    event LogFrozen();
    event LogUnFrozen();

    struct State {
        bool frozen;
        uint256 unfreezeTime;
    }

    function requireNotFrozen(State storage self) internal view {
        if (self.frozen) revert StateIsFrozen();
    }

    function requireFrozen(State storage self) internal view {
        if (!self.frozen) revert StateNotFrozen();
    }

    function freeze(
        State storage self,
        bytes32 actionHash,
        uint256 requestedAt,
        uint256 gracePeriod,
        uint256 unfreezeDelay
    ) internal {
        if (requestedAt == 0) revert ForcedActionUnrequested(actionHash);
        uint256 deadline = requestedAt + gracePeriod;
        if (block.timestamp < deadline) revert ForcedActionStillPending(deadline);
        if (deadline <= self.unfreezeTime) revert RefreezeAttempt(deadline, self.unfreezeTime);

        self.frozen = true;
        self.unfreezeTime = block.timestamp + unfreezeDelay;

        emit LogFrozen();
    }

    /// @dev Forbidden once anybody escaped, for the frozen state still holds what they took.
    function unfreeze(State storage self, uint256 escapes) internal {
        requireFrozen(self);
        if (escapes != 0) revert EscapesWereUsed(escapes);
        if (block.timestamp < self.unfreezeTime) revert UnfreezeNotAllowedYet(self.unfreezeTime);

        self.frozen = false;

        emit LogUnFrozen();
    }
}
