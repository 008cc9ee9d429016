// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A contract that owns things for one account, and signs by EIP-1271 as that account does
contract Wallet {
    address public immutable owner;
    bool public takesEther = true;
    /// @notice What it calls when it is paid; nothing by default.
    address public onPayment;
    bytes public paymentCall;

    constructor() {
        owner = msg.sender;
    }

    receive() external payable {
        require(takesEther, "no ether, please");
        if (onPayment != address(0)) _forward(onPayment, paymentCall, 0);
    }

    function refuseEther() external {
        takesEther = false;
    }

    function whenPaid(address target, bytes calldata data) external {
        (onPayment, paymentCall) = (target, data);
    }

    /// @notice Call anything; its refusal is passed on.
    function act(address target, bytes calldata data) external payable {
        _forward(target, data, msg.value);
    }

    /// @notice Call anything and tell what came of it.
    function attempt(address target, bytes calldata data) external payable returns (bool done, bytes memory answer) {
        return target.call{value: msg.value}(data);
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) return bytes4(0);
        address signer =
            ecrecover(digest, uint8(signature[64]), bytes32(signature[:32]), bytes32(signature[32:64]));
        return signer == owner ? this.isValidSignature.selector : bytes4(0);
    }

    function _forward(address target, bytes memory data, uint256 value) private {
        (bool done, bytes memory answer) = target.call{value: value}(data);
        if (done) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
