// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A contract that says what it is
interface IIdentity {
    function identify() external view returns (string memory);
}
