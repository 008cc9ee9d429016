// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Escapes} from "../perpetual/Escapes.sol";

/// @title An initializer that exchanges the escape verifier: what an upgrade can bring along
contract Initializer {
    using Escapes for Escapes.State;

    error NothingToDo();

    function initialize(bytes calldata data) external {
        if (data.length == 0) revert NothingToDo();
        Escapes.load().begin(abi.decode(data, (address)));
    }
}
