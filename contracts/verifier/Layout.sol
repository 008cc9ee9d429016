// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IShape} from "./IShape.sol";
import {QueryPhase} from "./QueryPhase.sol";

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

    /// @dev `groups` in mask order. A physical column is mask << 64 | number of its first slot << 32 | slots; a slot is
    /// mask << 16 | number of its first cell. `rows` as in `QueryPhase.Context`. `logDegree`: H = 2^logDegree.
    struct Plan {
        Group[] groups;
        uint256[] columns;
        uint256[] slots;
        uint256[] rows;
        uint256 logDegree;
    }

    /// @dev What is being read: the runs `from` to `to`, those of one tree, whose first column is number `column` of all.
    /// A run is tree << 64 | table's height << 48 | class << 32 | columns.
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
            plan = Plan(groups, emptyList(n), emptyList(n), emptyList(n), 0);
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
            assembly ("memory-safe") {
                mstore(groups, count)
            }
            for (uint256 i = 0; i < plan.rows.length; ++i) {
                uint256 height = (get(plan.rows, i) >> QueryPhase.HEIGHT_BIT) & 0xffff;
                if (height > plan.logDegree) plan.logDegree = height;
            }
        }
    }

    /// @dev How many out-of-domain values the proof has.
    function countValues(Plan memory plan) internal pure returns (uint256 count) {
        unchecked {
            for (uint256 i = 0; i < plan.columns.length; ++i) {
                count += bits(get(plan.columns, i) >> 64) * (get(plan.columns, i) & 0xffffffff);
            }
        }
    }

    /// @dev The row offset that bit number `bit` stands for, counted from the lowest.
    function offsetOf(bytes memory offsets, uint256 bit) internal pure returns (uint256) {
        return wordOf(offsets, 2 * bit) >> 240;
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
            for (uint256 i = 0; i < plan.columns.length; ++i) nOpenings += bits(get(plan.columns, i) >> 64);
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
                uint256 word = wordOf(encoded, 4 * i);
                uint256 height = logHeights[(word >> 240) & 0xff];
                runs[i] = (word >> 248) << 64 | height << 48 | ((word >> 232) & 0xff) << 32 | (word >> 224) & 0xff;
            }
        }
    }

    /// @dev Moves on to the runs of the next tree, which may have none.
    function selectTree(Source memory source, uint256 tree) private pure {
        unchecked {
            uint256 to = source.to;
            for (uint256 i = source.from; i < to; ++i) source.column += get(source.runs, i) & 0xffff;
            source.from = to;
            while (to < source.runs.length && get(source.runs, to) >> 64 == tree) ++to;
            source.to = to;
        }
    }

    /// @dev The greatest height below `below` among the tables that have columns in this tree; 0 for none.
    function nextHeight(Source memory source, uint256 below) private pure returns (uint256 best) {
        unchecked {
            for (uint256 i = source.from; i < source.to; ++i) {
                uint256 height = (get(source.runs, i) >> 48) & 0xffff;
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
                uint256 run = get(source.runs, i);
                uint256 end = column + (run & 0xffff);
                if ((run >> 48) & 0xffff == height) {
                    if ((run >> 32) & 0xffff >= FIRST_APART) {
                        cut(plan, group, start);
                        start = plan.slots.length;
                    }
                    for (uint256 c = column; c < end; ++c) push(plan.slots, wordOf(source.columns, 10 * c) >> 176);
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
                uint256 run = get(source.runs, i);
                if ((run >> 48) & 0xffff != height) continue;
                uint256 length = run & 0xffff;
                if ((run >> 32) & 0xffff < FIRST_APART) common += length;
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
                for (uint256 i = 0; i < count; ++i) mask |= get(plan.slots, start + i) >> 16;
                push(plan.columns, mask << 64 | start << 32 | count);
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
                push(plan.rows, tree << QueryPhase.TREE_BIT | height << QueryPhase.HEIGHT_BIT | width);
                below = height;
            }
        }
    }

    /// @dev 32 bytes from byte number `place` on.
    function wordOf(bytes memory data, uint256 place) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), place))
        }
    }

    /// @dev list[index], which exists.
    function get(uint256[] memory list, uint256 index) internal pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(list, 0x20), shl(5, index)))
        }
    }

    /// @dev A list of no words with room for `room`.
    function emptyList(uint256 room) internal pure returns (uint256[] memory list) {
        list = new uint256[](room);
        assembly ("memory-safe") {
            mstore(list, 0)
        }
    }

    /// @dev Appends to a list whose room is never exceeded: there are no more slots, columns or rows than logical columns.
    function push(uint256[] memory list, uint256 word) internal pure {
        assembly ("memory-safe") {
            let length := add(mload(list), 1)
            mstore(list, length)
            mstore(add(list, shl(5, length)), word)
        }
    }
}
