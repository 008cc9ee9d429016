// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../facts/FactRegistry.sol";
import {ICommittee} from "../interfaces/ICommittee.sol";
import {Bls12381} from "./Bls12381.sol";

/// @title An availability committee with one signature for all who sign
/// @notice A proof is a word whose bit i says that member i signed, then the sum of their BLS signatures over the claim
/// (256 bytes). Its cost grows with the signers by an addition of public keys only. Membership is fixed at deployment,
/// where members prove that they have their secret keys, so that none can choose a key that cancels others'.
/// @dev Scheme: BLS signatures with proof of possession, public keys in G1.
contract BlsCommittee is FactRegistry, ICommittee {
    /// @notice Require one signature at least.
    error NoRequiredSignatures();
    /// @notice Require no more signatures than there are members.
    error TooManyRequiredSignatures(uint256 required, uint256 members);
    /// @notice Name `limit` members at most, and give the deployment gas enough to store their keys.
    error TooManyMembers(uint256 members, uint256 limit);
    /// @notice Send a proof of possession for each member.
    error ProofsOfPossessionMissing(uint256 members, uint256 proofs);
    /// @notice Name a point of G1 that is not infinity, in 128 bytes, and a proof of 256.
    error PublicKeyRefused(uint256 member);
    /// @notice Name each key once.
    error NonUniqueMember(uint256 member);
    /// @notice Have the member sign their own key, under the tag for proofs of possession.
    error PossessionNotProven(uint256 member);
    /// @notice Send `expected` bytes: who signed, and the sum of the signatures.
    error ProofLength(uint256 length, uint256 expected);
    /// @notice Name members only.
    error NotAMember(uint256 signers);
    /// @notice Collect `required` signatures or more.
    error TooFewSigners(uint256 signers, uint256 required);
    /// @notice Name other signers: the keys of these cancel, so that infinity would be their signature of every claim.
    error SumAtInfinity(uint256 signers);
    /// @notice Send the sum of just those members' signatures over this very claim.
    error SignatureRefused();

    bytes private constant SIGNATURE_TAG = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    bytes private constant POSSESSION_TAG = "BLS_POP_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
    /// @dev Measured: the deployment of this many takes 16.5 M gas of the 2^24 that a transaction may have (EIP-7825), most of
    /// it for their proofs of possession; one more, and it is refused before any is looked at.
    uint256 private constant MAX_MEMBERS = 65;
    uint256 private constant PROOF_BYTES = 32 + Bls12381.SIGNATURE_BYTES;

    uint256 public immutable signaturesRequired;
    uint256 public immutable memberCount;
    /// @dev A STOP byte, then the members' public keys.
    address private immutable _keys;

    mapping(bytes32 keyHash => bool) private _known;

    constructor(bytes[] memory publicKeys, bytes[] memory possessions, uint256 required) {
        if (required == 0) revert NoRequiredSignatures();
        if (required > publicKeys.length) revert TooManyRequiredSignatures(required, publicKeys.length);
        if (publicKeys.length > MAX_MEMBERS) revert TooManyMembers(publicKeys.length, MAX_MEMBERS);
        if (possessions.length != publicKeys.length) {
            revert ProofsOfPossessionMissing(publicKeys.length, possessions.length);
        }
        bytes memory data = hex"00";
        for (uint256 i = 0; i < publicKeys.length; ++i) {
            _admit(i, publicKeys[i], possessions[i]);
            data = bytes.concat(data, publicKeys[i]);
        }
        signaturesRequired = required;
        memberCount = publicKeys.length;
        _keys = _store(data);
    }

    /// @inheritdoc ICommittee
    function verifyAvailabilityProof(bytes32 claimHash, bytes calldata proofs) external {
        if (proofs.length != PROOF_BYTES) revert ProofLength(proofs.length, PROOF_BYTES);
        uint256 signers = uint256(bytes32(proofs[:32]));
        (bytes memory sum, uint256 count) = _sumOfKeys(signers);
        if (count < signaturesRequired) revert TooFewSigners(count, signaturesRequired);
        // The pairing of infinity with any claim is that of the generator with infinity. Without it anyone could register any
        // claim in the names of members with the secrets s and -s, whose proofs of possession are true. Beside others such
        // members count as signers who add nothing: they could have signed, both know their secrets.
        if (Bls12381.isInfinity(sum)) revert SumAtInfinity(signers);
        bool signed = Bls12381.isSigned(sum, abi.encodePacked(claimHash), SIGNATURE_TAG, proofs[32:]);
        if (!signed) revert SignatureRefused();

        _registerFact(claimHash);
    }

    function identify() external pure returns (string memory) {
        return "Freehold_BlsCommittee_2026_1";
    }

    /// @notice A member's public key, 128 bytes.
    function memberKey(uint256 member) public view returns (bytes memory key) {
        if (member >= memberCount) revert NotAMember(member);
        key = new bytes(Bls12381.PUBLIC_KEY_BYTES);
        address keys = _keys;
        // Equivalent to key = code of _keys [1 + 128 * member : ][:128].
        assembly ("memory-safe") {
            extcodecopy(keys, add(key, 32), add(1, shl(7, member)), 128)
        }
    }

    /// @dev Infinity is nobody's key, and a key counts once.
    function _admit(uint256 member, bytes memory publicKey, bytes memory possession) private {
        bool sized = publicKey.length == Bls12381.PUBLIC_KEY_BYTES && possession.length == Bls12381.SIGNATURE_BYTES;
        if (!sized || Bls12381.isInfinity(publicKey)) revert PublicKeyRefused(member);
        if (_known[keccak256(publicKey)]) revert NonUniqueMember(member);
        bytes memory name = Bls12381.compress(publicKey);
        if (!Bls12381.isSigned(publicKey, name, POSSESSION_TAG, possession)) revert PossessionNotProven(member);
        _known[keccak256(publicKey)] = true;
    }

    function _sumOfKeys(uint256 signers) private view returns (bytes memory sum, uint256 count) {
        if (signers >> memberCount != 0) revert NotAMember(signers);
        for (uint256 i = 0; i < memberCount; ++i) {
            if ((signers >> i) & 1 == 0) continue;
            sum = count == 0 ? memberKey(i) : Bls12381.add(sum, memberKey(i));
            ++count;
        }
    }

    /// @dev A contract whose code is `data`.
    function _store(bytes memory data) private returns (address stored) {
        bytes memory code = abi.encodePacked(hex"61", uint16(data.length), hex"80600a5f395ff3", data);
        assembly ("memory-safe") {
            stored := create(0, add(code, 32), mload(code))
        }
        if (stored == address(0)) revert TooManyMembers(data.length / Bls12381.PUBLIC_KEY_BYTES, MAX_MEMBERS);
    }
}
