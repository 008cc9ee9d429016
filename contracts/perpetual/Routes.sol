// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "../interfaces/IAdministration.sol";
import {ICustody} from "../interfaces/ICustody.sol";
import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {IForcedRequests} from "../interfaces/IForcedRequests.sol";
import {IFreeze} from "../interfaces/IFreeze.sol";
import {IOperations} from "../interfaces/IOperations.sol";

/// @title Which piece answers which function
/// @dev The lists are the interfaces', function by function; a test compares them. What users call often stands first.
/// Overloaded functions are named by their signatures.
library Routes {
    string internal constant OPERATIONS = "Freehold_Operations_2026_1";
    string internal constant CUSTODY = "Freehold_Custody_2026_1";
    string internal constant ADMINISTRATION = "Freehold_Administration_2026_1";

    function isCustody(bytes4 selector) internal pure returns (bool) {
        return selector == ICustody.withdraw.selector
            || selector == ICustody.depositERC20.selector
            || selector == bytes4(keccak256("deposit(uint256,uint256,uint256,uint256)"))
            || selector == bytes4(keccak256("deposit(uint256,uint256,uint256)"))
            || selector == ICustody.depositEth.selector
            || selector == ICustody.depositCancel.selector
            || selector == ICustody.depositReclaim.selector
            || selector == ICustody.registerSender.selector
            || selector == ICustody.registerEthAddress.selector
            || selector == ICustody.getEthKey.selector
            || selector == ICustody.registerSystemAssetType.selector
            || selector == bytes4(keccak256("registerToken(uint256,bytes)"))
            || selector == bytes4(keccak256("registerToken(uint256,bytes,uint256)"))
            || selector == ICustody.getSystemAssetType.selector
            || selector == ICustody.isAssetRegistered.selector
            || selector == ICustody.getAssetInfo.selector
            || selector == ICustody.getQuantum.selector
            || selector == ICustody.calculateAssetIdWithTokenId.selector
            || selector == ICustody.calculateMintableAssetId.selector
            || selector == ICustody.onERC721Received.selector
            || selector == ICustody.getDepositBalance.selector
            || selector == ICustody.getQuantizedDepositBalance.selector
            || selector == ICustody.getCancellationRequest.selector
            || selector == ICustody.DEPOSIT_CANCEL_DELAY.selector
            || selector == ICustody.getWithdrawalBalance.selector
            || selector == ICustody.payableNow.selector
            || selector == ICustody.setApart.selector
            || selector == ICustody.topUp.selector
            || selector == ICustody.depositNft.selector
            || selector == ICustody.depositERC1155.selector
            || selector == ICustody.depositWithTokenId.selector
            || selector == ICustody.depositWithTokenIdReclaim.selector
            || selector == ICustody.depositNftReclaim.selector
            || selector == ICustody.withdrawNft.selector
            || selector == ICustody.withdrawWithTokenId.selector
            || selector == ICustody.withdrawAndMint.selector;
    }

    function isAdministration(bytes4 selector) internal pure returns (bool) {
        return selector == IAdministration.mainIsGovernor.selector
            || selector == IAdministration.mainNominateNewGovernor.selector
            || selector == IAdministration.mainAcceptGovernance.selector
            || selector == IAdministration.mainCancelNomination.selector
            || selector == IAdministration.mainRemoveGovernor.selector
            || selector == IAdministration.MAIN_GOVERNANCE_INFO_TAG.selector
            || selector == IAdministration.registerOperator.selector
            || selector == IAdministration.unregisterOperator.selector
            || selector == IAdministration.isOperator.selector
            || selector == IAdministration.registerTokenAdmin.selector
            || selector == IAdministration.unregisterTokenAdmin.selector
            || selector == IAdministration.isTokenAdmin.selector
            || selector == IAdministration.registerVerifier.selector
            || selector == IAdministration.undoVerifierRegistration.selector
            || selector == IAdministration.announceVerifierRemovalIntent.selector
            || selector == IAdministration.withdrawVerifierRemovalIntent.selector
            || selector == IAdministration.removeVerifier.selector
            || selector == IAdministration.getRegisteredVerifiers.selector
            || selector == IAdministration.isVerifier.selector
            || selector == IAdministration.registerAvailabilityVerifier.selector
            || selector == IAdministration.undoAvailabilityVerifierRegistration.selector
            || selector == IAdministration.announceAvailabilityVerifierRemovalIntent.selector
            || selector == IAdministration.withdrawAvailabilityVerifierRemovalIntent.selector
            || selector == IAdministration.removeAvailabilityVerifier.selector
            || selector == IAdministration.getRegisteredAvailabilityVerifiers.selector
            || selector == IAdministration.isAvailabilityVerifier.selector
            || selector == IAdministration.verifierRemovalAllowedAt.selector
            || selector == IAdministration.availabilityVerifierRemovalAllowedAt.selector
            || selector == IAdministration.VERIFIER_REMOVAL_DELAY.selector
            || selector == IAdministration.MAX_VERIFIER_COUNT.selector
            || selector == IAdministration.ANNOUNCEMENT_WINDOW.selector
            || selector == IAdministration.registerGlobalConfigurationChange.selector
            || selector == IAdministration.applyGlobalConfigurationChange.selector
            || selector == IAdministration.removeGlobalConfigurationChange.selector
            || selector == IAdministration.registerAssetConfigurationChange.selector
            || selector == IAdministration.applyAssetConfigurationChange.selector
            || selector == IAdministration.removeAssetConfigurationChange.selector
            || selector == IAdministration.globalConfigurationHash.selector
            || selector == IAdministration.configurationHash.selector
            || selector == IAdministration.configurationDelay.selector
            || selector == IAdministration.configurationEnabledAt.selector;
    }

    /// @dev Answered by `Freehold` itself; asked only to describe it.
    function isOperations(bytes4 selector) internal pure returns (bool) {
        return selector == IOperations.updateState.selector
            || selector == IOperations.sharedStateHash.selector
            || selector == IOperations.getSequenceNumber.selector
            || selector == IOperations.getLastBatchId.selector
            || selector == IOperations.getSystemTime.selector
            || selector == IOperations.getRollupVaultRoot.selector
            || selector == IOperations.getRollupTreeHeight.selector
            || selector == IOperations.getOrderRoot.selector
            || selector == IOperations.getOrderTreeHeight.selector
            || selector == IOperations.getValidiumVaultRoot.selector
            || selector == IOperations.getValidiumTreeHeight.selector
            || selector == IOperations.getGlobalConfigCode.selector
            || selector == IOperations.forcedWithdrawalRequest.selector
            || selector == IOperations.forcedTradeRequest.selector
            || selector == IOperations.forcedTradeDigests.selector
            || selector == IOperations.getForcedWithdrawalRequest.selector
            || selector == IOperations.getForcedTradeRequest.selector
            || selector == IForcedRequests.getActionCount.selector
            || selector == IForcedRequests.getActionHashByIndex.selector
            || selector == IForcedRequests.getForcedRequest.selector
            || selector == IForcedRequests.getForcedRequests.selector
            || selector == IForcedRequests.freeRequestsLeft.selector
            || selector == IForcedRequests.MAX_FORCED_ACTIONS_REQS_PER_BLOCK.selector
            || selector == bytes4(keccak256("freezeRequest(uint256,uint256,uint256)"))
            || selector
                == bytes4(
                    keccak256(
                        "freezeRequest(uint256,uint256,uint256,uint256,uint256,uint256,uint256,uint256,bool,uint256)"
                    )
                )
            || selector == IFreeze.unFreeze.selector
            || selector == IFreeze.isFrozen.selector
            || selector == IFreeze.getUnFreezeTime.selector
            || selector == IFreeze.FREEZE_GRACE_PERIOD.selector
            || selector == IFreeze.UNFREEZE_DELAY.selector
            || selector == IOperations.escape.selector
            || selector == IOperations.escapeUsed.selector
            || selector == IOperations.escapesUsedCount.selector
            || selector == IOperations.escapeVerifier.selector
            || selector == IDispatcher.initialize.selector
            || selector == IDispatcher.genesis.selector
            || selector == IDispatcher.VERSION.selector
            || selector == IDispatcher.getSubContract.selector
            || selector == IDispatcher.handlingContractId.selector;
    }
}
