// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What every set of governors announces
/// @notice There are two sets: the main one rules the exchange, the proxy's rules its code.
interface IGovernance {
    event LogNominatedGovernor(address nominatedGovernor);
    event LogNewGovernorAccepted(address acceptedGovernor);
    event LogRemovedGovernor(address removedGovernor);
    event LogNominationCancelled();
}
