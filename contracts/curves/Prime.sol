// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev The order of the field that Cairo, the Stark curve and the proofs share: 2^251 + 17 * 2^192 + 1.
uint256 constant PRIME = 0x800000000000011000000000000000000000000000000000000000000000001;

/// @dev A keccak as a field element: its low 250 bits. Asset types and conditions are named so.
function fieldKeccak(bytes memory data) pure returns (uint256) {
    return uint256(keccak256(data)) & ((1 << 250) - 1);
}
