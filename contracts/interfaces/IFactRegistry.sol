// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A registry of proven facts
interface IFactRegistry {
    /// @notice Whether `fact` was proven here. Facts are permanent.
    function isValid(bytes32 fact) external view returns (bool);

    /// @notice Whether any fact was ever registered.
    function hasRegisteredFact() external view returns (bool);
}
