// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ApprovalChain} from "../common/ApprovalChain.sol";
import {Assets} from "../common/Assets.sol";
import {Configuration} from "../common/Configuration.sol";
import {Delays} from "../common/Delays.sol";
import {Deposits} from "../common/Deposits.sol";
import {Guarded} from "../common/Guarded.sol";
import {Roles} from "../common/Roles.sol";
import {SetApart} from "../common/SetApart.sol";
import {Users} from "../common/Users.sol";
import {Withdrawals} from "../common/Withdrawals.sol";
import {ICustody} from "../interfaces/ICustody.sol";
import {Routes} from "./Routes.sol";

/// @title Custody: the piece that moves money
/// @dev Tokens move after all books are written. Rules stand in the libraries, the manual in the interface.
contract Custody is ICustody, Guarded {
    using ApprovalChain for ApprovalChain.State;
    using Assets for Assets.State;
    using Configuration for Configuration.State;
    using Deposits for Deposits.State;
    using Roles for Roles.State;
    using Users for Users.State;
    using Withdrawals for Withdrawals.State;

    function identify() external pure returns (string memory) {
        return Routes.CUSTODY;
    }

    // --- keys

    function registerEthAddress(address ethKey, uint256 starkKey, bytes calldata starkSignature) external {
        Users.load().register(ethKey, starkKey, starkSignature);
    }

    function registerSender(uint256 starkKey, bytes calldata starkSignature) external {
        Users.load().register(msg.sender, starkKey, starkSignature);
    }

    function getEthKey(uint256 ownerKey) external view returns (address) {
        return Users.load().ownerOf(ownerKey);
    }

    // --- the collateral

    function registerSystemAssetType(uint256 assetType, bytes calldata assetInfo) external {
        Roles.load().requireTokenAdmin();
        // Deposits that wait while a first verifier and a first configuration still come at once: governors name their own,
        // and the first batch takes them all.
        Configuration.load().requireStarted();
        ApprovalChain.load().verifiers.requireAny();
        Assets.load().registerSystemAsset(assetType, assetInfo);
    }

    function registerToken(uint256, bytes calldata) external pure {
        revert ICustody.UnsupportedFunction();
    }

    function registerToken(uint256, bytes calldata, uint256) external pure {
        revert ICustody.UnsupportedFunction();
    }

    function getSystemAssetType() external view returns (uint256) {
        return Assets.load().systemAssetType;
    }

    function isAssetRegistered(uint256 assetType) external view returns (bool) {
        return assetType != 0 && assetType == Assets.load().systemAssetType;
    }

    function getAssetInfo(uint256 assetType) external view returns (bytes memory) {
        Assets.load().requireRegistered(assetType);
        return Assets.load().assetInfo;
    }

    function getQuantum(uint256) external pure returns (uint256) {
        return Assets.QUANTUM;
    }

    function calculateAssetIdWithTokenId(uint256 assetType, uint256) external view returns (uint256) {
        Assets.load().refuseOtherKind(assetType);
    }

    function calculateMintableAssetId(uint256 assetType, bytes calldata) external view returns (uint256) {
        Assets.load().refuseOtherKind(assetType);
    }

    function onERC721Received(address operator, address, uint256, bytes calldata) external view returns (bytes4) {
        return operator == address(this) ? this.onERC721Received.selector : bytes4(0);
    }

    // --- deposits

    function deposit(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 quantizedAmount) external {
        Assets.load().requireErc20(assetType);
        _deposit(starkKey, assetType, vaultId, quantizedAmount);
    }

    function depositERC20(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 quantizedAmount) external {
        Assets.load().requireErc20(assetType);
        _deposit(starkKey, assetType, vaultId, quantizedAmount);
    }

    function deposit(uint256 starkKey, uint256 assetType, uint256 vaultId) external payable {
        Assets.load().requireEth(assetType);
        _deposit(starkKey, assetType, vaultId, msg.value);
    }

    function depositEth(uint256 starkKey, uint256 assetType, uint256 vaultId) external payable {
        Assets.load().requireEth(assetType);
        _deposit(starkKey, assetType, vaultId, msg.value);
    }

    function _deposit(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 amount)
        private
        notFrozen
        nonReentrant
    {
        Users.requireOwnable(starkKey);
        bool byOwner = Users.load().ownerOf(starkKey) == msg.sender;
        Deposits.load().add(starkKey, assetType, vaultId, amount, byOwner);
        Assets.load().transferIn(amount);
    }

    function depositCancel(uint256 starkKey, uint256 assetId, uint256 vaultId) external {
        Users.load().requireOwner(starkKey);
        Deposits.load().cancel(starkKey, assetId, vaultId);
    }

    function depositReclaim(uint256 starkKey, uint256 assetType, uint256 vaultId) external nonReentrant {
        Users.load().requireOwner(starkKey);
        Assets.load().requireRegistered(assetType);
        uint256 delay = Delays.load().values.depositCancelDelay;
        uint256 amount = Deposits.load().reclaim(starkKey, assetType, vaultId, delay);
        Assets.load().transferOut(msg.sender, amount);
    }

    function getDepositBalance(uint256 starkKey, uint256 assetId, uint256 vaultId) external view returns (uint256) {
        return Deposits.load().slots[starkKey][assetId][vaultId].pending * Assets.QUANTUM;
    }

    function getQuantizedDepositBalance(uint256 starkKey, uint256 assetId, uint256 vaultId)
        external
        view
        returns (uint256)
    {
        return Deposits.load().slots[starkKey][assetId][vaultId].pending;
    }

    function getCancellationRequest(uint256 starkKey, uint256 assetId, uint256 vaultId)
        external
        view
        returns (uint256)
    {
        return Deposits.load().slots[starkKey][assetId][vaultId].cancelledAt;
    }

    function DEPOSIT_CANCEL_DELAY() external view returns (uint256) {
        return Delays.load().values.depositCancelDelay;
    }

    // --- withdrawals

    function withdraw(uint256 ownerKey, uint256 assetType) external nonReentrant {
        address recipient = Users.load().strictOwnerOf(ownerKey);
        Assets.load().requireRegistered(assetType);
        uint256 amount = Withdrawals.load().take(ownerKey, assetType, recipient, Assets.load().held());
        Assets.load().transferOut(recipient, amount);
    }

    function getWithdrawalBalance(uint256 ownerKey, uint256 assetId) external view returns (uint256) {
        return Withdrawals.load().booked(ownerKey, assetId) * Assets.QUANTUM;
    }

    function payableNow(uint256 ownerKey, uint256 assetId) external view returns (uint256) {
        (uint256 granted, uint256 claimed) =
            Withdrawals.load().payableNow(ownerKey, assetId, Assets.load().held());
        return granted + claimed;
    }

    function setApart() external view returns (uint256 deposits, uint256 withdrawals) {
        SetApart.State storage apart = SetApart.load();
        return (apart.deposits, apart.withdrawals);
    }

    function topUp() external payable {
        Assets.load().requireEth(Assets.load().systemAssetType);

        emit ToppedUp(msg.sender, msg.value);
    }

    // --- other kinds of token: refused

    function depositNft(uint256, uint256 assetType, uint256, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function depositERC1155(uint256, uint256 assetType, uint256, uint256, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function depositWithTokenId(uint256, uint256 assetType, uint256, uint256, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function depositWithTokenIdReclaim(uint256, uint256 assetType, uint256, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function depositNftReclaim(uint256, uint256 assetType, uint256, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function withdrawNft(uint256, uint256 assetType, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function withdrawWithTokenId(uint256, uint256 assetType, uint256) external view {
        Assets.load().refuseOtherKind(assetType);
    }

    function withdrawAndMint(uint256, uint256 assetType, bytes calldata) external view {
        Assets.load().refuseOtherKind(assetType);
    }
}
