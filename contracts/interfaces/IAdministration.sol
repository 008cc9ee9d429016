// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IGovernance} from "./IGovernance.sol";

/// @title The manual of administration: governors, operators, token administrators, verifiers, configuration
/// @notice Nothing here is given to users to call; `docs/roles.md` says what each role can do, and after which delay.
/// What is announced, here and to the proxy, can be used for `ANNOUNCEMENT_WINDOW` seconds from when it is due, and then
/// never; it may be announced anew, and waits in full.
interface IAdministration is IGovernance {
    event LogOperatorAdded(address operator);
    event LogOperatorRemoved(address operator);
    event LogTokenAdminAdded(address tokenAdmin);
    event LogTokenAdminRemoved(address tokenAdmin);
    event LogRegistered(address entry, string entryId);
    event LogRemovalIntent(address entry, string entryId);
    event LogRemovalIntentWithdrawn(address entry, string entryId);
    event LogRemoved(address entry, string entryId);
    event LogGlobalConfigurationRegistered(bytes32 configHash);
    event LogGlobalConfigurationApplied(bytes32 configHash);
    event LogGlobalConfigurationRemoved(bytes32 configHash);
    event LogAssetConfigurationRegistered(uint256 assetId, bytes32 configHash);
    event LogAssetConfigurationApplied(uint256 assetId, bytes32 configHash);
    event LogAssetConfigurationRemoved(uint256 assetId, bytes32 configHash);

    // --- governors

    function mainIsGovernor(address user) external view returns (bool);
    /// @notice Name a candidate, who becomes a governor by accepting within `ANNOUNCEMENT_WINDOW`. Governors only.
    function mainNominateNewGovernor(address newGovernor) external;
    /// @notice The candidate only.
    function mainAcceptGovernance() external;
    /// @notice Governors only. Without a candidate nothing happens.
    function mainCancelNomination() external;
    /// @notice Governors only; none can be the last to go, for nobody removes their own account. An open nomination ends.
    function mainRemoveGovernor(address governorForRemoval) external;
    function MAIN_GOVERNANCE_INFO_TAG() external view returns (string memory);

    // --- operators and token administrators

    /// @notice Governors only, at once. An operator is trusted for liveness: they move the state as proofs allow.
    function registerOperator(address newOperator) external;
    function unregisterOperator(address removedOperator) external;
    function isOperator(address user) external view returns (bool);
    /// @notice Governors only, at once. A token administrator names the collateral, once.
    function registerTokenAdmin(address newAdmin) external;
    function unregisterTokenAdmin(address oldAdmin) external;
    function isTokenAdmin(address testedAdmin) external view returns (bool);

    /// @notice Send this as an operator.
    error OnlyOperator(address caller);
    /// @notice Send this as a token administrator.
    error OnlyTokenAdmin(address caller);

    // --- verifiers

    /// @notice Add a registry that must know every state transition's fact, beside those that are there. Governors only,
    /// unless frozen, at once: it makes acceptance harder. `identifier` must be what the registry says of itself, and a
    /// registry that is not the first must have proven something before. Warning: the registry's code is not looked at.
    /// Until a batch was accepted with it, governors may take it back at once.
    function registerVerifier(address verifier, string calldata identifier) external;
    /// @notice Take back the newest entry of the list, at once: for one added by mistake, which would stop the exchange
    /// before its removal is due. The list is then what it was before. Governors only, unless frozen; not once a batch was
    /// accepted or an entry removed since the addition, nor before the exchange's first batch, nor the only entry.
    function undoVerifierRegistration(address verifier) external;
    /// @notice Start the delay of a removal, which makes acceptance easier. Governors only, unless frozen.
    function announceVerifierRemovalIntent(address verifier) external;
    /// @notice Withdraw an announced removal. Governors only.
    function withdrawVerifierRemovalIntent(address verifier) external;
    /// @notice Remove an announced entry after the delay, if every entry that stays has been in the list for as long; the
    /// last one stays. Governors only, unless frozen.
    function removeVerifier(address verifier) external;
    function getRegisteredVerifiers() external view returns (address[] memory);
    function isVerifier(address verifierAddress) external view returns (bool);

    /// @notice The same for the registries that know a Validium state's data to be available.
    function registerAvailabilityVerifier(address verifier, string calldata identifier) external;
    function undoAvailabilityVerifierRegistration(address verifier) external;
    function announceAvailabilityVerifierRemovalIntent(address verifier) external;
    function withdrawAvailabilityVerifierRemovalIntent(address verifier) external;
    function removeAvailabilityVerifier(address verifier) external;
    function getRegisteredAvailabilityVerifiers() external view returns (address[] memory);
    function isAvailabilityVerifier(address verifierAddress) external view returns (bool);

    /// @notice When an announced removal may be done, in either list, by its announcement and by the age of the entries
    /// that stay; 0 if none was announced, or it has lapsed.
    function verifierRemovalAllowedAt(address verifier) external view returns (uint256);
    function availabilityVerifierRemovalAllowedAt(address verifier) external view returns (uint256);
    function VERIFIER_REMOVAL_DELAY() external view returns (uint256);
    function MAX_VERIFIER_COUNT() external view returns (uint256);
    /// @notice Seconds from when an announcement is due until it lapses: a verifier's removal, a configuration, an upgrade.
    function ANNOUNCEMENT_WINDOW() external view returns (uint256);

    /// @notice Deploy the registry first; there is no code at this address.
    error AddressNotContract(address entry);
    /// @notice Name the registry by what it says of itself, `found`.
    error UnexpectedIdentifier(string found);
    /// @notice Remove another entry first: a list holds `limit`.
    error ChainAtMaxCapacity(uint256 limit);
    /// @notice Leave it at that: the registry is in the list.
    error EntryAlreadyExists(address entry);
    /// @notice Have the registry prove a fact first, so that it is seen to work.
    error EntryNotEnabled(address entry);
    /// @notice Name a registry of the list.
    error EntryDoesNotExist(address entry);
    /// @notice Wait for `allowedAt`, or withdraw: the removal was announced before.
    error AlreadyAnnounced(uint256 allowedAt);
    /// @notice Announce the removal first, then wait.
    error RemovalNotAnnounced(address entry);
    /// @notice Remove the registry at `allowedAt` or later.
    error RemovalNotEnabledYet(uint256 allowedAt);
    /// @notice Remove the registry at `settledAt` or later: `entry`, which would stay, is new, and users may not have
    /// looked at it.
    error RemainingEntryTooNew(address entry, uint256 settledAt);
    /// @notice Take back `newest` first, or announce the removal.
    error NotTheNewestEntry(address newest);
    /// @notice Announce the removal: another entry left at `lastRemovalAt`, because this one stayed.
    error ListHasChangedSince(uint256 lastRemovalAt);
    /// @notice Announce the removal: since the registry was added batches were accepted, the last is `sequenceNumber`.
    error EntryInUse(uint256 sequenceNumber);
    /// @notice Announce the removal: deposits wait for a first batch, and may have come because of this registry.
    error DepositsWaitForFirstBatch();
    /// @notice Add another registry first: an empty list accepts nothing.
    error LastEntryMayNotBeRemoved();
    /// @notice Have governors register a verifier first, and in Validium mode an availability verifier.
    error NoVerifiers();
    /// @notice Prove `fact` to the registry `entry` first, then send the batch again.
    error NoProof(address entry, bytes32 fact);

    // --- configuration

    /// @notice Announce a general configuration (oracle rules, fees, tree heights) by its hash. Governors only. Until the
    /// first general configuration is applied nothing can be proven or deposited, and changes apply at once; afterwards
    /// after `configurationDelay`. Warning: what the hash stands for is not looked at; registering again restarts the delay.
    function registerGlobalConfigurationChange(bytes32 configHash) external;
    /// @notice Apply an announced one. Governors only; the announcement is used up.
    function applyGlobalConfigurationChange(bytes32 configHash) external;
    /// @notice Take an announcement back. Governors only.
    function removeGlobalConfigurationChange(bytes32 configHash) external;
    /// @notice The same three for a synthetic asset: risk factors, oracle signers, resolution.
    function registerAssetConfigurationChange(uint256 assetId, bytes32 configHash) external;
    function applyAssetConfigurationChange(uint256 assetId, bytes32 configHash) external;
    function removeAssetConfigurationChange(uint256 assetId, bytes32 configHash) external;

    function globalConfigurationHash() external view returns (bytes32);
    /// @notice 0 for an asset that cannot be traded.
    function configurationHash(uint256 assetId) external view returns (bytes32);
    function configurationDelay() external view returns (uint256);
    /// @notice From when an announced change may be applied; 0 if it was not announced. The general one has `assetId` 2^256 - 1.
    function configurationEnabledAt(uint256 assetId, bytes32 configHash) external view returns (uint256);

    /// @notice Give a hash that is a field element and not 0.
    error InvalidConfigHash(bytes32 configHash);
    /// @notice Name a synthetic asset; their ids are below 2^120.
    error InvalidAssetId(uint256 assetId);
    /// @notice Announce the change first; an announcement is used up when it is applied.
    error ConfigurationNotRegistered(uint256 assetId, bytes32 configHash);
    /// @notice Apply the change at `enabledAt` or later.
    error ConfigurationNotEnabledYet(uint256 enabledAt);
    /// @notice Have governors apply a general configuration first.
    error GlobalConfigurationNotSet();
    /// @notice Prove the batch under the general configuration `expected`.
    error GlobalConfigurationMismatch(bytes32 found, bytes32 expected);
    /// @notice Prove the batch under the asset's configuration `expected`; 0 says that it has none.
    error AssetConfigurationMismatch(uint256 assetId, bytes32 found, bytes32 expected);
}
