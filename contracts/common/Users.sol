// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PRIME} from "../curves/Prime.sol";
import {StarkCurve} from "../curves/StarkCurve.sol";
import {ICustody} from "../interfaces/ICustody.sol";

/// @title Who owns a Stark key
/// @dev A key belongs to the address it was registered for, or, below 2^160, to the address of that number. Coupling is
/// permanent; one address may hold many keys.
library Users {
    error InvalidStarkKey(uint256 starkKey);
    error InvalidEthAddress();
    error StarkKeyUnavailable(uint256 starkKey, address owner);
    error InvalidSignatureLength(uint256 length);
    error UserUnregistered(uint256 starkKey);
    error NotKeyOwner(uint256 starkKey, address caller, address owner);

    uint256 private constant SIGNATURE_BYTES = 96;
    uint256 private constant ADDRESS_UPPER_BOUND = 1 << 160;

    /// @custom:storage-location erc7201:freehold.users
    struct State {
        mapping(uint256 starkKey => address ethKey) ethKeys; // 0: not registered
    }

    bytes32 private constant SLOT = 0x7c289e7a63b08b2a0c3fb0b106472fcc7c38fae0ec34b963df434fc7546a8e00;

    function load() internal pure returns (State storage self) {
        assembly ("memory-safe") {
            self.slot := SLOT
        }
    }

    function register(State storage self, address ethKey, uint256 starkKey, bytes calldata signature) internal {
        if (starkKey == 0 || starkKey >= PRIME) revert InvalidStarkKey(starkKey);
        if (ethKey == address(0)) revert InvalidEthAddress();
        if (self.ethKeys[starkKey] != address(0)) revert StarkKeyUnavailable(starkKey, self.ethKeys[starkKey]);
        if (!StarkCurve.isOnCurve(starkKey)) revert InvalidStarkKey(starkKey);
        if (signature.length != SIGNATURE_BYTES) revert InvalidSignatureLength(signature.length);
        (uint256 r, uint256 s, uint256 y) = abi.decode(signature, (uint256, uint256, uint256));
        bytes32 message = keccak256(abi.encodePacked("UserRegistration:", ethKey, starkKey));
        StarkCurve.verify(uint256(message) % StarkCurve.ORDER, r, s, starkKey, y);

        self.ethKeys[starkKey] = ethKey;

        emit ICustody.LogUserRegistered(ethKey, starkKey, msg.sender);
    }

    /// @dev Zero where nobody owns the key.
    function ownerOf(State storage self, uint256 starkKey) internal view returns (address owner) {
        owner = self.ethKeys[starkKey];
        if (owner == address(0) && starkKey < ADDRESS_UPPER_BOUND) owner = address(uint160(starkKey));
    }

    function strictOwnerOf(State storage self, uint256 starkKey) internal view returns (address owner) {
        owner = ownerOf(self, starkKey);
        if (owner == address(0)) revert UserUnregistered(starkKey);
    }

    function requireOwner(State storage self, uint256 starkKey) internal view {
        address owner = strictOwnerOf(self, starkKey);
        if (msg.sender != owner) revert NotKeyOwner(starkKey, msg.sender, owner);
    }

    /// @dev A key that somebody owns or can come to own, so that nothing is put down for nobody.
    function requireOwnable(uint256 starkKey) internal view {
        bool ownable = starkKey != 0 && starkKey < PRIME
            && (starkKey < ADDRESS_UPPER_BOUND || StarkCurve.isOnCurve(starkKey));
        if (!ownable) revert InvalidStarkKey(starkKey);
    }
}
