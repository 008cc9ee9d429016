// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20, SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {fieldKeccak} from "../curves/Prime.sol";
import {ICustody} from "../interfaces/ICustody.sol";

/// @title The one asset held here, and moving it
/// @dev The collateral is ETH or an ERC-20 token with quantum 1, set once. Transfers are checked by the balance they
/// move, so a token that takes a fee is refused; a token that changes balances on its own is not supported. A token's
/// own revert is passed on; it may answer nothing, but what it answers must be true.
library Assets {
    using SafeERC20 for IERC20;

    bytes4 private constant ETH = 0x8322fff2; // ETH()
    bytes4 private constant ERC20 = 0xf47261b0; // ERC20Token(address)
    uint256 internal constant QUANTUM = 1;

    /// @custom:storage-location erc7201:freehold.assets
    struct State {
        uint256 systemAssetType; // 0: not set
        bytes assetInfo;
        address token; // 0 for ETH
    }

    bytes32 private constant SLOT = 0x3ecee354375981b663011957beef577c75bfd51e445afa4a845fcd2821065900;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function registerSystemAsset(State storage self, uint256 assetType, bytes calldata assetInfo) internal {
        if (self.systemAssetType != 0) revert ICustody.SystemAssetTypeAlreadySet(self.systemAssetType);
        uint256 derived = fieldKeccak(abi.encodePacked(assetInfo, QUANTUM));
        if (assetType != derived || assetType == 0) revert ICustody.InvalidAssetType(assetType, derived);
        address token = tokenOf(assetInfo);

        self.systemAssetType = assetType;
        self.assetInfo = assetInfo;
        self.token = token;

        emit ICustody.LogTokenRegistered(assetType, assetInfo, QUANTUM);
        emit ICustody.LogSystemAssetType(assetType);
    }

    /// @dev Zero for ETH.
    function tokenOf(bytes calldata assetInfo) private view returns (address token) {
        bytes4 selector = bytes4(assetInfo);
        if (selector == ETH) {
            if (assetInfo.length != 4) revert ICustody.InvalidAssetString(assetInfo.length);
        } else if (selector == ERC20) {
            if (assetInfo.length != 36) revert ICustody.InvalidAssetString(assetInfo.length);
            uint256 word = uint256(bytes32(assetInfo[4:]));
            token = address(uint160(word));
            if (word >> 160 != 0 || token.code.length == 0) revert ICustody.BadTokenAddress(token);
        } else {
            revert ICustody.UnsupportedTokenType(selector);
        }
    }

    function requireRegistered(State storage self, uint256 assetType) internal view {
        if (assetType == 0 || assetType != self.systemAssetType) revert ICustody.AssetTypeNotRegistered(assetType);
    }

    function requireEth(State storage self, uint256 assetType) internal view {
        requireRegistered(self, assetType);
        if (self.token != address(0)) revert ICustody.NotEth(assetType);
    }

    function requireErc20(State storage self, uint256 assetType) internal view {
        requireRegistered(self, assetType);
        if (self.token == address(0)) revert ICustody.NotErc20(assetType);
    }

    /// @dev Published functions for other kinds of token end here.
    function refuseOtherKind(State storage self, uint256 assetType) internal view {
        requireRegistered(self, assetType);
        revert ICustody.WrongTokenKind(assetType);
    }

    /// @dev The exchange's balance, however it came.
    function held(State storage self) internal view returns (uint256) {
        address token = self.token;
        return token == address(0) ? address(this).balance : IERC20(token).balanceOf(address(this));
    }

    /// @dev Takes `amount` from the caller. ETH came with the call, which names no other amount.
    function transferIn(State storage self, uint256 amount) internal {
        IERC20 token = IERC20(self.token);
        if (address(token) == address(0) || amount == 0) return;
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), amount);
        uint256 after_ = token.balanceOf(address(this));
        // slither-disable-next-line incorrect-equality -- a token that moves another amount is refused
        bool exact = after_ >= before && after_ - before == amount;
        if (!exact) revert ICustody.IncorrectAmountTransferred(before, after_, amount);
    }

    /// @dev The recipient is a key's owner or the caller, never zero.
    function transferOut(State storage self, address recipient, uint256 amount) internal {
        if (amount == 0) return;
        if (self.token == address(0)) {
            (bool sent,) = recipient.call{value: amount}("");
            if (!sent) revert ICustody.EthTransferFailed(recipient);
            return;
        }
        IERC20 token = IERC20(self.token);
        uint256 before = token.balanceOf(address(this));
        token.safeTransfer(recipient, amount);
        uint256 after_ = token.balanceOf(address(this));
        // slither-disable-next-line incorrect-equality -- the same
        bool exact = before >= after_ && before - after_ == amount;
        if (!exact) revert ICustody.IncorrectAmountTransferred(before, after_, amount);
    }
}
