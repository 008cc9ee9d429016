// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title BLS signatures over BLS12-381 by the EIP-2537 precompiles
/// @dev Public keys are points of G1 (128 bytes), signatures of G2 (256 bytes), coordinates of 64 bytes each; hashing to G2
/// is RFC 9380's BLS12381G2_XMD:SHA-256_SSWU_RO. The pairing precompile refuses points outside the subgroups.
library Bls12381 {
    /// @notice Send points of the curve and of the right subgroup, encoded as EIP-2537 says; a precompile refused these.
    error PrecompileRefused(uint256 precompile);

    uint256 internal constant PUBLIC_KEY_BYTES = 128;
    uint256 internal constant SIGNATURE_BYTES = 256;
    uint256 private constant MODEXP = 0x05;
    uint256 private constant G1_ADD = 0x0b;
    uint256 private constant G2_ADD = 0x0d;
    uint256 private constant PAIRING = 0x0f;
    uint256 private constant MAP_FP2_TO_G2 = 0x11;
    /// @dev The field's order p in 64 bytes.
    bytes private constant FIELD =
        hex"000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
    /// @dev (p - 1) / 2: a y above it is the greater of a point's two.
    uint256 private constant HALF_FIELD_HIGH = 0x0d0088f51cbff34d258dd3db21a5d66b;
    uint256 private constant HALF_FIELD_LOW = 0xb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555;
    /// @dev The negated generator of G1.
    bytes private constant MINUS_GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb00000000000000000000000000000000114d1d6855d545a8aa7d76c8cf2e21f267816aef1db507c96655b9d5caac42364e6f38ba0ecb751bad54dcd6b939c2ca";

    /// @notice Whether e(publicKey, H(message)) = e(generator, signature).
    function isSigned(bytes memory publicKey, bytes memory message, bytes memory tag, bytes memory signature)
        internal
        view
        returns (bool)
    {
        bytes memory pairs =
            abi.encodePacked(publicKey, hashToG2(message, tag), MINUS_GENERATOR, signature);
        return abi.decode(call(PAIRING, pairs, 32), (uint256)) == 1;
    }

    function add(bytes memory a, bytes memory b) internal view returns (bytes memory) {
        return call(G1_ADD, abi.encodePacked(a, b), PUBLIC_KEY_BYTES);
    }

    function isInfinity(bytes memory point) internal pure returns (bool) {
        return keccak256(point) == keccak256(new bytes(point.length));
    }

    /// @notice The 48 bytes that stand for a public key elsewhere: x, and in its free bits that it is compressed and which
    /// of the two y it has. The point is on the curve, not infinity.
    function compress(bytes memory publicKey) internal pure returns (bytes memory) {
        (uint256 xHigh, uint256 xLow, uint256 yHigh, uint256 yLow) =
            abi.decode(publicKey, (uint256, uint256, uint256, uint256));
        bool greater = yHigh > HALF_FIELD_HIGH || (yHigh == HALF_FIELD_HIGH && yLow > HALF_FIELD_LOW);
        uint256 flags = greater ? 0xa0 : 0x80;
        return abi.encodePacked(uint128(xHigh | (flags << 120)), xLow);
    }

    /// @notice hash_to_curve: two field elements, each mapped to the subgroup, added.
    function hashToG2(bytes memory message, bytes memory tag) internal view returns (bytes memory) {
        bytes32[8] memory words = expand(message, tag);
        bytes memory first = abi.encodePacked(toField(words[0], words[1]), toField(words[2], words[3]));
        bytes memory second = abi.encodePacked(toField(words[4], words[5]), toField(words[6], words[7]));
        first = call(MAP_FP2_TO_G2, first, SIGNATURE_BYTES);
        second = call(MAP_FP2_TO_G2, second, SIGNATURE_BYTES);
        return call(G2_ADD, abi.encodePacked(first, second), SIGNATURE_BYTES);
    }

    /// @dev expand_message_xmd to 256 bytes; the tag is shorter than 256.
    function expand(bytes memory message, bytes memory tag) private pure returns (bytes32[8] memory words) {
        bytes memory suffix = abi.encodePacked(tag, uint8(tag.length));
        bytes32 seed = sha256(abi.encodePacked(new bytes(64), message, uint16(256), uint8(0), suffix));
        bytes32 word = 0;
        for (uint256 i = 0; i < 8; ++i) {
            word = sha256(abi.encodePacked(seed ^ word, uint8(i + 1), suffix));
            words[i] = word;
        }
    }

    /// @dev 64 bytes modulo p: (high, low)^1 by the modexp precompile.
    function toField(bytes32 high, bytes32 low) private view returns (bytes memory) {
        bytes memory input = abi.encodePacked(uint256(64), uint256(1), uint256(64), high, low, uint8(1), FIELD);
        return call(MODEXP, input, 64);
    }

    function call(uint256 precompile, bytes memory input, uint256 size) private view returns (bytes memory output) {
        bool done;
        (done, output) = address(uint160(precompile)).staticcall(input);
        if (!done || output.length != size) revert PrecompileRefused(precompile);
    }
}
