// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Delays} from "../common/Delays.sol";
import {Delegate} from "../common/Delegate.sol";
import {Governance} from "../common/Governance.sol";
import {Identity} from "../common/Identity.sol";
import {Roles} from "../common/Roles.sol";
import {IDispatcher} from "../interfaces/IDispatcher.sol";
import {IIdentity} from "../interfaces/IIdentity.sol";
import {Escapes} from "./Escapes.sol";
import {Genesis} from "./Genesis.sol";
import {Operations} from "./Operations.sol";
import {Routes} from "./Routes.sol";
import {StateUpdate} from "./StateUpdate.sol";

/// @title The exchange's code: operations here, custody and administration in two pieces beside it
/// @notice Runs by delegatecall behind `FreeholdProxy`; `IFreehold` is the manual of what that address answers.
/// @dev What is not answered here goes to the piece that `Routes` names. Each part's rules stand in a library, with its
/// state in a namespace of its own.
contract Freehold is IDispatcher, Operations {
    using Escapes for Escapes.State;
    using Governance for Governance.State;
    using Delays for Delays.State;
    using StateUpdate for StateUpdate.State;

    string public constant VERSION = "3.2.0+freehold.1";

    address private immutable _self;
    address private immutable _custody;
    address private immutable _administration;

    constructor(address custody, address administration) {
        _requireIdentity(custody, Routes.CUSTODY);
        _requireIdentity(administration, Routes.ADMINISTRATION);
        _self = address(this);
        // slither-disable-next-line missing-zero-check -- their identities were asked above
        _custody = custody;
        // slither-disable-next-line missing-zero-check -- the same
        _administration = administration;
    }

    function identify() public pure returns (string memory) {
        return Routes.OPERATIONS;
    }

    function initialize(bytes calldata data) external {
        if (address(this) == _self) revert DirectCallDisallowed();
        if (data.length == 0) return;
        (address initializer, bytes memory rest) = abi.decode(data, (address, bytes));
        if (initializer == address(0)) _begin(rest);
        else _runInitializer(initializer, rest);
    }

    function genesis() external view returns (uint256, uint256, uint256, uint256, uint256, uint256) {
        Genesis.State storage self = Genesis.load();
        return (
            self.positionsRoot,
            self.positionsHeight,
            self.ordersRoot,
            self.ordersHeight,
            self.systemTime,
            self.sequenceNumber
        );
    }

    function getSubContract(bytes4 selector) public view returns (address) {
        if (Routes.isCustody(selector)) return _custody;
        if (Routes.isAdministration(selector)) return _administration;
        return Routes.isOperations(selector) ? _self : address(0);
    }

    function handlingContractId(bytes4 selector) external view returns (string memory) {
        address piece = getSubContract(selector);
        if (piece == address(0)) revert NoContractForFunction(selector);
        return piece == _self ? identify() : IIdentity(piece).identify();
    }

    receive() external payable {
        revert NotExpectedToReceive();
    }

    fallback() external payable {
        address piece = Routes.isCustody(msg.sig) ? _custody : _administration;
        if (piece == _administration && !Routes.isAdministration(msg.sig)) revert NoContractForFunction(msg.sig);
        Delegate.forward(piece);
    }

    /// @dev The first initialization: whoever runs it governs.
    function _begin(bytes memory rest) private {
        (Delays.Values memory values, address verifier, uint256 sequenceNumber, uint256[] memory state) =
            abi.decode(rest, (Delays.Values, address, uint256, uint256[]));
        StateUpdate.load().begin(sequenceNumber, state);
        Delays.load().set(values);
        Escapes.load().begin(verifier);
        Roles.load().main.begin(msg.sender);
    }

    function _runInitializer(address initializer, bytes memory rest) private {
        if (initializer.code.length == 0) revert InitializerNotContract(initializer);
        emit LogExternalInitialize(rest);
        Delegate.run(initializer, abi.encodeCall(IDispatcher.initialize, (rest)));
    }

    function _requireIdentity(address piece, string memory expected) private view {
        if (!Identity.isThat(Identity.read(piece), expected)) revert PieceRefused(piece, expected);
    }
}
