// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PRIME} from "./Field.sol";
import {Words} from "./Words.sol";

/// @title Registered programs: words in data contracts, named by number
/// @dev Anyone registers a program once; an entry never changes. Every use compares code hashes, because a contract
/// destroyed in the transaction that made it can come back with other code. Nothing here is trusted.
library Programs {
    /// @notice Deploy pages of whole 32-byte words, six or more in all; found were `bytes_` bytes, in a page or in all.
    error ProgramLength(uint256 bytes_);
    /// @notice Deploy each page first, a STOP byte and words behind it; the code at `page` has `bytes_` bytes.
    error PageRefused(address page, uint256 bytes_);
    /// @notice Deploy the program's words as compiled; word `index` is not below the prime.
    error ProgramWordOutOfRange(uint256 index, uint256 word);
    /// @notice Compile in proof mode and for this shape's builtins: a program begins with `ap += builtins`, `call main`,
    /// `jmp rel 0`; word `index` is another.
    error ProgramHead(uint256 index, uint256 word);
    /// @notice Register the program, and use the number that its event names.
    error UnknownProgram(uint256 number);
    /// @notice Register the program anew, from pages that nobody can destroy; `page` holds other code than then.
    error ProgramChanged(address page, bytes32 expected, bytes32 found);
    /// @notice Fill pages up: a program has at most `limit`.
    error TooManyPages(uint256 count, uint256 limit);

    uint256 private constant AP_ADD_IMMEDIATE = 0x40780017fff7fff;
    uint256 private constant CALL_IMMEDIATE = 0x1104800180018000;
    uint256 private constant JUMP_IMMEDIATE = 0x10780017fff7fff;
    uint256 private constant MAX_PAGES = 16;
    /// @dev Code begins with STOP, so that a page cannot be called.
    uint256 private constant PREFIX = 1;

    struct Entry {
        uint256 identity;
        address[] pages;
        bytes32[] codeHashes;
    }

    struct State {
        Entry[] entries;
    }

    /// @dev Returns the new number. `identity = keccak(version, shape id, word count, keccak(words))`.
    function register(State storage self, address[] calldata pages, uint256 version, uint256 shapeId, uint256 nBuiltins)
        internal
        returns (uint256 number, uint256 identity)
    {
        if (pages.length > MAX_PAGES) revert TooManyPages(pages.length, MAX_PAGES);
        Entry storage entry = self.entries.push();
        for (uint256 i = 0; i < pages.length; ++i) {
            // An address without code, or one that holds no word, can come to hold words later, of another's choice.
            uint256 length = pages[i].code.length;
            if (length <= PREFIX) revert PageRefused(pages[i], length);
            entry.pages.push(pages[i]);
            entry.codeHashes.push(pages[i].codehash);
        }
        uint256[] memory words = load(pages);
        check(words, nBuiltins);
        bytes32 inner;
        // Equivalent to keccak256(abi.encodePacked(words)).
        assembly ("memory-safe") {
            inner := keccak256(add(words, 0x20), shl(5, mload(words)))
        }
        identity = uint256(keccak256(abi.encode(version, shapeId, words.length, inner)));
        entry.identity = identity;
        number = self.entries.length - 1;
    }

    /// @dev The identity of a registered program, and its pages, which hold the code that was registered.
    function get(State storage self, uint256 number) internal view returns (uint256 identity, address[] memory pages) {
        if (number >= self.entries.length) revert UnknownProgram(number);
        Entry storage entry = self.entries[number];
        identity = entry.identity;
        pages = entry.pages;
        for (uint256 i = 0; i < pages.length; ++i) {
            bytes32 found = pages[i].codehash;
            bytes32 expected = entry.codeHashes[i];
            require(found == expected, ProgramChanged(pages[i], expected, found));
        }
    }

    /// @dev The words that `pages` hold, each page a whole number of them.
    function load(address[] memory pages) internal view returns (uint256[] memory words) {
        uint256 size = 0;
        for (uint256 i = 0; i < pages.length; ++i) {
            uint256 held = bytesIn(pages[i]);
            if (held % 32 != 0) revert ProgramLength(held);
            size += held;
        }
        if (size == 0) revert ProgramLength(size);
        words = new uint256[](size / 32);
        uint256 place = Words.place(words, 0);
        for (uint256 i = 0; i < pages.length; ++i) {
            (address page, uint256 held) = (pages[i], bytesIn(pages[i]));
            // Equivalent to appending page.code[1:] to words.
            assembly ("memory-safe") {
                extcodecopy(page, place, PREFIX, held)
                place := add(place, held)
            }
        }
    }

    function bytesIn(address page) private view returns (uint256) {
        uint256 length = page.code.length;
        return length > PREFIX ? length - PREFIX : 0;
    }

    /// @dev Room for the words of any of `pages`.
    function room(address[] calldata pages) internal view returns (uint256[] memory) {
        uint256 most = 0;
        for (uint256 i = 0; i < pages.length; ++i) {
            uint256 held = bytesIn(pages[i]);
            if (held > most) most = held;
        }
        return new uint256[](most / 32);
    }

    /// @dev `words` become those of `page`, for which there is `room`.
    function loadPage(address page, uint256[] memory words) internal view {
        uint256 held = bytesIn(page);
        // Equivalent to words = page.code[1:].
        assembly ("memory-safe") {
            mstore(words, shr(5, held))
            extcodecopy(page, add(words, 0x20), PREFIX, held)
        }
    }

    function check(uint256[] memory words, uint256 nBuiltins) private pure {
        for (uint256 i = 0; i < words.length; ++i) {
            require(words[i] < PRIME, ProgramWordOutOfRange(i, words[i]));
        }
        if (words.length < 6) revert ProgramLength(32 * words.length);
        if (words[0] != AP_ADD_IMMEDIATE) revert ProgramHead(0, words[0]);
        if (words[1] != nBuiltins) revert ProgramHead(1, words[1]);
        if (words[2] != CALL_IMMEDIATE) revert ProgramHead(2, words[2]);
        if (words[4] != JUMP_IMMEDIATE) revert ProgramHead(4, words[4]);
        if (words[5] != 0) revert ProgramHead(5, words[5]);
    }
}
