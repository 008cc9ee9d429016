// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Layout} from "./Layout.sol";
import {QueryPhase} from "./QueryPhase.sol";
import {ExchangeShape as Shape} from "./generated/ExchangeShape.sol";

/// @title The query phase of one shape under one set of parameters
/// @notice Stateless: `StarkVerifier` asks it whether a part opens as a context demands. Parameters are fixed here.
contract QueryVerifier {
    /// @notice A parameter is out of the bounds of `prover/stark/parameters.py`.
    error ParameterRefused(uint256 index, uint256 value);

    /// @dev `kappa` of the preprocessed, main, interaction and quotient tree; `partQueries` cuts the openings into
    /// parts and has no part in the transcript.
    struct Parameters {
        uint256 logBlowup;
        uint256 queries;
        uint256 grindingBits;
        uint256 logArity;
        uint256 logLast;
        uint256 digestBytes;
        uint256[4] kappa;
        uint256 partQueries;
    }

    uint256 private immutable logBlowup;
    uint256 private immutable queries;
    uint256 private immutable grindingBits;
    uint256 private immutable logArity;
    uint256 private immutable logLast;
    uint256 private immutable digestBytes;
    uint256 private immutable kappas;
    uint256 private immutable partQueries;

    constructor(Parameters memory p) {
        uint256[14] memory bounds = [uint256(2), 8, 1, 200, 0, 64, 1, 5, 0, 12, 16, 32, 1, 200];
        uint256[7] memory values =
            [p.logBlowup, p.queries, p.grindingBits, p.logArity, p.logLast, p.digestBytes, p.partQueries];
        for (uint256 i = 0; i < 7; ++i) {
            bool within = values[i] >= bounds[2 * i] && values[i] <= bounds[2 * i + 1];
            require(within, ParameterRefused(i, values[i]));
        }
        for (uint256 i = 0; i < 4; ++i) require(p.kappa[i] <= 4, ParameterRefused(7 + i, p.kappa[i]));
        logBlowup = p.logBlowup;
        queries = p.queries;
        grindingBits = p.grindingBits;
        logArity = p.logArity;
        logLast = p.logLast;
        digestBytes = p.digestBytes;
        kappas = p.kappa[0] | (p.kappa[1] << 8) | (p.kappa[2] << 16) | (p.kappa[3] << 24);
        partQueries = p.partQueries;
    }

    function parameters() external view returns (Parameters memory) {
        uint256[4] memory kappa = [kappas & 0xff, (kappas >> 8) & 0xff, (kappas >> 16) & 0xff, kappas >> 24];
        return Parameters(logBlowup, queries, grindingBits, logArity, logLast, digestBytes, kappa, partQueries);
    }

    /// @notice What the transcript absorbs of them, in order.
    function parameterWords() external view returns (uint256[10] memory) {
        return [
            logBlowup,
            queries,
            grindingBits,
            logArity,
            logLast,
            digestBytes,
            kappas & 0xff,
            (kappas >> 8) & 0xff,
            (kappas >> 16) & 0xff,
            kappas >> 24
        ];
    }

    /// @notice The groups of physical columns for these heights, in mask order.
    function layout(uint256[] memory logHeights) public view returns (Layout.Group[] memory groups) {
        groups = new Layout.Group[](3 * Shape.N_TABLES + 1);
        uint256 count = 0;
        if (Shape.HAS_PREPROCESSED) {
            count = Layout.addTree(groups, count, 0, Shape.PREPROCESSED_COLUMNS, logHeights, kappas & 0xff);
        }
        count = Layout.addTree(groups, count, 1, Shape.MAIN_COLUMNS, logHeights, (kappas >> 8) & 0xff);
        count = Layout.addTree(groups, count, 2, Shape.INTERACTION_COLUMNS, logHeights, (kappas >> 16) & 0xff);
        uint256 largest = 0;
        for (uint256 i = 0; i < logHeights.length; ++i) if (logHeights[i] > largest) largest = logHeights[i];
        groups[count++] = Layout.quotient(largest, Shape.N_SLICES, Shape.N_CELLS);
        assembly ("memory-safe") {
            mstore(groups, count)
        }
    }

    function layerCount(uint256 logDegree) external view returns (uint256) {
        return QueryPhase.layerCount(logDegree, _settings());
    }

    /// @notice Returns if part number `part` of the context's positions opens and folds as it must; reverts with the
    /// step that refused otherwise.
    function checkPart(QueryPhase.Context memory context, uint256 part, bytes calldata openings) external view {
        uint256 from = part * partQueries;
        uint256 to = from + partQueries;
        if (to > context.positions.length) to = context.positions.length;
        QueryPhase.checkPart(context, layout(context.logHeights), _settings(), from, to, openings);
    }

    function _settings() private view returns (QueryPhase.Settings memory) {
        return QueryPhase.Settings(logBlowup, logArity, logLast, digestBytes);
    }
}
