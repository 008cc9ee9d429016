// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

// PRIME is read in assembly, where the linter does not look.
// solhint-disable-next-line no-unused-import
import {Field, PRIME} from "./Field.sol";
import {Programs} from "./Programs.sol";

/// @title The memory that both sides know, as a sum of lookup fractions
/// @dev Program words, initial frame, builtin pointers at start and end, output: `accesses` of
/// `prover/cairo/statement.py`, each `1 / (gamma - (1 + alpha*address + alpha^2*value))`.
library PublicMemory {
    uint256 private constant TAG = 1;

    /// @dev A fraction that grows, and the constants of its terms. Divided by alpha^2 and with its sign changed a term is
    /// `1 / (value + step*address + offset)`: a program's words then cost no multiplication of their own.
    struct Sum {
        uint256 numerator;
        uint256 denominator;
        uint256 step; // 1 / alpha
        uint256 offset; // (TAG - gamma) / alpha^2
        uint256 prime; // read from here, since the compiler would compute the constant anew at each use
    }

    /// @dev The program lies in `pages`; `statement` is initial ap, final ap, (start, stop) of each builtin, output length, output.
    function sum(
        address[] calldata pages,
        uint256[] calldata statement,
        uint256 nBuiltins,
        uint256 outputBuiltin,
        uint256 alpha,
        uint256 gamma
    ) internal view returns (uint256) {
        uint256 step = Field.inverse(alpha);
        uint256 scale = Field.mul(step, step);
        Sum memory s = Sum(0, 1, step, Field.mul(Field.sub(TAG, gamma), scale), PRIME);
        uint256 initialAp = statement[0];
        uint256 finalAp = statement[1];
        addProgram(s, pages);
        addCell(s, Field.sub(initialAp, 2), initialAp);
        addCell(s, Field.sub(initialAp, 1), 0);
        uint256 firstStop = Field.sub(finalAp, nBuiltins);
        for (uint256 i = 0; i < nBuiltins; ++i) {
            addCell(s, initialAp + i, statement[2 + 2 * i]);
            addCell(s, Field.add(firstStop, i), statement[3 + 2 * i]);
        }
        uint256[] memory output = statement[3 + 2 * nBuiltins:];
        if (output.length > 0) addWords(s, statement[2 + 2 * outputBuiltin], output);
        uint256 negative = Field.mul(Field.mul(s.numerator, scale), Field.inverse(s.denominator));
        return Field.sub(0, negative);
    }

    /// @dev The words of `pages` from address 1 on, page after page in the same place: memory costs by its square.
    function addProgram(Sum memory s, address[] calldata pages) private view {
        uint256[] memory words = Programs.room(pages);
        uint256 address_ = 1;
        for (uint256 i = 0; i < pages.length; ++i) {
            Programs.loadPage(pages[i], words);
            addWords(s, address_, words);
            address_ += words.length;
        }
    }

    /// @dev numerator/denominator + 1/d, d = value + step*address + offset
    function addCell(Sum memory s, uint256 address_, uint256 value) private pure {
        uint256 d = Field.add(value, Field.add(Field.mul(s.step, address_), s.offset));
        s.numerator = Field.add(Field.mul(s.numerator, d), s.denominator);
        s.denominator = Field.mul(s.denominator, d);
    }

    /// @dev `words`, all below p, at consecutive addresses from `first` on.
    function addWords(Sum memory s, uint256 first, uint256[] memory words) private pure {
        uint256 start = Field.add(Field.mul(s.step, first), s.offset);
        // Equivalent to addCell(s, first + i, words[i]) for each i. Sums of two words below p are not reduced before the
        // product that takes them.
        assembly ("memory-safe") {
            let n := mload(s)
            let denominator := mload(add(s, 0x20))
            let step := mload(add(s, 0x40))
            let p := mload(add(s, 0x80))
            let place := add(words, 0x20)
            for { let end := add(place, shl(5, mload(words))) } lt(place, end) { place := add(place, 0x20) } {
                let d := add(mload(place), start)
                n := add(mulmod(n, d, p), denominator)
                denominator := mulmod(denominator, d, p)
                start := addmod(start, step, p)
            }
            mstore(s, mod(n, p))
            mstore(add(s, 0x20), denominator)
        }
    }
}
