// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IStarkCurve} from "./IStarkCurve.sol";

/// @title The manual of custody: keys, the collateral, deposits and withdrawals
/// @notice One asset is held, the system asset; it is ETH or an ERC-20 token, with quantum 1. Functions for other kinds of
/// token exist because v3.2 has them; they name the reason and refuse.
/// Amounts are quantized unless said; an asset's id is its type. "Owner" of a key: the address it was registered for, or,
/// for a key below 2^160 that nobody registered, the address of that number.
interface ICustody is IStarkCurve {
    event LogUserRegistered(address ethKey, uint256 starkKey, address sender);
    event LogTokenRegistered(uint256 assetType, bytes assetInfo, uint256 quantum);
    event LogSystemAssetType(uint256 assetType);
    event LogDeposit(
        address depositorEthKey,
        uint256 starkKey,
        uint256 vaultId,
        uint256 assetType,
        uint256 nonQuantizedAmount,
        uint256 quantizedAmount
    );
    event LogDepositCancel(uint256 starkKey, uint256 vaultId, uint256 assetId);
    event LogDepositCancelReclaimed(
        uint256 starkKey, uint256 vaultId, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount
    );
    event LogWithdrawalAllowed(
        uint256 ownerKey, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount
    );
    event LogWithdrawalPerformed(
        uint256 ownerKey, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount, address recipient
    );
    /// @notice Less was held than is owed: `stillBooked` waits for the key, see `payableNow`.
    event WithdrawalIncomplete(uint256 indexed ownerKey, uint256 quantizedAmount, uint256 stillBooked);
    /// @notice Ether came that belongs to nobody yet; whoever is owed more than was held is paid of it.
    event ToppedUp(address indexed sender, uint256 amount);
    /// @notice A batch took a pending deposit into its position.
    event DepositAccepted(uint256 indexed starkKey, uint256 indexed positionId, uint256 quantizedAmount);

    /// @dev Events of v3.2 for token kinds that are never the collateral; nothing here emits them.
    event LogDepositNftCancelReclaimed(
        uint256 starkKey, uint256 vaultId, uint256 assetType, uint256 tokenId, uint256 assetId
    );
    event LogDepositWithTokenId(
        address depositorEthKey,
        uint256 starkKey,
        uint256 vaultId,
        uint256 assetType,
        uint256 tokenId,
        uint256 assetId,
        uint256 nonQuantizedAmount,
        uint256 quantizedAmount
    );
    event LogDepositWithTokenIdCancelReclaimed(
        uint256 starkKey,
        uint256 vaultId,
        uint256 assetType,
        uint256 tokenId,
        uint256 assetId,
        uint256 nonQuantizedAmount,
        uint256 quantizedAmount
    );
    event LogMintWithdrawalPerformed(
        uint256 ownerKey, uint256 assetType, uint256 nonQuantizedAmount, uint256 quantizedAmount, uint256 assetId
    );
    event LogMintableWithdrawalAllowed(uint256 ownerKey, uint256 assetId, uint256 quantizedAmount);
    event LogNftDeposit(
        address depositorEthKey, uint256 starkKey, uint256 vaultId, uint256 assetType, uint256 tokenId, uint256 assetId
    );
    event LogNftWithdrawalAllowed(uint256 ownerKey, uint256 assetId);
    event LogNftWithdrawalPerformed(
        uint256 ownerKey, uint256 assetType, uint256 tokenId, uint256 assetId, address recipient
    );
    event LogAssetWithdrawalAllowed(uint256 ownerKey, uint256 assetId, uint256 quantizedAmount);
    event LogWithdrawalWithTokenIdPerformed(
        uint256 ownerKey,
        uint256 assetType,
        uint256 tokenId,
        uint256 assetId,
        uint256 nonQuantizedAmount,
        uint256 quantizedAmount,
        address recipient
    );

    // --- keys

    /// @notice Couple a Stark key with an address, for ever. Anyone may call, frozen or not: the key's own signature over
    /// the address decides. `starkSignature` is r, s and the key's y coordinate, 32 bytes each.
    function registerEthAddress(address ethKey, uint256 starkKey, bytes calldata starkSignature) external;

    /// @notice The same for the caller's address.
    function registerSender(uint256 starkKey, bytes calldata starkSignature) external;

    /// @notice A key's owner; zero if nobody owns it.
    function getEthKey(uint256 ownerKey) external view returns (address);

    /// @notice Use a key that somebody can own: an x of the curve or, for deposits, an address's number.
    error InvalidStarkKey(uint256 starkKey);
    /// @notice Register the key for an address that is not zero.
    error InvalidEthAddress();
    /// @notice Register another key: this one belongs to `owner`, for ever.
    error StarkKeyUnavailable(uint256 starkKey, address owner);
    /// @notice Sign with 96 bytes: r, s and the key's y coordinate.
    error InvalidSignatureLength(uint256 length);
    /// @notice Register the key first; nobody owns it.
    error UserUnregistered(uint256 starkKey);
    /// @notice Send this as `owner`, whose key it is.
    error NotKeyOwner(uint256 starkKey, address caller, address owner);

    // --- the collateral

    /// @notice Name the collateral, once and for ever; deposits can come from then on. Token administrators only, after the
    /// first verifier and the first general configuration. `assetInfo` is ETH's or ERC-20's; the type must be its hash.
    /// Warning: the token's code is trusted to move what it says.
    function registerSystemAssetType(uint256 assetType, bytes calldata assetInfo) external;

    /// @notice Always refused: positions hold one registered token.
    function registerToken(uint256 assetType, bytes calldata assetInfo) external;
    function registerToken(uint256 assetType, bytes calldata assetInfo, uint256 quantum) external;

    /// @notice 0 until it is named.
    function getSystemAssetType() external view returns (uint256);
    function isAssetRegistered(uint256 assetType) external view returns (bool);
    /// @notice Refused for an unregistered type.
    function getAssetInfo(uint256 assetType) external view returns (bytes memory);
    /// @notice 1, for the collateral as for anything else.
    function getQuantum(uint256 presumedAssetType) external view returns (uint256);
    /// @notice Refused: the collateral takes no token id and is not minted.
    function calculateAssetIdWithTokenId(uint256 assetType, uint256 tokenId) external view returns (uint256);
    function calculateMintableAssetId(uint256 assetType, bytes calldata mintingBlob) external view returns (uint256);
    /// @notice Refuses safe transfers by answering with zero, unless the exchange itself is their operator.
    function onERC721Received(address operator, address from, uint256 tokenId, bytes calldata data)
        external
        view
        returns (bytes4);

    /// @notice Name the collateral's type, `getSystemAssetType`.
    error AssetTypeNotRegistered(uint256 assetType);
    /// @notice Leave it at that: the collateral is `assetType`, for ever.
    error SystemAssetTypeAlreadySet(uint256 assetType);
    /// @notice Name the collateral `derived`, the hash of its description.
    error InvalidAssetType(uint256 assetType, uint256 derived);
    /// @notice Choose ETH or an ERC-20 token.
    error UnsupportedTokenType(bytes4 selector);
    /// @notice Describe ETH by 4 bytes, an ERC-20 token by 36.
    error InvalidAssetString(uint256 length);
    /// @notice Name a token that is deployed, by its address in 32 bytes.
    error BadTokenAddress(address token);
    /// @notice Call again when the token takes no fee and moves what it is told; nothing was booked.
    error IncorrectAmountTransferred(uint256 before, uint256 after_, uint256 expected);
    /// @notice Call again when `recipient` takes ether; until then the money waits.
    error EthTransferFailed(address recipient);
    /// @notice Deposit by `depositERC20`: the collateral is a token.
    error NotEth(uint256 assetType);
    /// @notice Deposit by `depositEth`: the collateral is ETH.
    error NotErc20(uint256 assetType);
    /// @notice Use the functions for the collateral, which is fungible, has no token ids and is not minted.
    error WrongTokenKind(uint256 assetType);
    /// @notice Use the collateral; no other asset can be registered.
    error UnsupportedFunction();

    // --- deposits

    /// @notice Deposit ERC-20 collateral for a key's position; a batch takes it in. Anyone may call, for anyone, unless
    /// frozen. The owner's own deposit into a slot, even of 0, ends its cancellation. Warning: that the position belongs to
    /// the key is not checked; what no batch takes, the owner cancels and reclaims.
    function deposit(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 quantizedAmount) external;
    function depositERC20(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 quantizedAmount) external;
    /// @notice The same with ETH that comes with the call.
    function deposit(uint256 starkKey, uint256 assetType, uint256 vaultId) external payable;
    function depositEth(uint256 starkKey, uint256 assetType, uint256 vaultId) external payable;

    /// @notice Ask a pending deposit back. The key's owner only, frozen or not. Asking again restarts the delay; batches
    /// may take the deposit in until it is reclaimed.
    function depositCancel(uint256 starkKey, uint256 assetId, uint256 vaultId) external;
    /// @notice Take back what is left of a cancelled deposit, after the delay. The key's owner only; pays the caller.
    function depositReclaim(uint256 starkKey, uint256 assetType, uint256 vaultId) external;

    function getDepositBalance(uint256 starkKey, uint256 assetId, uint256 vaultId) external view returns (uint256);
    function getQuantizedDepositBalance(uint256 starkKey, uint256 assetId, uint256 vaultId)
        external
        view
        returns (uint256);
    /// @notice When the cancellation was asked for; 0 if it was not.
    function getCancellationRequest(uint256 starkKey, uint256 assetId, uint256 vaultId)
        external
        view
        returns (uint256);
    function DEPOSIT_CANCEL_DELAY() external view returns (uint256);

    /// @notice Name the deposit's own key, asset and position; nothing is pending under these.
    error DepositDoesNotExist(uint256 starkKey, uint256 vaultId);
    /// @notice Cancel the deposit first, then wait.
    error DepositNotCanceled(uint256 starkKey, uint256 vaultId);
    /// @notice Reclaim the deposit at `until` or later.
    error DepositLocked(uint256 until);
    /// @notice Deposit less, or to another position: together with what is pending there, it must stay below 2^63.
    error DepositOutOfRange(uint256 pending, uint256 amount);
    /// @notice Prove a batch that takes in no more than is pending, or have the rest deposited first.
    error DepositInsufficient(uint256 starkKey, uint256 positionId, uint256 pending, uint256 needed);

    // --- withdrawals

    /// @notice Pay what waits for a key to its owner. Anyone may call, frozen or not; nothing waiting is no error. Should
    /// less be held than is owed, pending deposits are set apart first, then what batches granted; escapes are paid of the
    /// rest, first come, first served. What cannot be paid stays booked, and the call can be made again.
    function withdraw(uint256 ownerKey, uint256 assetType) external;
    /// @notice What is booked for a key: granted by batches and claimed by escapes, not paid yet.
    function getWithdrawalBalance(uint256 ownerKey, uint256 assetId) external view returns (uint256);
    /// @notice What of it `withdraw` would pay now.
    function payableNow(uint256 ownerKey, uint256 assetId) external view returns (uint256);
    /// @notice All deposits that no batch took yet, and all withdrawals granted by batches and not paid yet.
    function setApart() external view returns (uint256 deposits, uint256 withdrawals);
    /// @notice Fill up an exchange that owes more ether than it holds. Anyone may call; nothing is credited for it, and
    /// nobody gets it back. Tokens are simply transferred to the exchange.
    function topUp() external payable;

    // --- other kinds of token: refused

    function depositNft(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 tokenId) external;
    function depositERC1155(
        uint256 starkKey, uint256 assetType, uint256 tokenId, uint256 vaultId, uint256 quantizedAmount
    ) external;
    function depositWithTokenId(
        uint256 starkKey, uint256 assetType, uint256 tokenId, uint256 vaultId, uint256 quantizedAmount
    ) external;
    function depositWithTokenIdReclaim(uint256 starkKey, uint256 assetType, uint256 tokenId, uint256 vaultId) external;
    function depositNftReclaim(uint256 starkKey, uint256 assetType, uint256 vaultId, uint256 tokenId) external;
    function withdrawNft(uint256 ownerKey, uint256 assetType, uint256 tokenId) external;
    function withdrawWithTokenId(uint256 ownerKey, uint256 assetType, uint256 tokenId) external;
    function withdrawAndMint(uint256 ownerKey, uint256 assetType, bytes calldata mintingBlob) external;
}
