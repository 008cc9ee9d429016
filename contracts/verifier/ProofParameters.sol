// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @dev The parameters of the low-degree test, as in `prover/stark/parameters.py`. `kappa` is of the preprocessed, main
/// and interaction tree; `partQueries` cuts the openings into parts and has no part in the transcript.
struct ProofParameters {
    uint256 logBlowup;
    uint256 queries;
    uint256 grindingBits;
    uint256 logArity;
    uint256 logLast;
    uint256 digestBytes;
    uint256[3] kappa;
    uint256 partQueries;
}

/// @notice Deploy with parameters within the bounds below: number `index`, which for kappa is 7 and more, is `value`.
error ParameterRefused(uint256 index, uint256 value);

function checkParameters(ProofParameters memory p) pure {
    uint256[14] memory bounds = [uint256(2), 8, 1, 200, 0, 64, 1, 5, 0, 12, 16, 32, 1, 200];
    uint256[7] memory values =
        [p.logBlowup, p.queries, p.grindingBits, p.logArity, p.logLast, p.digestBytes, p.partQueries];
    for (uint256 i = 0; i < 7; ++i) {
        bool within = values[i] >= bounds[2 * i] && values[i] <= bounds[2 * i + 1];
        require(within, ParameterRefused(i, values[i]));
    }
    for (uint256 i = 0; i < p.kappa.length; ++i) require(p.kappa[i] <= 4, ParameterRefused(7 + i, p.kappa[i]));
}

/// @dev How many FRI layers a polynomial of degree below 2^logDegree is folded through.
function layerCount(uint256 logDegree, uint256 logArity, uint256 logLast) pure returns (uint256) {
    if (logDegree <= logLast) return 0;
    return (logDegree - logLast + logArity - 1) / logArity;
}

/// @dev The binary folds of one of these layers.
function layerArity(uint256 logDegree, uint256 logArity, uint256 logLast, uint256 layer) pure returns (uint256) {
    uint256 remaining = logDegree - logLast - layer * logArity;
    return remaining < logArity ? remaining : logArity;
}
