// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Packing: which logical columns share a physical one, as in `prover/stark/layout.py`
/// @dev Heights decide which tables share a group, so the layout is computed for each proof.
library Layout {
    uint256 internal constant QUOTIENT = 3;
    /// @dev Bit 0 of an offset mask stands for this offset.
    int256 internal constant FIRST_OFFSET = -16;
    uint256 internal constant OFFSET_ZERO = 1 << 16;
    uint256 private constant RECORD = 12;
    uint256 private constant MAX_LOG_PACKING = 4;
    uint256 private constant MAX_CLASS = 256;

    /// @dev A logical column: its offsets as a mask, and the number of its first cell.
    struct Slot {
        uint256 mask;
        uint256 cell;
    }

    /// @dev A physical column: its slots, and the offsets at which it is opened.
    struct Physical {
        Slot[] slots;
        uint256 mask;
    }

    /// @dev The columns of one logical height in one tree; `mask` joins those of its columns.
    struct Group {
        uint256 tree;
        uint256 logHeight;
        uint256 logPacking;
        Physical[] columns;
        uint256 mask;
    }

    function logPhysical(Group memory group) internal pure returns (uint256) {
        return group.logHeight + group.logPacking;
    }

    /// @dev Appends a tree's groups to `groups` from number `count` on, by falling height.
    function addTree(
        Group[] memory groups,
        uint256 count,
        uint256 tree,
        bytes memory records,
        uint256[] memory logHeights,
        uint256 kappa
    ) internal pure returns (uint256) {
        uint256 height = 64;
        uint256 largest = 0;
        while (true) {
            height = nextHeight(records, logHeights, height);
            if (height == 0) return count;
            if (largest == 0) largest = height;
            groups[count++] = makeGroup(tree, records, logHeights, height, kappa + largest - height);
        }
        return count;
    }

    /// @dev The slices of the quotient: one physical column.
    function quotient(uint256 logHeight, uint256 slices, uint256 firstCell) internal pure returns (Group memory group) {
        Slot[] memory slots = new Slot[](slices);
        for (uint256 i = 0; i < slices; ++i) slots[i] = Slot(OFFSET_ZERO, firstCell + i);
        Physical[] memory columns = new Physical[](1);
        columns[0] = Physical(slots, OFFSET_ZERO);
        return Group(QUOTIENT, logHeight, logCeiling(slices), columns, OFFSET_ZERO);
    }

    /// @dev The greatest height below `below` among the tables that have columns here; 0 for none.
    function nextHeight(bytes memory records, uint256[] memory logHeights, uint256 below)
        private
        pure
        returns (uint256 best)
    {
        for (uint256 i = 0; i < records.length; i += RECORD) {
            uint256 height = logHeights[uint8(records[i])];
            if (height < below && height > best) best = height;
        }
    }

    function makeGroup(
        uint256 tree,
        bytes memory records,
        uint256[] memory logHeights,
        uint256 height,
        uint256 logRoom
    ) private pure returns (Group memory group) {
        (Slot[][] memory runs, uint256 nRuns) = collectRuns(records, logHeights, height);
        uint256 longest = 0;
        for (uint256 i = 0; i < nRuns; ++i) if (runs[i].length > longest) longest = runs[i].length;
        uint256 logPacking = logCeiling(longest);
        if (logPacking > MAX_LOG_PACKING) logPacking = MAX_LOG_PACKING;
        if (logPacking > logRoom) logPacking = logRoom;

        uint256 packing = 1 << logPacking;
        uint256 width = 0;
        for (uint256 i = 0; i < nRuns; ++i) width += (runs[i].length + packing - 1) / packing;
        group = Group(tree, height, logPacking, new Physical[](width), 0);
        width = 0;
        for (uint256 i = 0; i < nRuns; ++i) {
            for (uint256 from = 0; from < runs[i].length; from += packing) {
                Physical memory physical = slice(runs[i], from, packing);
                group.columns[width++] = physical;
                group.mask |= physical.mask;
            }
        }
    }

    /// @dev Classes 0 and 1 of all tables in one run, then each further (table, class) in a run of its own.
    function collectRuns(bytes memory records, uint256[] memory logHeights, uint256 height)
        private
        pure
        returns (Slot[][] memory runs, uint256 nRuns)
    {
        uint256 n = records.length / RECORD;
        runs = new Slot[][](n);
        Slot[] memory common = new Slot[](n);
        uint256 used = 0;
        for (uint256 class = 0; class < 2; ++class) {
            for (uint256 i = 0; i < n; ++i) {
                (uint256 table, uint256 own, Slot memory slot) = read(records, i);
                if (own == class && logHeights[table] == height) common[used++] = slot;
            }
        }
        if (used > 0) runs[nRuns++] = shorten(common, used);

        uint256 last = MAX_CLASS * MAX_CLASS; // (table, class) of the run being collected
        Slot[] memory apart = new Slot[](n);
        used = 0;
        for (uint256 i = 0; i < n; ++i) {
            (uint256 table, uint256 own, Slot memory slot) = read(records, i);
            if (own < 2 || logHeights[table] != height) continue;
            if (used > 0 && table * MAX_CLASS + own != last) {
                runs[nRuns++] = shorten(apart, used);
                apart = new Slot[](n);
                used = 0;
            }
            last = table * MAX_CLASS + own;
            apart[used++] = slot;
        }
        if (used > 0) runs[nRuns++] = shorten(apart, used);
    }

    function read(bytes memory records, uint256 index)
        private
        pure
        returns (uint256 table, uint256 class, Slot memory slot)
    {
        uint256 word;
        assembly ("memory-safe") {
            word := mload(add(add(records, 0x20), mul(index, RECORD)))
        }
        return (word >> 248, (word >> 240) & 0xff, Slot((word >> 176) & type(uint64).max, (word >> 160) & 0xffff));
    }

    function slice(Slot[] memory run, uint256 from, uint256 packing) private pure returns (Physical memory physical) {
        uint256 count = run.length - from < packing ? run.length - from : packing;
        physical.slots = new Slot[](count);
        for (uint256 i = 0; i < count; ++i) {
            physical.slots[i] = run[from + i];
            physical.mask |= run[from + i].mask;
        }
    }

    function shorten(Slot[] memory slots, uint256 length) private pure returns (Slot[] memory) {
        assembly ("memory-safe") {
            mstore(slots, length)
        }
        return slots;
    }

    /// @dev The least l with 2^l >= n.
    function logCeiling(uint256 n) private pure returns (uint256 l) {
        while ((1 << l) < n) ++l;
    }
}
