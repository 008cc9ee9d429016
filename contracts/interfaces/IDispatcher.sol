// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The manual of the dispatcher: which piece of code answers what
interface IDispatcher {
    /// @notice An initializer, named in the data of an upgrade, has run.
    event LogExternalInitialize(bytes data);

    /// @notice Reached through the proxy's `upgradeTo` only. Empty data: new code, nothing else. Otherwise
    /// `abi.encode(address initializer, bytes rest)`: a named initializer is run with `rest`; without one this is the first
    /// initialization, refused if there was one, and `rest` is
    /// `abi.encode(Delays.Values, address escapeVerifier, uint256 initialSequenceNumber, uint256[] initialState)`.
    function initialize(bytes calldata data) external;

    function VERSION() external view returns (string memory);

    /// @notice The contract whose code answers a selector; zero if none does.
    function getSubContract(bytes4 selector) external view returns (address);

    /// @notice The identity of that contract; refused for a selector that none answers.
    function handlingContractId(bytes4 selector) external view returns (string memory);
}
