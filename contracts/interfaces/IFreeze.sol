// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The manual of the freeze: when the exchange stands still, and when it may go on
/// @notice Frozen, it takes no batch, no deposit and no request; deposits are reclaimed and withdrawals paid as before.
interface IFreeze {
    event LogFrozen();
    event LogUnFrozen();
    /// @dev Companion of `LogFrozen`.
    event FrozenByRequest(bytes32 indexed requestHash, uint256 unFreezeTime);

    /// @notice Withdraw and escape: the exchange is frozen and does nothing else, until governors resume it.
    error StateIsFrozen();
    /// @notice Ask for a forced withdrawal: the exchange is not frozen.
    error StateNotFrozen();
    /// @notice Freeze at `deadline` or later: until then the operator may serve the request.
    error GracePeriodNotOver(uint256 deadline);
    /// @notice Send the request anew, a trade with another nonce: its deadline was before the last freeze could end.
    error RefreezeAttempt(uint256 deadline, uint256 unfreezeTime);
    /// @notice Resume at `unfreezeTime` or later.
    error UnfreezeNotAllowedYet(uint256 unfreezeTime);
    /// @notice Leave it frozen: the state pays out what those who escaped have taken.
    error EscapesWereUsed(uint256 count);

    /// @notice Resume a frozen exchange after the delay, if nobody has escaped. Governors only.
    function unFreeze() external;
    function isFrozen() external view returns (bool);
    /// @notice When a frozen exchange may be resumed; it stays after that. Older requests cannot freeze again.
    function getUnFreezeTime() external view returns (uint256);
    function FREEZE_GRACE_PERIOD() external view returns (uint256);
    function UNFREEZE_DELAY() external view returns (uint256);
}
