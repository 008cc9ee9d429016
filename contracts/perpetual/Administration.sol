// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Announcements} from "../common/Announcements.sol";
import {ApprovalChain} from "../common/ApprovalChain.sol";
import {Configuration} from "../common/Configuration.sol";
import {Delays} from "../common/Delays.sol";
import {Governance} from "../common/Governance.sol";
import {Guarded} from "../common/Guarded.sol";
import {Roles} from "../common/Roles.sol";
import {IAdministration} from "../interfaces/IAdministration.sol";
import {Genesis} from "./Genesis.sol";
import {Routes} from "./Routes.sol";

/// @title Administration: the piece that governors use
/// @dev Rules stand in the libraries, the manual in the interface.
contract Administration is IAdministration, Guarded {
    using ApprovalChain for ApprovalChain.State;
    using Configuration for Configuration.State;
    using Governance for Governance.State;
    using Roles for Roles.State;

    string public constant MAIN_GOVERNANCE_INFO_TAG = "StarkEx.Main.2019.GovernorsInformation";
    uint256 public constant MAX_VERIFIER_COUNT = ApprovalChain.MAX_ENTRIES;
    uint256 public constant ANNOUNCEMENT_WINDOW = Announcements.WINDOW;

    function identify() external pure returns (string memory) {
        return Routes.ADMINISTRATION;
    }

    // --- governors

    function mainIsGovernor(address user) external view returns (bool) {
        return Roles.load().main.governors[user];
    }

    function mainNominateNewGovernor(address newGovernor) external {
        Roles.load().main.nominate(newGovernor);
    }

    function mainAcceptGovernance() external {
        Roles.load().main.accept();
    }

    function mainCancelNomination() external {
        Roles.load().main.cancelNomination();
    }

    function mainRemoveGovernor(address governorForRemoval) external {
        Roles.load().main.remove(governorForRemoval);
    }

    // --- operators and token administrators

    function registerOperator(address newOperator) external {
        Roles.load().setOperator(newOperator, true);
    }

    function unregisterOperator(address removedOperator) external {
        Roles.load().setOperator(removedOperator, false);
    }

    function isOperator(address user) external view returns (bool) {
        return Roles.load().operators[user];
    }

    function registerTokenAdmin(address newAdmin) external {
        Roles.load().setTokenAdmin(newAdmin, true);
    }

    function unregisterTokenAdmin(address oldAdmin) external {
        Roles.load().setTokenAdmin(oldAdmin, false);
    }

    function isTokenAdmin(address testedAdmin) external view returns (bool) {
        return Roles.load().tokenAdmins[testedAdmin];
    }

    // --- verifiers

    function registerVerifier(address verifier, string calldata identifier) external onlyGovernor notFrozen {
        _verifiers().add(verifier, identifier);
    }

    function undoVerifierRegistration(address verifier) external onlyGovernor notFrozen {
        _verifiers().undoAddition(verifier, Genesis.load().sequenceNumber);
    }

    function announceVerifierRemovalIntent(address verifier) external onlyGovernor notFrozen {
        _verifiers().announceRemoval(verifier, _removalDelay());
    }

    function withdrawVerifierRemovalIntent(address verifier) external onlyGovernor {
        _verifiers().withdrawRemoval(verifier);
    }

    function removeVerifier(address verifier) external onlyGovernor notFrozen {
        _verifiers().remove(verifier, _removalDelay());
    }

    function getRegisteredVerifiers() external view returns (address[] memory) {
        return _verifiers().entries();
    }

    function isVerifier(address verifierAddress) external view returns (bool) {
        return _verifiers().contains(verifierAddress);
    }

    function verifierRemovalAllowedAt(address verifier) external view returns (uint256) {
        return _verifiers().removalAllowedAt(verifier, _removalDelay());
    }

    function registerAvailabilityVerifier(address verifier, string calldata identifier)
        external
        onlyGovernor
        notFrozen
    {
        _availabilityVerifiers().add(verifier, identifier);
    }

    function undoAvailabilityVerifierRegistration(address verifier) external onlyGovernor notFrozen {
        _availabilityVerifiers().undoAddition(verifier, Genesis.load().sequenceNumber);
    }

    function announceAvailabilityVerifierRemovalIntent(address verifier) external onlyGovernor notFrozen {
        _availabilityVerifiers().announceRemoval(verifier, _removalDelay());
    }

    function withdrawAvailabilityVerifierRemovalIntent(address verifier) external onlyGovernor {
        _availabilityVerifiers().withdrawRemoval(verifier);
    }

    function removeAvailabilityVerifier(address verifier) external onlyGovernor notFrozen {
        _availabilityVerifiers().remove(verifier, _removalDelay());
    }

    function getRegisteredAvailabilityVerifiers() external view returns (address[] memory) {
        return _availabilityVerifiers().entries();
    }

    function isAvailabilityVerifier(address verifierAddress) external view returns (bool) {
        return _availabilityVerifiers().contains(verifierAddress);
    }

    function availabilityVerifierRemovalAllowedAt(address verifier) external view returns (uint256) {
        return _availabilityVerifiers().removalAllowedAt(verifier, _removalDelay());
    }

    function VERIFIER_REMOVAL_DELAY() external view returns (uint256) {
        return _removalDelay();
    }

    // --- configuration

    function registerGlobalConfigurationChange(bytes32 configHash) external onlyGovernor {
        Configuration.load().register(Configuration.GLOBAL, configHash);
    }

    function applyGlobalConfigurationChange(bytes32 configHash) external onlyGovernor {
        Configuration.load().apply_(Configuration.GLOBAL, configHash, configurationDelay());
    }

    function removeGlobalConfigurationChange(bytes32 configHash) external onlyGovernor {
        Configuration.load().remove(Configuration.GLOBAL, configHash);
    }

    function registerAssetConfigurationChange(uint256 assetId, bytes32 configHash) external onlyGovernor {
        Configuration.requireAssetId(assetId);
        Configuration.load().register(assetId, configHash);
    }

    function applyAssetConfigurationChange(uint256 assetId, bytes32 configHash) external onlyGovernor {
        Configuration.requireAssetId(assetId);
        Configuration.load().apply_(assetId, configHash, configurationDelay());
    }

    function removeAssetConfigurationChange(uint256 assetId, bytes32 configHash) external onlyGovernor {
        Configuration.requireAssetId(assetId);
        Configuration.load().remove(assetId, configHash);
    }

    function globalConfigurationHash() external view returns (bytes32) {
        return Configuration.load().globalHash;
    }

    function configurationHash(uint256 assetId) external view returns (bytes32) {
        return Configuration.load().assetHashes[assetId];
    }

    function configurationDelay() public view returns (uint256) {
        return Delays.load().values.configurationDelay;
    }

    function configurationEnabledAt(uint256 assetId, bytes32 configHash) external view returns (uint256) {
        return Configuration.load().enabledAt(assetId, configHash, configurationDelay());
    }

    // ---

    function _verifiers() private view returns (ApprovalChain.State storage) {
        return ApprovalChain.load().verifiers;
    }

    function _availabilityVerifiers() private view returns (ApprovalChain.State storage) {
        return ApprovalChain.load().availabilityVerifiers;
    }

    function _removalDelay() private view returns (uint256) {
        return Delays.load().values.verifierRemovalDelay;
    }
}
