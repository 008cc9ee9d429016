// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFactRegistry} from "./IFactRegistry.sol";
import {IIdentity} from "./IIdentity.sol";

/// @title An availability committee: enough members sign that they hold a state's data
/// @notice Kinds differ in the signatures they take.
interface ICommittee is IFactRegistry, IIdentity {
    /// @notice Register `claimHash` if enough members signed it. Anyone may call.
    function verifyAvailabilityProof(bytes32 claimHash, bytes calldata proofs) external;

    function signaturesRequired() external view returns (uint256);
}
