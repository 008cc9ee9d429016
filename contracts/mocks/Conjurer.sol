// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IUpgradeProxy} from "../interfaces/IUpgradeProxy.sol";

/// @title A proxy governor who announces code that is gone when its time comes
contract Conjurer {
    address public announced;

    function accept(IUpgradeProxy proxy) external {
        proxy.proxyAcceptGovernance();
    }

    function announce(IUpgradeProxy proxy) external {
        Rabbit rabbit = new Rabbit();
        announced = address(rabbit);
        proxy.addImplementation(announced, "", false);
        rabbit.vanish();
    }

    function upgrade(IUpgradeProxy proxy) external {
        proxy.upgradeTo(announced, "", false);
    }
}

/// @dev Code that is destroyed in the transaction that made it goes away.
contract Rabbit {
    function vanish() external {
        assembly ("memory-safe") {
            selfdestruct(caller())
        }
    }
}
