"""Steps 4 and 5 of the prover: the DEEP polynomial, its folded layers, and their openings.

Layers are kept as coefficients: a fold is a combination of them, and values are made block by block when a layer is
hashed, and again where it is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.kernel import Felts
from prover.stark.commitment import Packed
from prover.stark.domains import block_shift
from prover.stark.identities import term_point
from prover.stark.layout import Layout, Slot, Term
from prover.stark.merkle_tree import MerkleTree
from prover.stark.parameters import Parameters


def deep_polynomial(
    layout: Layout,
    coefficients: Callable[[Slot, int], Felts],
    combined: list[tuple[Term, list[int], list[int]]],
    z: int,
) -> Felts:
    """(H, 4) coefficients of the sum over terms of (sum of lambda^i * p_i(Y) - B(Y)) / (Y^k - y), lifted.

    Division by Y^k - y is division of each slot's polynomial by V - y; the claimed B only makes it exact.
    """
    quotients: dict[tuple[int, int], Felts] = {}  # by height and packing: (k, n, 4), one for each slot
    for term, weights, _ in combined:
        group = term.group
        key = (group.log_height, group.log_packing)
        if key not in quotients:
            quotients[key] = kernel.zeros((1 << group.log_packing, 1 << group.log_height, 4))
        divided = kernel.divide_out(_by_slot(term, weights, coefficients), term_point(layout, term, z))
        total = quotients[key][: len(divided)]
        kernel.add(total, divided, out=total)
    whole = kernel.zeros((1 << layout.log_degree, 4))
    for (log_height, log_packing), parts in quotients.items():
        stride = 1 << layout.log_degree - log_height - log_packing
        lifted = whole[::stride]
        packed = np.ascontiguousarray(parts.transpose(1, 0, 2)).reshape(-1, 4)
        lifted[...] = kernel.add(np.ascontiguousarray(lifted), packed)
    return whole


def _by_slot(term: Term, weights: list[int], coefficients: Callable[[Slot, int], Felts]) -> list[Felts]:
    """The combination of a term's columns, slot by slot; slots that all of them leave empty are left out."""
    columns = [term.group.columns[index] for index in term.columns]
    combined = []
    for number in range(max(len(column.slots) for column in columns)):
        filled = [(c.slots[number], w) for c, w in zip(columns, weights, strict=True) if number < len(c.slots)]
        parts = [coefficients(slot, term.group.tree) for slot, _ in filled]
        combined.append(kernel.linear_combination(parts, kernel.from_ints([weight for _, weight in filled])))
    return combined


class FriLayer:
    """One committed codeword; a leaf holds the 2^arity values that fold into one."""

    def __init__(self, coefficients: Felts, arity: int, parameters: Parameters) -> None:
        """`coefficients`: (2^d, 4), of the polynomial whose values on its evaluation domain are the codeword."""
        self.arity, self._digest_bytes = arity, parameters.digest_bytes
        log_degree = (len(coefficients) - 1).bit_length()
        self._log_domain = log_degree + parameters.log_blowup
        slots = np.ascontiguousarray(coefficients.reshape(-1, 1 << arity, 4).transpose(1, 0, 2))
        self._packed = Packed(log_degree, arity, [list(slots)])
        self.merkle = MerkleTree(self._log_domain - arity, parameters.log_blowup, parameters.digest_bytes)
        extension = kernel.Extension(self._packed.columns, log_degree)
        for block in range(1 << parameters.log_blowup):
            shift = block_shift(self._log_domain, log_degree, block)
            hashes = extension.hash_rows(shift, self._digest_bytes, log_run=arity)
            self.merkle.add_block(block, {self._log_domain - arity: hashes})
        self.merkle.finish()

    def fold(self, zeta: int) -> Felts:
        """Coefficients of the next layer: a fold takes 2 * (c_(2i) + zeta * c_(2i+1)), the next has zeta^2 ..."""
        count = 1 << self.arity
        weights = kernel.from_ints([count * pow(zeta, power, PRIME) for power in range(count)])
        return kernel.linear_combination(self._packed.columns[0], weights)

    def open(self, known: Iterable[int]) -> bytes:
        """The values of the touched leaves that the verifier does not know, then the siblings."""
        known = set(known)
        leaves = sorted({position >> self.arity for position in known})
        (values,) = self._packed.at(self._log_domain, [leaf << self.arity for leaf in leaves], self.arity)
        places = [place for leaf in leaves for place in range(leaf << self.arity, leaf + 1 << self.arity)]
        sent = [value for place, value in zip(places, values, strict=True) if place not in known]
        opened = b"".join(value.to_bytes(32, "big") for value in sent)
        return opened + b"".join(sibling[: self._digest_bytes] for sibling in self.merkle.siblings(leaves))
