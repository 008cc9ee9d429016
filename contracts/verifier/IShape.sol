// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The constraints of all tables of a shape, or of some
interface IEvaluator {
    /// @notice The constraints at one point. `input`, each word below p: beta, z^H, z^(H/b) of each block size b; of each
    /// table its point, omega and 1/omega; alpha, gamma, initial ap, final ap, (start, stop) of each builtin, the sum per
    /// row of each table; the cells, then the combined quotient's slices. Returns the sum of
    /// beta^i * constraint_i / zerofier_i, and of each interaction column its constraint less what its quotient claims.
    function evaluate(uint256[] calldata input) external view returns (uint256[] memory);
}

/// @title What a shape's generated contract tells the verifier
interface IShape is IEvaluator {
    /// @dev Tables in shape order. A pseudo-table, number `nTables`, of the greatest height, holds the combined quotient.
    /// `outputBuiltin` is the output builtin's place in the program's order, `nBuiltins` if there is none.
    /// `heights`: two bytes a table, log2 of its least height and log2 of its fixed height or 0.
    /// `blocks`: log2 of each block size, rising. `runs`: four bytes each: tree, table, class, columns; in each tree
    /// class 0 of all tables, then class 1, then the further (table, class). `columns`: ten bytes each, in the runs'
    /// order: offset mask, number of its first cell. Bit i of a mask is the row offset number i, rising: `offsets` has two
    /// bytes each, counted from the lowest, which is -lowestOffset.
    struct Description {
        uint256 identity;
        uint256 nTables;
        uint256 nBuiltins;
        uint256 outputBuiltin;
        uint256 nCells;
        uint256 nSlices;
        uint256 lowestOffset;
        bytes offsets;
        bytes heights;
        bytes blocks;
        bytes runs;
        bytes columns;
    }

    function description() external view returns (Description memory);
}
