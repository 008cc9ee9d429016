// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../facts/FactRegistry.sol";
import {ICommittee} from "../interfaces/ICommittee.sol";

/// @title The availability committee: k of n members sign that they hold a state's data
/// @notice Signatures are over the raw claim hash, in the order of rising member addresses; exactly the first
/// `signaturesRequired` are used. Membership is fixed at deployment.
contract Committee is FactRegistry, ICommittee {
    /// @notice Require one signature at least.
    error NoRequiredSignatures();
    /// @notice Require no more signatures than there are members.
    error TooManyRequiredSignatures(uint256 required, uint256 members);
    /// @notice Name each member once, and nobody at the zero address.
    error NonUniqueMember(address member);
    /// @notice Send `required` bytes of signatures or more.
    error ProofTooShort(uint256 length, uint256 required);
    /// @notice Send signatures of members over this very claim; `signer` made one that is not.
    error NotAMember(address signer);
    /// @notice Send signatures by rising address of their signers, so that nobody signs twice.
    error SignersNotSorted(address before, address signer);

    uint256 private constant SIGNATURE_BYTES = 65;

    mapping(address member => bool) public isMember;
    address[] private _members;
    uint256 public immutable signaturesRequired;

    constructor(address[] memory members, uint256 required) {
        if (required == 0) revert NoRequiredSignatures();
        if (required > members.length) revert TooManyRequiredSignatures(required, members.length);
        for (uint256 i = 0; i < members.length; ++i) {
            if (members[i] == address(0) || isMember[members[i]]) revert NonUniqueMember(members[i]);
            isMember[members[i]] = true;
        }
        _members = members;
        signaturesRequired = required;
    }

    /// @inheritdoc ICommittee
    function verifyAvailabilityProof(bytes32 claimHash, bytes calldata proofs) external {
        uint256 needed = signaturesRequired * SIGNATURE_BYTES;
        if (proofs.length < needed) revert ProofTooShort(proofs.length, needed);
        address before = address(0);
        for (uint256 place = 0; place < needed; place += SIGNATURE_BYTES) {
            address signer = ecrecover(
                claimHash,
                uint8(proofs[place + 64]),
                bytes32(proofs[place:place + 32]),
                bytes32(proofs[place + 32:place + 64])
            );
            if (!isMember[signer]) revert NotAMember(signer);
            if (signer <= before) revert SignersNotSorted(before, signer);
            before = signer;
        }

        _registerFact(claimHash);
    }

    /// @notice All members, so that whoever trusts a state's data to be held can see who holds it.
    function getMembers() external view returns (address[] memory) {
        return _members;
    }

    function identify() external pure returns (string memory) {
        return "Freehold_Committee_2026_1";
    }
}
