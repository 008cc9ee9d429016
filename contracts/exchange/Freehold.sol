// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "../interfaces/IFactRegistry.sol";
import {ApprovalChain} from "./ApprovalChain.sol";
import {Assets} from "./Assets.sol";
import {Configuration} from "./Configuration.sol";
import {Deposits} from "./Deposits.sol";
import {Escapes} from "./Escapes.sol";
import {ForcedActions} from "./ForcedActions.sol";
import {Freeze} from "./Freeze.sol";
import {Roles} from "./Roles.sol";
import {StateUpdate} from "./StateUpdate.sol";
import {Users} from "./Users.sol";
import {Withdrawals} from "./Withdrawals.sol";

/// @title The exchange: a table of contents
/// @notice Users hold collateral in positions of a tree whose root this contract commits to. An operator moves the root,
/// but only as a proof allows; whoever is not served in time freezes the exchange and leaves with its last state.
/// Function and event names are StarkPerpetual's; errors are typed.
/// @dev Each part's rules stand in its library. This contract routes calls to them, guards against reentrance, and lets
/// tokens move after all books are written.
contract Freehold {
    using ApprovalChain for ApprovalChain.State;
    using Assets for Assets.State;
    using Configuration for Configuration.State;
    using Deposits for Deposits.State;
    using Escapes for Escapes.State;
    using ForcedActions for ForcedActions.State;
    using Freeze for Freeze.State;
    using Roles for Roles.State;
    using StateUpdate for StateUpdate.State;
    using Users for Users.State;
    using Withdrawals for Withdrawals.State;

    error Reentrant();
    error DelayOutOfBounds(uint256 index, uint256 delay);
    error InitialStateLength(uint256 length);

    /// @dev Seconds. Defaults of the original: 2 days, 7 days, 365 days, 28 days, 0.
    struct Delays {
        uint256 depositCancel;
        uint256 freezeGrace;
        uint256 unfreeze;
        uint256 verifierRemoval;
        uint256 configuration;
    }

    /// @dev ERC-7201: keccak256(abi.encode(uint256(keccak256("freehold.exchange")) - 1)) & ~bytes32(uint256(0xff)).
    struct Books {
        Users.State users;
        Assets.State assets;
        Deposits.State deposits;
        Withdrawals.State withdrawals;
        ForcedActions.State forced;
        Freeze.State freeze;
        Escapes.State escapes;
        Roles.State roles;
        ApprovalChain.State verifiers;
        ApprovalChain.State availabilityVerifiers;
        Configuration.State configuration;
        StateUpdate.State state;
    }

    bytes32 private constant BOOKS_SLOT = 0x24c01731c25cead384f9fb9d8d093e13fbeb56baa870f1081783fddb688a4500;
    uint256 private constant MAX_DELAY = 5 * 365 days;

    uint256 public immutable DEPOSIT_CANCEL_DELAY;
    uint256 public immutable FREEZE_GRACE_PERIOD;
    uint256 public immutable UNFREEZE_DELAY;
    uint256 public immutable VERIFIER_REMOVAL_DELAY;
    uint256 public immutable configurationDelay;
    uint256 public constant MAX_VERIFIER_COUNT = ApprovalChain.MAX_ENTRIES;
    uint256 public constant MAX_FORCED_ACTIONS_REQS_PER_BLOCK = ForcedActions.MAX_REQUESTS_PER_BLOCK;
    IFactRegistry public immutable escapeVerifier;

    bool private transient _entered;

    modifier nonReentrant() {
        if (_entered) revert Reentrant();
        _entered = true;
        _;
        _entered = false;
    }

    modifier onlyGovernor() {
        _books().roles.requireGovernor();
        _;
    }

    modifier notFrozen() {
        _books().freeze.requireNotFrozen();
        _;
    }

    /// @param initialState The first shared state's 8 words; no synthetic asset, no price.
    constructor(Delays memory delays, IFactRegistry escapeVerifier_, uint256[] memory initialState) {
        uint256[5] memory all = [
            delays.depositCancel, delays.freezeGrace, delays.unfreeze, delays.verifierRemoval, delays.configuration
        ];
        for (uint256 i = 0; i < 5; ++i) {
            bool zeroAllowed = i == 4;
            if (all[i] > MAX_DELAY || (all[i] == 0 && !zeroAllowed)) revert DelayOutOfBounds(i, all[i]);
        }
        if (initialState.length != 8) revert InitialStateLength(initialState.length);
        DEPOSIT_CANCEL_DELAY = delays.depositCancel;
        FREEZE_GRACE_PERIOD = delays.freezeGrace;
        UNFREEZE_DELAY = delays.unfreeze;
        VERIFIER_REMOVAL_DELAY = delays.verifierRemoval;
        configurationDelay = delays.configuration;
        escapeVerifier = escapeVerifier_;
        _books().state.sharedStateHash = keccak256(abi.encodePacked(initialState));
        _books().roles.addFirstGovernor(msg.sender);
    }

    // --- users

    /// @notice Couple a Stark key with an address for ever. Anyone may call; the key's signature decides.
    function registerEthAddress(address ethKey, uint256 starkKey, bytes calldata starkSignature) external {
        _books().users.register(ethKey, starkKey, starkSignature);
    }

    function registerSender(uint256 starkKey, bytes calldata starkSignature) external {
        _books().users.register(msg.sender, starkKey, starkSignature);
    }

    /// @notice The address that owns a key; zero if none does.
    function getEthKey(uint256 ownerKey) external view returns (address) {
        return _books().users.ownerOf(ownerKey);
    }

    // --- deposits

    function deposit(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 quantizedAmount) external {
        _deposit(starkKey, assetType, vaultId, quantizedAmount);
    }

    function depositERC20(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 quantizedAmount) external {
        _deposit(starkKey, assetType, vaultId, quantizedAmount);
    }

    function deposit(uint256 starkKey, uint256 assetType, uint256 vaultId) external payable {
        _books().assets.requireEth(assetType);
        _deposit(starkKey, assetType, vaultId, msg.value);
    }

    function depositEth(uint256 starkKey, uint256 assetType, uint256 vaultId) external payable {
        _books().assets.requireEth(assetType);
        _deposit(starkKey, assetType, vaultId, msg.value);
    }

    /// @notice Ask a pending deposit back. Owner of the key only. Asking again restarts the delay.
    function depositCancel(uint256 starkKey, uint256 assetId, uint256 vaultId) external {
        _books().users.requireOwner(starkKey);
        _books().deposits.cancel(starkKey, assetId, vaultId);
    }

    /// @notice Take a cancelled deposit back after the delay. Owner of the key only; pays the caller.
    function depositReclaim(uint256 starkKey, uint256 assetType, uint256 vaultId) external nonReentrant {
        Books storage books = _books();
        books.users.requireOwner(starkKey);
        books.assets.requireRegistered(assetType);
        uint256 amount = books.deposits.reclaim(starkKey, assetType, vaultId, DEPOSIT_CANCEL_DELAY);
        books.assets.transferOut(msg.sender, amount);
    }

    function getDepositBalance(uint256 starkKey, uint256 assetId, uint256 vaultId) external view returns (uint256) {
        return _books().deposits.slots[starkKey][assetId][vaultId].pending;
    }

    function getQuantizedDepositBalance(uint256 starkKey, uint256 assetId, uint256 vaultId)
        external
        view
        returns (uint256)
    {
        return _books().deposits.slots[starkKey][assetId][vaultId].pending;
    }

    function getCancellationRequest(uint256 starkKey, uint256 assetId, uint256 vaultId)
        external
        view
        returns (uint256)
    {
        return _books().deposits.slots[starkKey][assetId][vaultId].cancelledAt;
    }

    // --- withdrawals

    /// @notice Pay what waits for a key to its owner. Anyone may call, frozen or not; nothing waiting is no error.
    function withdraw(uint256 ownerKey, uint256 assetType) external nonReentrant {
        Books storage books = _books();
        address recipient = books.users.strictOwnerOf(ownerKey);
        books.assets.requireRegistered(assetType);
        uint256 amount = books.withdrawals.take(ownerKey, assetType, recipient);
        books.assets.transferOut(recipient, amount);
    }

    function getWithdrawalBalance(uint256 ownerKey, uint256 assetId) external view returns (uint256) {
        return _books().withdrawals.pending[ownerKey][assetId];
    }

    // --- forced actions, freeze, escape

    /// @notice Demand a withdrawal. Owner of the key only. Ten a block are free; with `premiumCost` there is no limit,
    /// and the transaction burns a million gas.
    function forcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount, bool premiumCost)
        external
        notFrozen
    {
        _books().users.requireOwner(starkKey);
        _books().forced.requestWithdrawal(starkKey, vaultId, quantizedAmount, premiumCost);
    }

    /// @notice When a withdrawal was demanded; 0 if it was not, or was served.
    function getForcedWithdrawalRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount)
        external
        view
        returns (uint256)
    {
        return _books().forced.requestedAt[ForcedActions.withdrawalHash(starkKey, vaultId, quantizedAmount)];
    }

    function getActionCount() external view returns (uint256) {
        return _books().forced.hashes.length;
    }

    function getActionHashByIndex(uint256 actionIndex) external view returns (bytes32) {
        return _books().forced.hashAt(actionIndex);
    }

    /// @notice How many requests of this block are still free.
    function freeRequestsLeft() external view returns (uint256) {
        return _books().forced.freeRequestsLeft();
    }

    /// @notice Stop the exchange because a demanded withdrawal was not served in time. Anyone may call.
    function freezeRequest(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external notFrozen {
        if (vaultId >= ForcedActions.UPPER_BOUND_64) revert ForcedActions.PositionIdOutOfRange(vaultId);
        Books storage books = _books();
        bytes32 actionHash = ForcedActions.withdrawalHash(starkKey, vaultId, quantizedAmount);
        books.freeze.freeze(actionHash, books.forced.requestedAt[actionHash], FREEZE_GRACE_PERIOD, UNFREEZE_DELAY);
    }

    /// @notice Resume a frozen exchange after the delay, if nobody escaped. Governors only.
    function unFreeze() external onlyGovernor {
        _books().freeze.unfreeze(_books().escapes.count);
    }

    function isFrozen() external view returns (bool) {
        return _books().freeze.frozen;
    }

    /// @notice Credit what the escape verifier has proven of a position in the frozen state. Anyone may call; the money
    /// goes to the key's owner by `withdraw`.
    function escape(uint256 starkKey, uint256 vaultId, uint256 quantizedAmount) external {
        Books storage books = _books();
        books.freeze.requireFrozen();
        bytes32 stateHash = books.state.sharedStateHash;
        books.escapes.use(escapeVerifier, starkKey, vaultId, quantizedAmount, stateHash);
        books.withdrawals.allow(starkKey, books.assets.systemAssetType, quantizedAmount);
    }

    function escapeUsed(uint256 vaultId) external view returns (bool) {
        return _books().escapes.used[vaultId];
    }

    // --- state

    /// @notice Apply a proven program output. Operators only; trusts the verifiers and availability verifiers.
    function updateState(uint256[] calldata programOutput, uint256[] calldata applicationData)
        external
        notFrozen
        nonReentrant
    {
        Books storage books = _books();
        books.roles.requireOperator();
        StateUpdate.Parts memory parts = books.state.update(
            books.verifiers, books.availabilityVerifiers, programOutput, applicationData
        );
        StateUpdate.applyModifications(
            programOutput, parts, books.assets.systemAssetType, books.deposits, books.withdrawals
        );
        StateUpdate.applyForcedActions(programOutput, parts, books.forced);
    }

    function sharedStateHash() external view returns (bytes32) {
        return _books().state.sharedStateHash;
    }

    function getSequenceNumber() external view returns (uint256) {
        return _books().state.sequenceNumber;
    }

    function getLastBatchId() external view returns (uint256) {
        return _books().state.lastBatchId;
    }

    // --- configuration and assets

    function registerGlobalConfigurationChange(bytes32 configHash) external onlyGovernor {
        _books().configuration.register(configHash, configurationDelay);
    }

    function applyGlobalConfigurationChange(bytes32 configHash) external onlyGovernor {
        _books().configuration.consume(configHash);
        _books().state.globalConfigurationHash = configHash;
    }

    function removeGlobalConfigurationChange(bytes32 configHash) external onlyGovernor {
        _books().configuration.remove(configHash);
    }

    function globalConfigurationHash() external view returns (bytes32) {
        return _books().state.globalConfigurationHash;
    }

    /// @notice Name the collateral, once. Token administrators only.
    function registerSystemAssetType(uint256 assetType, bytes calldata assetInfo) external {
        _books().roles.requireTokenAdmin();
        _books().assets.registerSystemAsset(assetType, assetInfo);
    }

    function getSystemAssetType() external view returns (uint256) {
        return _books().assets.systemAssetType;
    }

    // --- roles

    function mainIsGovernor(address user) external view returns (bool) {
        return _books().roles.governors[user];
    }

    function mainNominateNewGovernor(address newGovernor) external onlyGovernor {
        _books().roles.nominate(newGovernor);
    }

    function mainAcceptGovernance() external {
        _books().roles.accept();
    }

    function mainCancelNomination() external onlyGovernor {
        _books().roles.cancelNomination();
    }

    function mainRemoveGovernor(address governorForRemoval) external onlyGovernor {
        _books().roles.removeGovernor(governorForRemoval);
    }

    function registerOperator(address newOperator) external onlyGovernor {
        _books().roles.setOperator(newOperator, true);
    }

    function unregisterOperator(address removedOperator) external onlyGovernor {
        _books().roles.setOperator(removedOperator, false);
    }

    function isOperator(address user) external view returns (bool) {
        return _books().roles.operators[user];
    }

    function registerTokenAdmin(address newAdmin) external onlyGovernor {
        _books().roles.setTokenAdmin(newAdmin, true);
    }

    function unregisterTokenAdmin(address oldAdmin) external onlyGovernor {
        _books().roles.setTokenAdmin(oldAdmin, false);
    }

    function isTokenAdmin(address testedAdmin) external view returns (bool) {
        return _books().roles.tokenAdmins[testedAdmin];
    }

    // --- verifiers

    function registerVerifier(address verifier, string calldata identifier) external onlyGovernor notFrozen {
        _books().verifiers.add(verifier, identifier);
    }

    function announceVerifierRemovalIntent(address verifier) external onlyGovernor notFrozen {
        _books().verifiers.announceRemoval(verifier, VERIFIER_REMOVAL_DELAY);
    }

    function removeVerifier(address verifier) external onlyGovernor notFrozen {
        _books().verifiers.remove(verifier);
    }

    function getRegisteredVerifiers() external view returns (address[] memory) {
        return _books().verifiers.entries;
    }

    function isVerifier(address verifierAddress) external view returns (bool) {
        return _books().verifiers.contains(verifierAddress);
    }

    function registerAvailabilityVerifier(address verifier, string calldata identifier)
        external
        onlyGovernor
        notFrozen
    {
        _books().availabilityVerifiers.add(verifier, identifier);
    }

    function announceAvailabilityVerifierRemovalIntent(address verifier) external onlyGovernor notFrozen {
        _books().availabilityVerifiers.announceRemoval(verifier, VERIFIER_REMOVAL_DELAY);
    }

    function removeAvailabilityVerifier(address verifier) external onlyGovernor notFrozen {
        _books().availabilityVerifiers.remove(verifier);
    }

    function getRegisteredAvailabilityVerifiers() external view returns (address[] memory) {
        return _books().availabilityVerifiers.entries;
    }

    function isAvailabilityVerifier(address verifierAddress) external view returns (bool) {
        return _books().availabilityVerifiers.contains(verifierAddress);
    }

    // ---

    function _deposit(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 amount)
        private
        notFrozen
        nonReentrant
    {
        Books storage books = _books();
        books.assets.requireRegistered(assetType);
        if (starkKey == 0) revert Deposits.InvalidDepositKey(starkKey);
        bool byOwner = books.users.ownerOf(starkKey) == msg.sender;
        books.deposits.add(starkKey, assetType, vaultId, amount, byOwner);
        books.assets.transferIn(amount);
    }

    function _books() private pure returns (Books storage books) {
        assembly ("memory-safe") {
            books.slot := BOOKS_SLOT
        }
    }
}
