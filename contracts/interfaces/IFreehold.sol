// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "./IAdministration.sol";
import {ICustody} from "./ICustody.sol";
import {IDispatcher} from "./IDispatcher.sol";
import {IOperations} from "./IOperations.sol";
import {IUpgradeProxy} from "./IUpgradeProxy.sol";

/// @title The manual of the exchange: all that its one address answers
/// @notice Users hold collateral in positions of a tree whose root the contract commits to. An operator moves the root,
/// but only as a proof allows; whoever is not served in time freezes the exchange and leaves with its last state.
/// Functions, events and hashes are StarkPerpetual's; errors are typed and stand beside the checks that use them.
interface IFreehold is IOperations, ICustody, IAdministration, IDispatcher, IUpgradeProxy {}
