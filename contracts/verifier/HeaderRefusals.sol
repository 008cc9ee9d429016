// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title How a proof's header is refused, by step
/// @dev Of both contracts: the header verifier refuses, and the verifier passes it on.
abstract contract HeaderRefusals {
    /// @notice Step 0: a table's height is out of its bounds.
    error HeightRefused(uint256 table, uint256 logHeight);
    /// @notice Step 0: an address is not below 2^64.
    error AddressRefused(uint256 word);
    /// @notice Step 0: an output word is not below the prime, or the output is not exactly its segment.
    error OutputRefused(uint256 found, uint256 limit);
    error DomainTooLarge(uint256 logSize);
    /// @notice The header ends early, or words are left over after the nonce.
    error HeaderLength(uint256 length, uint256 expected);
    error NotBelowPrime(uint256 word);
    /// @notice Step 2: the claimed sums and the public accesses do not cancel.
    error LookupsUnbalanced(uint256 total);
    /// @notice Step 2: z lies on a domain.
    error PointRefused(uint256 z);
    /// @notice Step 3: the combined constraints give `expected` at z, the proof claims `claimed`.
    error OodsMismatch(uint256 expected, uint256 claimed);
    /// @notice Step 3: an interaction column's constraint, counted through all tables, is off by `difference` at z.
    error LookupMismatch(uint256 column, uint256 difference);
    /// @notice Step 6: the nonce shows no work.
    error GrindingMissing(bytes32 state);
}
