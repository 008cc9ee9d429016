// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Configuration} from "../common/Configuration.sol";
import {Ranges} from "../common/Ranges.sol";
import {PRIME} from "../curves/Prime.sol";

/// @title Forced trades: what both parties agree on, and B's signature over it
/// @dev Party A sends the request; party B has signed one of two digests. The published one binds neither chain nor
/// contract, and wallets sign it raw; the EIP-712 one does and is shown in words. Either is good for one request.
library ForcedTrades {
    error IdenticalPositions(uint256 positionId);
    error SystemAssetNotInTrade(uint256 collateralAssetId, uint256 systemAssetType);
    error SystemAssetNotSet();
    error IdenticalAssets(uint256 assetId);
    error UnknownAsset(uint256 assetId);
    error InvalidNonce(uint256 nonce);
    error RequestTimeExpired(uint256 expirationHour, uint256 currentHour);
    error PartyBUnregistered(uint256 starkKey);
    error InvalidSignature(address owner);

    /// @dev In the order in which calls name them and EIP-712 shows them.
    struct Terms {
        uint256 starkKeyA;
        uint256 starkKeyB;
        uint256 positionIdA;
        uint256 positionIdB;
        uint256 collateralAssetId;
        uint256 syntheticAssetId;
        uint256 amountCollateral;
        uint256 amountSynthetic;
        bool aIsBuyingSynthetic;
    }

    struct Trade {
        Terms terms;
        uint256 nonce;
    }

    uint256 private constant SIGNATURE_BYTES = 65;
    /// @dev Of EIP-712's domain: name, version, chain id and contract.
    bytes1 private constant DOMAIN_FIELDS = 0x0f;
    bytes32 private constant TRADE_TYPE = keccak256(
        "ForcedTrade(uint256 starkKeyA,uint256 starkKeyB,uint256 vaultIdA,uint256 vaultIdB,uint256 collateralAssetId,"
        "uint256 syntheticAssetId,uint256 amountCollateral,uint256 amountSynthetic,bool aIsBuyingSynthetic,"
        "uint256 submissionExpirationTime,uint256 nonce)"
    );

    /// @dev Published: all ten fields packed, the flag in one byte.
    function hash(Trade memory trade) internal pure returns (bytes32) {
        Terms memory terms = trade.terms;
        return keccak256(
            abi.encodePacked(
                "FORCED_TRADE",
                terms.starkKeyA,
                terms.starkKeyB,
                terms.positionIdA,
                terms.positionIdB,
                terms.collateralAssetId,
                terms.syntheticAssetId,
                terms.amountCollateral,
                terms.amountSynthetic,
                terms.aIsBuyingSynthetic,
                trade.nonce
            )
        );
    }

    function requireWellFormed(Trade memory trade, uint256 systemAssetType, uint256 expirationHour) internal view {
        Terms memory terms = trade.terms;
        Ranges.requirePositionId(terms.positionIdA);
        Ranges.requirePositionId(terms.positionIdB);
        if (terms.positionIdA == terms.positionIdB) revert IdenticalPositions(terms.positionIdA);
        if (terms.collateralAssetId != systemAssetType) {
            revert SystemAssetNotInTrade(terms.collateralAssetId, systemAssetType);
        }
        if (terms.collateralAssetId == 0) revert SystemAssetNotSet();
        if (terms.collateralAssetId == terms.syntheticAssetId) revert IdenticalAssets(terms.syntheticAssetId);
        bool known = Configuration.load().assetHashes[terms.syntheticAssetId] != 0;
        if (!known) revert UnknownAsset(terms.syntheticAssetId);
        Ranges.requireAmount(terms.amountCollateral);
        Ranges.requireAmount(terms.amountSynthetic);
        if (trade.nonce >= PRIME) revert InvalidNonce(trade.nonce);
        uint256 currentHour = block.timestamp / 1 hours;
        if (expirationHour < currentHour) revert RequestTimeExpired(expirationHour, currentHour);
    }

    /// @dev Comes back if `owner`, B's, has signed. A contract's own answer counts for the EIP-712 digest only.
    function requireSigned(Trade memory trade, uint256 expirationHour, address owner, bytes calldata signature)
        internal
        view
    {
        if (owner == address(0)) revert PartyBUnregistered(trade.terms.starkKeyB);
        (bytes32 published, bytes32 typed) = digests(trade, expirationHour);
        // slither-disable-next-line unused-return -- the signer is zero where there is an error
        (address signer,,) = ECDSA.tryRecoverCalldata(typed, signature);
        bool signed = signer == owner || recover(published, signature) == owner
            || SignatureChecker.isValidERC1271SignatureNowCalldata(owner, typed, signature);
        if (!signed) revert InvalidSignature(owner);
    }

    function digests(Trade memory trade, uint256 expirationHour)
        internal
        view
        returns (bytes32 published, bytes32 typed)
    {
        published = keccak256(abi.encode(hash(trade), expirationHour));
        bytes32 domain = MessageHashUtils.toDomainSeparator(
            DOMAIN_FIELDS, keccak256("Freehold"), keccak256("1"), block.chainid, address(this), 0
        );
        bytes32 message = keccak256(abi.encode(TRADE_TYPE, trade.terms, expirationHour, trade.nonce));
        typed = MessageHashUtils.toTypedDataHash(domain, message);
    }

    /// @dev Published: what follows the 65 bytes is ignored, and either s is good, which is no danger for a request that is
    /// accepted once. Zero for what is no signature.
    function recover(bytes32 digest, bytes calldata signature) private pure returns (address) {
        if (signature.length < SIGNATURE_BYTES) return address(0);
        return ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
    }
}
