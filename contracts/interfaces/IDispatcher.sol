// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The manual of the dispatcher: which piece of code answers what, and how the exchange begins
interface IDispatcher {
    /// @notice An initializer, named in the data of an upgrade, has run.
    event LogExternalInitialize(bytes data);
    /// @notice The state that the exchange begins with. It is declared, not proven: roots of empty trees hold nothing;
    /// behind others stand positions that somebody invented or brought along, and that are owed like any.
    event GenesisDeclared(
        uint256 positionsRoot,
        uint256 positionsHeight,
        uint256 ordersRoot,
        uint256 ordersHeight,
        uint256 systemTime,
        uint256 sequenceNumber
    );

    /// @notice Reached through the proxy's `upgradeTo` only. Empty data: new code, nothing else. Otherwise
    /// `abi.encode(address initializer, bytes rest)`: a named initializer is run with `rest`; without one this is the first
    /// initialization, refused if there was one, and `rest` is
    /// `abi.encode(Delays.Values, address escapeVerifier, uint256 initialSequenceNumber, uint256[] initialState)`.
    function initialize(bytes calldata data) external;

    /// @notice What `GenesisDeclared` said.
    function genesis()
        external
        view
        returns (
            uint256 positionsRoot,
            uint256 positionsHeight,
            uint256 ordersRoot,
            uint256 ordersHeight,
            uint256 systemTime,
            uint256 sequenceNumber
        );

    function VERSION() external view returns (string memory);

    /// @notice The contract whose code answers a selector; zero if none does.
    function getSubContract(bytes4 selector) external view returns (address);

    /// @notice The identity of that contract; refused for a selector that none answers.
    function handlingContractId(bytes4 selector) external view returns (string memory);

    /// @notice Call a function of the manual, `IFreehold`; there is none with this selector.
    error NoContractForFunction(bytes4 selector);
    /// @notice Deposit ether by `depositEth`; nothing else is credited to anybody.
    error NotExpectedToReceive();
    /// @notice Call when the outer call is over: tokens, owners and conditions may not call back meanwhile.
    error Reentrant();
    /// @notice Send this to the exchange's address, the proxy's; this code holds nothing.
    error DirectCallDisallowed();
    /// @notice Deploy with a piece that calls itself `expected`.
    error PieceRefused(address piece, string expected);
    /// @notice Deploy the initializer first; there is no code at its address.
    error InitializerNotContract(address initializer);
    /// @notice Upgrade with empty data or with an initializer: the exchange has begun.
    error AlreadyInitialized();
    /// @notice Begin with 8 words that are in range: no assets, no prices.
    error InitialStateRefused(uint256 length);
    /// @notice Choose delay number `index` of `Delays.Values`, or the proxy's as number 5, from `least` to `most` seconds.
    error DelayOutOfBounds(uint256 index, uint256 delay, uint256 least, uint256 most);
    /// @notice Deploy the escape verifier first; there is no code at its address.
    error EscapeVerifierNotContract(address verifier);
    /// @notice Name an escape verifier; the contract says that it is `found`.
    error EscapeVerifierRefused(address verifier, string found);
}
