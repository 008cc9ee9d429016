// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Delegate} from "../common/Delegate.sol";
import {IFactRegistry} from "../interfaces/IFactRegistry.sol";

/// @title An exchange's code that answers some functions alone: those whose selectors a registry knows
/// @dev Stands between the proxy and the code.
contract PublishedOnly {
    error NoContractForFunction(bytes4 selector);

    address private immutable _code;
    IFactRegistry private immutable _published;

    constructor(address code, IFactRegistry published) {
        _code = code;
        _published = published;
    }

    fallback() external payable {
        if (!_published.isValid(bytes32(msg.sig))) revert NoContractForFunction(msg.sig);
        Delegate.forward(_code);
    }
}
