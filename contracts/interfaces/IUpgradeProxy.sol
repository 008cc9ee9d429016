// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGovernance} from "./IGovernance.sol";

/// @title The manual of the proxy: the code behind the exchange's address, and how it changes
/// @notice These functions answer before the exchange's own. Proxy governors announce new code; after the delay any of
/// them may run it, once. Nothing is upgraded while the exchange is frozen, nor ever again once the code is final.
interface IUpgradeProxy is IGovernance {
    event ImplementationAdded(address indexed implementation, bytes initializer, bool finalize);
    event ImplementationRemoved(address indexed implementation, bytes initializer, bool finalize);
    event ImplementationUpgraded(address indexed implementation, bytes initializer);
    event FinalizedImplementation(address indexed implementation);
    /// @notice EIP-1967's event, for explorers.
    event Upgraded(address indexed implementation);

    /// @notice Announce new code, what it is initialized with, and whether it is the last. Proxy governors only, frozen
    /// or not. Announcing again restarts the delay.
    function addImplementation(address newImplementation, bytes calldata data, bool finalize) external;

    /// @notice Withdraw an announcement. Proxy governors only.
    function removeImplementation(address implementation_, bytes calldata data, bool finalize) external;

    /// @notice Run what was announced, after its delay and before it lapses (`ANNOUNCEMENT_WINDOW`); the first code needs an
    /// announcement but no delay. Proxy governors only. The announcement is used up. Warning: `data` may name an initializer that writes anything.
    function upgradeTo(address newImplementation, bytes calldata data, bool finalize) external payable;

    /// @notice From when an announcement may be run; 0 if there is none.
    function implementationEnabledAt(address newImplementation, bytes calldata data, bool finalize)
        external
        view
        returns (uint256);

    function implementation() external view returns (address);
    function isNotFinalized() external view returns (bool);
    /// @notice Seconds between announcing code and running it.
    function getUpgradeActivationDelay() external view returns (uint256);
    function MAX_UPGRADE_DELAY() external view returns (uint256);
    function PROXY_VERSION() external view returns (string memory);
    function UPGRADE_DELAY_SLOT() external view returns (bytes32);
    function PROXY_GOVERNANCE_TAG() external view returns (string memory);

    function proxyIsGovernor(address user) external view returns (bool);
    /// @notice Name a candidate, who becomes a governor by accepting within `ANNOUNCEMENT_WINDOW`. Proxy governors only.
    function proxyNominateNewGovernor(address newGovernor) external;
    /// @notice Proxy governors only; none can be the last to go, for nobody removes their own account. An open nomination
    /// ends.
    function proxyRemoveGovernor(address governorForRemoval) external;
    /// @notice The candidate only.
    function proxyAcceptGovernance() external;
    /// @notice Proxy governors only. Without a candidate nothing happens.
    function proxyCancelNomination() external;

    /// @notice Choose a delay from `least` to `most` seconds.
    error UpgradeDelayOutOfBounds(uint256 delay, uint256 least, uint256 most);
    /// @notice Deploy the code first; there is none at this address.
    error ImplementationNotContract(address implementation);
    /// @notice Announce the upgrade first, with just this code, data and finality.
    error UnknownUpgradeInformation(bytes32 upgrade);
    /// @notice Leave the code: the last upgrade made it final.
    error ImplementationFinalized();
    /// @notice Upgrade at `enabledAt` or later.
    error UpgradeNotEnabledYet(uint256 enabledAt);
    /// @notice Announce an initializer that leaves the exchange running.
    error NewImplementationFrozen();
    /// @notice Initialize by `upgradeTo`.
    error CannotCallInitialize();
    /// @notice Announce the first code and upgrade to it.
    error MissingImplementation();
}
