// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FactRegistry} from "../facts/FactRegistry.sol";

/// @title A registry double that proves whatever it is told, for tests of what comes after a proof
contract ObedientRegistry is FactRegistry {
    function declare(bytes32 fact) external {
        _registerFact(fact);
    }

    function identify() public view virtual returns (string memory) {
        return "ObedientRegistry";
    }
}
