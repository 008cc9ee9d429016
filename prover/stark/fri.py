"""Steps 4 and 5 of the prover: the DEEP polynomial, its folded layers, and their openings."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark.commitment import CommittedTree, on_all_cores
from prover.stark.domains import block_shift, domain_shift, root_of_unity
from prover.stark.layout import Layout, Term
from prover.stark.merkle import MerkleTree
from prover.stark.parameters import Parameters
from prover.stark.verifier import term_point


def deep_polynomial(
    layout: Layout,
    trees: dict[int, CommittedTree],
    combined: list[tuple[Term, list[int], list[int]]],
    z: int,
) -> np.ndarray:
    """(H, 4) coefficients of the sum over terms of (sum of lambda^i * p_i(Y) - B(Y)) / (Y^k - y), lifted."""
    total = np.zeros((1 << layout.log_degree, 4), dtype=np.uint64)
    for term, weights, claimed in combined:
        group = term.group
        columns = trees[group.tree].coefficients[id(group)]
        numerator = kernel.linear_combination([columns[i] for i in term.columns], kernel.from_ints(weights))
        low = len(claimed)
        numerator[:low] = kernel.sub(np.ascontiguousarray(numerator[:low]), kernel.from_ints(claimed))
        quotient = kernel.divide_out(numerator, 1 << group.log_packing, term_point(layout, term, z))
        lifted = total[:: 1 << layout.log_degree - group.log_physical]
        lifted[...] = kernel.add(np.ascontiguousarray(lifted), quotient)
    return total


def extend(coefficients: np.ndarray, log_blowup: int) -> np.ndarray:
    """A polynomial on its whole evaluation domain, by position."""
    log_degree = (len(coefficients) - 1).bit_length()

    def block_values(block: int) -> np.ndarray:
        shift = block_shift(log_degree + log_blowup, log_degree, block)
        return kernel.evaluate_coset(coefficients[None], shift)[0]

    return np.concatenate(on_all_cores(block_values, 1 << log_blowup))


class FriLayer:
    """One committed codeword; a leaf holds the 2^arity values that fold into one."""

    def __init__(self, codeword: np.ndarray, arity: int, parameters: Parameters) -> None:
        self.codeword, self.arity, self._digest_bytes = codeword, arity, parameters.digest_bytes
        leaves = codeword.reshape(-1, 1 << arity, 4).transpose(1, 0, 2)
        hashes = kernel.hash_rows([np.ascontiguousarray(column) for column in leaves], self._digest_bytes)
        self.merkle = MerkleTree({(len(hashes) - 1).bit_length(): hashes}, self._digest_bytes)

    def fold(self, zeta: int) -> np.ndarray:
        values = self.codeword
        for _ in range(self.arity):
            values = kernel.fold(values, zeta, inverse_points((len(values) - 1).bit_length()))
            zeta = zeta * zeta % PRIME
        return values

    def open(self, known: Iterable[int]) -> bytes:
        """The values of the touched leaves that the verifier does not know, then the siblings."""
        known = set(known)
        leaves = sorted({position >> self.arity for position in known})
        sent = [
            place
            for leaf in leaves
            for place in range(leaf << self.arity, leaf + 1 << self.arity)
            if place not in known
        ]
        opened = kernel.to_bytes(self.codeword[np.array(sent, dtype=np.int64)]).tobytes() if sent else b""
        return opened + b"".join(sibling[: self._digest_bytes] for sibling in self.merkle.siblings(leaves))


def inverse_points(log_size: int) -> np.ndarray:
    """(2^(log_size-1), 4): 1/x at the even positions of `D_(log_size)`."""
    points = kernel.from_ints([pow(domain_shift(log_size), -1, PRIME)])
    for bit in range(1, log_size):
        root = kernel.from_ints([pow(root_of_unity(bit + 1), -1, PRIME)])[0]
        points = np.concatenate([points, kernel.mul(points, root)])
    return points


def last_polynomial(codeword: np.ndarray, log_blowup: int) -> list[int]:
    """Coefficients of the last codeword, from its first block."""
    log_size = (len(codeword) - 1).bit_length()
    log_degree = log_size - log_blowup
    first = np.ascontiguousarray(codeword[: 1 << log_degree])[None]
    return kernel.to_ints(kernel.interpolate_coset(first, block_shift(log_size, log_degree, 0))[0])
