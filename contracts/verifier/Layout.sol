// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IShape} from "./IShape.sol";
import {QueryContext} from "./QueryContext.sol";
import {Words} from "./Words.sol";

/// @title Packing: which logical columns share a physical one, as in `prover/stark/layout.py`
/// @dev Heights decide which tables share a group, so the layout is computed for each proof. Heights, counts and places
/// are far below 2^32, so nothing overflows.
library Layout {
    uint256 internal constant N_TREES = 3;
    uint256 private constant MAX_LOG_PACKING = 4;
    /// @dev From this class on a run of columns shares no physical column with others.
    uint256 private constant FIRST_APART = 2;
    uint256 private constant ABOVE_ALL_HEIGHTS = 64;

    /// @dev The columns of one logical height in one tree: `nColumns` physical ones from `firstColumn` on, opened at the
    /// offsets in `mask`; in the opened row number `row` they begin at place `firstInRow`.
    struct Group {
        uint256 tree;
        uint256 logHeight;
        uint256 logPacking;
        uint256 mask;
        uint256 firstColumn;
        uint256 nColumns;
        uint256 row;
        uint256 firstInRow;
    }

    /// @dev `groups` in mask order. A physical column is mask << 64 | number of its first slot << 32 | slots (`maskOf`
    /// and its neighbours); a slot is mask << 16 | number of its first cell. `rows` as in `QueryContext.Context`. `logDegree`: H = 2^logDegree.
    struct Plan {
        Group[] groups;
        uint256[] columns;
        uint256[] slots;
        uint256[] rows;
        uint256 logDegree;
    }

    /// @dev What is being read: the runs `from` to `to`, those of one tree, whose first column is number `column` of all.
    /// A run is tree << 64 | table's height << 48 | class << 32 | columns, see `treeOf` and its neighbours.
    struct Source {
        uint256[] runs;
        bytes columns;
        uint256 from;
        uint256 to;
        uint256 column;
    }

    /// @dev `kappas` has one byte a tree, the first lowest.
    function build(IShape.Description memory shape, uint256[] memory logHeights, uint256 kappas)
        internal
        pure
        returns (Plan memory plan)
    {
        unchecked {
            Source memory source = Source(readRuns(shape.runs, logHeights), shape.columns, 0, 0, 0);
            uint256 n = shape.columns.length / 10;
            Group[] memory groups = new Group[](N_TREES * (shape.nTables + 1));
            plan = Plan(groups, Words.emptyList(n), Words.emptyList(n), Words.emptyList(n), 0);
            uint256 count = 0;
            for (uint256 tree = 0; tree < N_TREES; ++tree) {
                selectTree(source, tree);
                uint256 first = count;
                uint256 largest = nextHeight(source, ABOVE_ALL_HEIGHTS);
                for (uint256 height = largest; height != 0; height = nextHeight(source, height)) {
                    uint256 kappa = (kappas >> (8 * tree)) & 0xff;
                    plan.groups[count++] = makeGroup(plan, source, tree, height, kappa + largest - height);
                }
                addRows(plan, tree, first, count);
            }
            // Equivalent to: groups.length = count
            assembly ("memory-safe") {
                mstore(groups, count)
            }
            for (uint256 i = 0; i < plan.rows.length; ++i) {
                uint256 height = (Words.get(plan.rows, i) >> QueryContext.ROW_HEIGHT_BIT) & QueryContext.ROW_MASK;
                if (height > plan.logDegree) plan.logDegree = height;
            }
        }
    }

    /// @dev How many out-of-domain values the proof has.
    function countValues(Plan memory plan) internal pure returns (uint256 count) {
        unchecked {
            for (uint256 i = 0; i < plan.columns.length; ++i) {
                count += bits(maskOf(Words.get(plan.columns, i))) * slotsOf(Words.get(plan.columns, i));
            }
        }
    }

    /// @dev The row offset that bit number `bit` stands for, counted from the lowest.
    function offsetOf(bytes memory offsets, uint256 bit) internal pure returns (uint256) {
        return Words.ofBytes(offsets, 2 * bit) >> 240;
    }

    /// @dev Bounds for the DEEP sum: (group, offset) pairs, (column, offset) pairs, words of claims.
    function countTerms(Plan memory plan)
        internal
        pure
        returns (uint256 nTerms, uint256 nOpenings, uint256 nClaims)
    {
        unchecked {
            for (uint256 g = 0; g < plan.groups.length; ++g) {
                uint256 count = bits(plan.groups[g].mask);
                nTerms += count;
                nClaims += count * (1 + (1 << plan.groups[g].logPacking));
            }
            for (uint256 i = 0; i < plan.columns.length; ++i) nOpenings += bits(maskOf(Words.get(plan.columns, i)));
        }
    }

    function bits(uint256 mask) private pure returns (uint256 count) {
        unchecked {
            for (; mask != 0; mask &= mask - 1) ++count;
        }
    }

    function readRuns(bytes memory encoded, uint256[] memory logHeights) private pure returns (uint256[] memory runs) {
        unchecked {
            runs = new uint256[](encoded.length / 4);
            for (uint256 i = 0; i < runs.length; ++i) {
                uint256 word = Words.ofBytes(encoded, 4 * i);
                uint256 height = logHeights[(word >> 240) & 0xff];
                runs[i] = (word >> 248) << 64 | height << 48 | ((word >> 232) & 0xff) << 32 | (word >> 224) & 0xff;
            }
        }
    }

    /// @dev Moves on to the runs of the next tree, which may have none.
    function selectTree(Source memory source, uint256 tree) private pure {
        unchecked {
            uint256 to = source.to;
            for (uint256 i = source.from; i < to; ++i) source.column += columnsOf(Words.get(source.runs, i));
            source.from = to;
            while (to < source.runs.length && treeOf(Words.get(source.runs, to)) == tree) ++to;
            source.to = to;
        }
    }

    /// @dev The greatest height below `below` among the tables that have columns in this tree; 0 for none.
    function nextHeight(Source memory source, uint256 below) private pure returns (uint256 best) {
        unchecked {
            for (uint256 i = source.from; i < source.to; ++i) {
                uint256 height = heightOf(Words.get(source.runs, i));
                if (height < below && height > best) best = height;
            }
        }
    }

    /// @dev Appends the group's slots and physical columns to the plan. k is at most 2^logRoom.
    function makeGroup(Plan memory plan, Source memory source, uint256 tree, uint256 height, uint256 logRoom)
        private
        pure
        returns (Group memory group)
    {
        unchecked {
            group = Group(tree, height, logPackingOf(source, height, logRoom), 0, plan.columns.length, 0, 0, 0);
            uint256 column = source.column;
            uint256 start = plan.slots.length;
            for (uint256 i = source.from; i < source.to; ++i) {
                uint256 run = Words.get(source.runs, i);
                uint256 end = column + columnsOf(run);
                if (heightOf(run) == height) {
                    if (classOf(run) >= FIRST_APART) {
                        cut(plan, group, start);
                        start = plan.slots.length;
                    }
                    for (uint256 c = column; c < end; ++c) Words.push(plan.slots, Words.ofBytes(source.columns, 10 * c) >> 176);
                }
                column = end;
            }
            cut(plan, group, start);
            group.nColumns = plan.columns.length - group.firstColumn;
        }
    }

    /// @dev log2 of k: classes 0 and 1 are one run, every other one its own.
    function logPackingOf(Source memory source, uint256 height, uint256 logRoom) private pure returns (uint256 l) {
        unchecked {
            uint256 common = 0;
            uint256 longest = 0;
            for (uint256 i = source.from; i < source.to; ++i) {
                uint256 run = Words.get(source.runs, i);
                if (heightOf(run) != height) continue;
                uint256 length = columnsOf(run);
                if (classOf(run) < FIRST_APART) common += length;
                else if (length > longest) longest = length;
            }
            if (common > longest) longest = common;
            while ((1 << l) < longest && l < MAX_LOG_PACKING && l < logRoom) ++l;
        }
    }

    /// @dev Cuts the slots from `start` on into physical columns of k slots each.
    function cut(Plan memory plan, Group memory group, uint256 start) private pure {
        unchecked {
            uint256 end = plan.slots.length;
            uint256 packing = 1 << group.logPacking;
            for (; start < end; start += packing) {
                uint256 count = end - start < packing ? end - start : packing;
                uint256 mask = 0;
                for (uint256 i = 0; i < count; ++i) mask |= Words.get(plan.slots, start + i) >> 16;
                Words.push(plan.columns, mask << 64 | start << 32 | count);
                group.mask |= mask;
            }
        }
    }

    /// @dev The rows of one tree, by falling physical height; tells its groups where in them they stand.
    function addRows(Plan memory plan, uint256 tree, uint256 first, uint256 last) private pure {
        unchecked {
            uint256 below = ABOVE_ALL_HEIGHTS;
            while (true) {
                uint256 height = 0;
                for (uint256 g = first; g < last; ++g) {
                    uint256 own = plan.groups[g].logHeight + plan.groups[g].logPacking;
                    if (own < below && own > height) height = own;
                }
                if (height == 0) return;
                uint256 width = 0;
                for (uint256 g = first; g < last; ++g) {
                    Group memory group = plan.groups[g];
                    if (group.logHeight + group.logPacking != height) continue;
                    (group.row, group.firstInRow) = (plan.rows.length, width);
                    width += group.nColumns;
                }
                Words.push(plan.rows, tree << QueryContext.ROW_TREE_BIT | height << QueryContext.ROW_HEIGHT_BIT | width);
                below = height;
            }
        }
    }

    // --- fields of a run

    function treeOf(uint256 run) private pure returns (uint256) {
        return run >> 64;
    }

    function heightOf(uint256 run) private pure returns (uint256) {
        return (run >> 48) & 0xffff;
    }

    function classOf(uint256 run) private pure returns (uint256) {
        return (run >> 32) & 0xffff;
    }

    function columnsOf(uint256 run) private pure returns (uint256) {
        return run & 0xffff;
    }

    // --- fields of a physical column

    function maskOf(uint256 column) internal pure returns (uint256) {
        return column >> 64;
    }

    function firstSlotOf(uint256 column) internal pure returns (uint256) {
        return (column >> 32) & 0xffffffff;
    }

    function slotsOf(uint256 column) internal pure returns (uint256) {
        return column & 0xffffffff;
    }
}
