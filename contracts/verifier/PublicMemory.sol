// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

// PRIME is read in assembly, where the linter does not look.
// solhint-disable-next-line no-unused-import
import {Field, PRIME} from "./Field.sol";

/// @title The memory that both sides know, as a sum of lookup fractions
/// @dev Program words, initial frame, builtin pointers at start and end, output: `accesses` of
/// `prover/cairo/statement.py`, each `1 / (gamma - (1 + alpha*address + alpha^2*value))`.
library PublicMemory {
    uint256 private constant TAG = 1;

    /// @dev A fraction that grows, and the constants of its terms.
    struct Sum {
        uint256 numerator;
        uint256 denominator;
        uint256 base; // gamma - TAG
        uint256 alpha;
        uint256 alphaSquared;
    }

    /// @dev `statement` is initial ap, final ap, (start, stop) of each builtin, output length, output.
    function sum(
        uint256[] memory program,
        uint256[] calldata statement,
        uint256 nBuiltins,
        uint256 outputBuiltin,
        uint256 alpha,
        uint256 gamma
    ) internal view returns (uint256) {
        Sum memory s = Sum(0, 1, Field.sub(gamma, TAG), alpha, Field.mul(alpha, alpha));
        uint256 initialAp = statement[0];
        uint256 finalAp = statement[1];
        addWords(s, 1, program);
        addCell(s, Field.sub(initialAp, 2), initialAp);
        addCell(s, Field.sub(initialAp, 1), 0);
        uint256 firstStop = Field.sub(finalAp, nBuiltins);
        for (uint256 i = 0; i < nBuiltins; ++i) {
            addCell(s, initialAp + i, statement[2 + 2 * i]);
            addCell(s, Field.add(firstStop, i), statement[3 + 2 * i]);
        }
        uint256[] memory output = statement[3 + 2 * nBuiltins:];
        if (output.length > 0) addWords(s, statement[2 + 2 * outputBuiltin], output);
        return Field.mul(s.numerator, Field.inverse(s.denominator));
    }

    /// @dev numerator/denominator + 1/d, d = base - alpha*address - alpha^2*value
    function addCell(Sum memory s, uint256 address_, uint256 value) private pure {
        uint256 taken = Field.add(Field.mul(s.alpha, address_), Field.mul(s.alphaSquared, value));
        uint256 d = Field.sub(s.base, taken);
        s.numerator = Field.add(Field.mul(s.numerator, d), s.denominator);
        s.denominator = Field.mul(s.denominator, d);
    }

    /// @dev `words`, all below p, at consecutive addresses from `first` on.
    function addWords(Sum memory s, uint256 first, uint256[] memory words) private pure {
        uint256 n = s.numerator;
        uint256 denominator = s.denominator;
        uint256 start = Field.sub(s.base, Field.mul(s.alpha, first));
        uint256 minusAlpha = Field.sub(0, s.alpha);
        uint256 minusAlphaSquared = Field.sub(0, s.alphaSquared);
        uint256 prime = PRIME; // the compiler spells a long constant out anew wherever one stands
        // Equivalent to addCell(s, first + i, words[i]) for each i. Sums of two or three words below p are not reduced
        // before the product that takes them.
        assembly ("memory-safe") {
            let end := add(add(words, 0x20), shl(5, mload(words)))
            for { let place := add(words, 0x20) } lt(place, end) { place := add(place, 0x20) } {
                let d := add(start, mulmod(minusAlphaSquared, mload(place), prime))
                n := add(mulmod(n, d, prime), denominator)
                denominator := mulmod(denominator, d, prime)
                start := addmod(start, minusAlpha, prime)
            }
        }
        s.numerator = mulmod(n, 1, prime);
        s.denominator = denominator;
    }
}
