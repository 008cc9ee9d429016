// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Head} from "../common/Head.sol";

/// @title An initializer that leaves the exchange frozen, which no upgrade may
contract Freezer {
    function initialize(bytes calldata) external {
        Head.load().frozen = true;
    }
}
