// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {IFreeze} from "../interfaces/IFreeze.sol";
import {IUpgradeProxy} from "../interfaces/IUpgradeProxy.sol";
import {Announcements} from "./Announcements.sol";
import {Delegate} from "./Delegate.sol";
import {Governance} from "./Governance.sol";
import {UpgradeDelay} from "./UpgradeDelay.sol";

/// @title The exchange's address: its storage, and a time lock on its code
/// @notice `IUpgradeProxy` is the manual. The implementation stands in EIP-1967's slot.
contract FreeholdProxy is IUpgradeProxy {
    using Governance for Governance.State;

    string public constant PROXY_VERSION = "3.0.2+freehold.1";
    string public constant PROXY_GOVERNANCE_TAG = "StarkEx.Proxy.2019.GovernorsInformation";
    uint256 public constant MAX_UPGRADE_DELAY = UpgradeDelay.MOST;
    uint256 private constant MIN_UPGRADE_DELAY = 1 days;
    bytes32 public constant UPGRADE_DELAY_SLOT = UpgradeDelay.SLOT;
    /// @dev EIP-1967: keccak256("eip1967.proxy.implementation") - 1.
    bytes32 private constant IMPLEMENTATION_SLOT = 0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    /// @custom:storage-location erc7201:freehold.proxy
    struct State {
        Governance.State governance;
        mapping(bytes32 upgrade => uint256 time) enabledAt; // 0: not announced
        bool isFinal;
    }

    bytes32 private constant SLOT = 0x6ca4a1b5cdfefef6049dd64b062c083e1ae913da2abdbc9a59b0b848dba36200;

    /// @param upgradeActivationDelay Seconds, from a day to 180 days. The exchange, when it begins, asks for more than a
    /// day (`Delays.sol`).
    constructor(uint256 upgradeActivationDelay) {
        if (upgradeActivationDelay < MIN_UPGRADE_DELAY || upgradeActivationDelay > MAX_UPGRADE_DELAY) {
            revert UpgradeDelayOutOfBounds(upgradeActivationDelay, MIN_UPGRADE_DELAY, MAX_UPGRADE_DELAY);
        }
        UpgradeDelay.write(upgradeActivationDelay);
        _load().governance.begin(msg.sender);
    }

    // --- the code

    function addImplementation(address newImplementation, bytes calldata data, bool finalize) external {
        _load().governance.requireGovernor();
        if (newImplementation.code.length == 0) revert ImplementationNotContract(newImplementation);

        bytes32 upgrade = keccak256(abi.encode(newImplementation, data, finalize));
        _load().enabledAt[upgrade] = block.timestamp + getUpgradeActivationDelay();

        emit ImplementationAdded(newImplementation, data, finalize);
    }

    function removeImplementation(address implementation_, bytes calldata data, bool finalize) external {
        _load().governance.requireGovernor();
        bytes32 upgrade = keccak256(abi.encode(implementation_, data, finalize));
        if (_load().enabledAt[upgrade] == 0) revert UnknownUpgradeInformation(upgrade);

        delete _load().enabledAt[upgrade];

        emit ImplementationRemoved(implementation_, data, finalize);
    }

    function upgradeTo(address newImplementation, bytes calldata data, bool finalize) external payable {
        _load().governance.requireGovernor();
        if (_load().isFinal) revert ImplementationFinalized();
        bool first = implementation() == address(0);
        if (!first && IFreeze(address(this)).isFrozen()) revert IFreeze.StateIsFrozen();
        bytes32 upgrade = keccak256(abi.encode(newImplementation, data, finalize));
        uint256 enabledAt = _load().enabledAt[upgrade];
        if (enabledAt == 0) revert UnknownUpgradeInformation(upgrade);
        if (newImplementation.code.length == 0) revert ImplementationNotContract(newImplementation);
        if (!first && block.timestamp < enabledAt) revert UpgradeNotEnabledYet(enabledAt);
        Announcements.requireNotLapsed(enabledAt);

        delete _load().enabledAt[upgrade];
        _write(IMPLEMENTATION_SLOT, uint256(uint160(newImplementation)));
        if (finalize) _load().isFinal = true;

        emit ImplementationUpgraded(newImplementation, data);
        emit Upgraded(newImplementation);
        if (finalize) emit FinalizedImplementation(newImplementation);

        Delegate.run(newImplementation, abi.encodeCall(IDispatcher.initialize, (data)));
        if (IFreeze(address(this)).isFrozen()) revert NewImplementationFrozen();
    }

    /// @dev Shadows the implementation's own: initialization is a matter of `upgradeTo`.
    function initialize(bytes calldata) external pure {
        revert CannotCallInitialize();
    }

    function implementationEnabledAt(address newImplementation, bytes calldata data, bool finalize)
        external
        view
        returns (uint256)
    {
        return _load().enabledAt[keccak256(abi.encode(newImplementation, data, finalize))];
    }

    function implementation() public view returns (address) {
        return address(uint160(_read(IMPLEMENTATION_SLOT)));
    }

    function isNotFinalized() external view returns (bool) {
        return !_load().isFinal;
    }

    /// @dev An initializer may have written the slot, so the bound is applied again.
    function getUpgradeActivationDelay() public view returns (uint256) {
        uint256 delay = UpgradeDelay.read();
        return delay < MAX_UPGRADE_DELAY ? delay : MAX_UPGRADE_DELAY;
    }

    // --- the proxy's governors

    function proxyIsGovernor(address user) external view returns (bool) {
        return _load().governance.governors[user];
    }

    function proxyNominateNewGovernor(address newGovernor) external {
        _load().governance.nominate(newGovernor);
    }

    function proxyRemoveGovernor(address governorForRemoval) external {
        _load().governance.remove(governorForRemoval);
    }

    function proxyAcceptGovernance() external {
        _load().governance.accept();
    }

    function proxyCancelNomination() external {
        _load().governance.cancelNomination();
    }

    // --- everything else

    receive() external payable {
        revert IDispatcher.NotExpectedToReceive();
    }

    fallback() external payable {
        address code = implementation();
        if (code == address(0)) revert MissingImplementation();
        Delegate.forward(code);
    }

    // ---

    function _load() private pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function _read(bytes32 slot) private view returns (uint256 word) {
        assembly ("memory-safe") {
            word := sload(slot)
        }
    }

    function _write(bytes32 slot, uint256 word) private {
        assembly ("memory-safe") {
            sstore(slot, word)
        }
    }
}
