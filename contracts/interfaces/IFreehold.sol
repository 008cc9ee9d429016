// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAdministration} from "./IAdministration.sol";
import {ICustody} from "./ICustody.sol";
import {IDispatcher} from "./IDispatcher.sol";
import {IOperations} from "./IOperations.sol";
import {IUpgradeProxy} from "./IUpgradeProxy.sol";

/// @title The manual of the exchange: all that its one address answers, and how it refuses
/// @notice Users hold collateral in positions of a tree whose root the contract commits to. An operator moves the root,
/// but only as a proof allows; whoever is not served in time freezes the exchange and leaves with its last state.
/// Functions, events and hashes are those of StarkWare's StarkPerpetual v3.2, called v3.2 below; errors are typed, and
/// each says what to do.
///
/// What is assumed:
/// - The token moves what it is told. A fee or a false answer is refused; a token that changes balances on its own, or
///   stops an address, is not seen until it is too late.
/// - One verifier of the list at least is sound: each must know every state transition's fact, and facts stay. Any one can
///   stop the exchange by knowing nothing.
/// - In Validium mode the availability verifiers register a state only if whoever asks gets its data.
/// - The escape verifier, chosen at initialization, is sound. Governors do not change it without new code.
/// - Governors configure oracles' keys, fees and risk; what a hash stands for is not looked at. They wait for the delays,
///   in which whoever disagrees can leave: a forced request is served or freezes within the grace period.
/// - Proxy governors can do everything with new code, after the upgrade's delay, never while the exchange is frozen.
///
/// What strands money:
/// - Data that nobody hands out, once the exchange is frozen: a position cannot be proven without its path. Keep your own
///   copy, or use a rollup.
/// - A key that nobody owns and nobody can register: what is withdrawn to it waits for ever. The same for an owner that is
///   a contract and takes no ether, or cannot call.
/// - A token that stops the exchange's address or the recipient's; books stay, and the call can be made again.
/// - A shared state that promises more than is held, by debts that nobody bore or a token that lost balances: deposits that
///   wait and granted withdrawals are set apart, and of escapes the last to come wait for what is missing.
/// - Tokens or ether sent to this address without a deposit pay what it owes beyond what it holds; else they belong to
///   nobody.
interface IFreehold is IOperations, ICustody, IAdministration, IDispatcher, IUpgradeProxy {
    /// @notice Look at allowance and balance: `token` answered that it moves nothing. OpenZeppelin's `SafeERC20` says so.
    error SafeERC20FailedOperation(address token);
}
