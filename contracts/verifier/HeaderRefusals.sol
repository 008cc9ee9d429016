// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title How a proof's header is refused, by step
/// @dev Of both contracts: the header verifier refuses, and the verifier passes it on.
abstract contract HeaderRefusals {
    /// @notice Step 0: use a verifier of the proof's shape; here table number `table` cannot have 2^`logHeight` rows.
    error HeightRefused(uint256 table, uint256 logHeight);
    /// @notice Step 0: send the header as the prover wrote it; each bound of a segment is an address below 2^64.
    error AddressRefused(uint256 word);
    /// @notice Step 0: send the header as the prover wrote it; each output word is below the prime, and there are as
    /// many as the output's segment has cells.
    error OutputRefused(uint256 found, uint256 limit);
    /// @notice Step 0: prove a shorter run; packed, its columns have degree 2^`logDegree`, and 2^`limit` is the greatest.
    error DegreeTooLarge(uint256 logDegree, uint256 limit);
    /// @notice Send the whole header and nothing behind its nonce: `expected` words at the step that met its end.
    error HeaderLength(uint256 length, uint256 expected);
    /// @notice Send the header as the prover wrote it; each field element is below the prime.
    error NotBelowPrime(uint256 word);
    /// @notice Step 2: name the program that was proven; the tables' sums and the public memory do not cancel.
    error LookupsUnbalanced(uint256 total);
    /// @notice Step 2: prove again with other main columns; z lies on a domain.
    error PointRefused(uint256 z);
    /// @notice Step 3: prove a run that satisfies the constraints; combined they give `expected` at z, claimed is
    /// `claimed`.
    error OodsMismatch(uint256 expected, uint256 claimed);
    /// @notice Step 3: prove a run that satisfies the lookups; the constraint of interaction column number `column`,
    /// counted through all tables, is off by `difference` at z.
    error LookupMismatch(uint256 column, uint256 difference);
    /// @notice Step 6: search a nonce after which `state` begins with `bits` zero bits.
    error GrindingMissing(bytes32 state, uint256 bits);
}
