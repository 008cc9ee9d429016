// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title How a Stark signature is refused
interface IStarkCurve {
    /// @notice Send the y coordinate that belongs to `x`; the given one does not, or none does.
    error NotOnCurve(uint256 x);
    /// @notice Sign anew: a word is out of its range, number 1 being r, 2 s, 3 1/s.
    error SignatureOutOfRange(uint256 which, uint256 word);
    /// @notice Sign the message itself, with the key that is named.
    error SignatureRefused();
}
