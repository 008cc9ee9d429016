// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What every set of governors announces and refuses
/// @notice There are two sets: the main one rules the exchange, the proxy's rules its code.
interface IGovernance {
    event LogNominatedGovernor(address nominatedGovernor);
    event LogNewGovernorAccepted(address acceptedGovernor);
    event LogRemovedGovernor(address removedGovernor);
    event LogNominationCancelled();

    /// @notice Send this as a governor.
    error OnlyGovernance(address caller);
    /// @notice Nominate an account that is not zero.
    error BadAddress();
    /// @notice Nominate somebody else: the account governs already.
    error AlreadyGovernor(address account);
    /// @notice Name a governor to remove; the account is none.
    error NotGovernor(address account);
    /// @notice Cancel the nomination of `candidate` first.
    error OtherCandidatePending(address candidate);
    /// @notice Accept as the account that is nominated.
    error OnlyCandidateGovernor(address caller);
    /// @notice Announce or nominate anew, and wait in full: this could be used until `lapsedAt` and no longer.
    error AnnouncementLapsed(uint256 lapsedAt);
    /// @notice Have another governor remove you, so that one always remains.
    error GovernorSelfRemove();
}
