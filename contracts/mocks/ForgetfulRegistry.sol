// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A registry that says of each fact what it was told last, which no registry should do
contract ForgetfulRegistry {
    mapping(bytes32 fact => bool) public isValid;

    function say(bytes32 fact, bool valid) external {
        isValid[fact] = valid;
    }
}
