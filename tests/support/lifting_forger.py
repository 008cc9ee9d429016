"""The forger of a lifted column: a prover that commits to one preimage per point.

A column of n rows stands in the low-degree test as `p(X^r)`. The forger takes a polynomial in `W = X^(r/2)` instead,
which has two values in each row, one for each root of `W^2 = Y`, and commits at each Y its value at one of the roots.
The word that the queries see agrees with the forger's polynomial at half of all positions, so `2^queries` nonces find
queries that never meet the other half. A verifier that divides by `X - z` accepts. Ours divides by `X^r - z^r`, all
r preimages at once, and does not.

The toy here has one table of n rows, "c is boolean and its sum is S", beside a column of r*n rows. A sum over two
values a row is half a sum over 2n rows: the forger shows S = 3/2. In the exchange the sum would be a lookup sum, and
two values in a row would be two values of one memory cell. Openings, DEEP sum and folds are the real verifier's.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark import verifier
from prover.stark.domains import block_shift, point, root_of_unity
from prover.stark.errors import OodsMismatch
from prover.stark.expressions import INTERACTION, MAIN
from prover.stark.fri import FriLayer
from prover.stark.layout import Group, Layout, Physical, Slot
from prover.stark.merkle_tree import MerkleTree
from prover.stark.parameters import Parameters
from prover.stark.proof import ByteReader
from prover.stark.transcript import Transcript

PARAMETERS = Parameters(log_blowup=2, n_queries=5, grinding_bits=0, log_arity=2, log_last=3)
LOG_N, LOG_R = 6, 2
LOG_H = LOG_N + LOG_R
N = 1 << LOG_N
TALL = Group(MAIN, LOG_H, 0, (Physical((Slot(1, 0),), (0,)),))
SHORT = Group(MAIN, LOG_N, 0, (Physical((Slot(0, 0),), (0,)), Physical((Slot(0, 1),), (0, 1))))
QUOTIENT = Group(INTERACTION, LOG_N, 0, (Physical((Slot(0, 0),), (0,)),))
LAYOUT = Layout((LOG_N, LOG_H), (TALL, SHORT, QUOTIENT))
"""Values at z, in mask order: the tall column; c and s in their own row; s in the next; the quotient."""


@dataclass(frozen=True)
class Proof:
    total: int
    roots: tuple[int, int]
    values: list[int]
    fri_roots: list[int]
    last: list[int]
    nonce: int
    openings: bytes


def opened_at(z: int, group: Group, offset: int) -> int:
    """A point of the large domain over z_n * omega_n^offset: where the naive verifier opens a lifted column."""
    return z * pow(root_of_unity(LOG_H), offset, PRIME) % PRIME


def naive_deep_sum(query, parameters, rows, position: int) -> int:
    """The twin: every lifted column divided by X - z instead of X^r - z^r."""
    x, total = point(LOG_H + parameters.log_blowup, position), 0
    for term, weights, claimed in query.terms:
        group = term.group
        row = rows[group.tree][group.log_physical][position >> LOG_H - group.log_physical]
        first = verifier.first_in_row(query.layout, group)
        numerator = sum(w * row[first + i] for w, i in zip(weights, term.columns, strict=True)) - claimed[0]
        total += numerator * pow(x - opened_at(query.z, group, term.offset), -1, PRIME)
    return total % PRIME


def check_claim(total: int, values: list[int], beta: int, z: int) -> None:
    """c^2 - c + beta * (s(next) - s + S/n - c) = (y^n - 1) * q."""
    _, c, s, following, quotient = values
    expected = (c * c - c + beta * (following - s + total * pow(N, -1, PRIME) - c)) % PRIME
    claimed = (pow(z, 1 << LOG_H, PRIME) - 1) * quotient % PRIME
    if expected != claimed:
        raise OodsMismatch(expected, claimed)


def query_of(proof: Proof) -> tuple[verifier.Query, list[int]]:
    """What the query phase reads, and the query positions. Raises OodsMismatch."""
    transcript = Transcript()
    transcript.absorb([proof.roots[0], proof.total])
    beta = transcript.draw()
    transcript.absorb([proof.roots[1]])
    z = transcript.draw()
    transcript.absorb(proof.values)
    power = transcript.draw()
    check_claim(proof.total, proof.values, beta, z)
    zetas = []
    for root in proof.fri_roots:
        transcript.absorb([root])
        zetas.append(transcript.draw())
    transcript.absorb(proof.last)
    transcript.absorb([proof.nonce])
    positions = transcript.draw_positions(PARAMETERS.n_queries, LOG_H + PARAMETERS.log_blowup)
    roots = {MAIN: proof.roots[0], INTERACTION: proof.roots[1]}
    terms = verifier.combine_terms(LAYOUT, proof.values, power)
    return verifier.Query(LAYOUT, roots, proof.fri_roots, z, power, terms, zetas, proof.last), positions


def verify(proof: Proof) -> int:
    """The sum that the proof shows."""
    query, positions = query_of(proof)
    verifier.verify_part(query, PARAMETERS, positions, ByteReader(proof.openings, PARAMETERS.digest_bytes))
    return proof.total


def extend(coefficients: np.ndarray) -> np.ndarray:
    """A polynomial on its whole evaluation domain, by position."""
    log_degree = len(coefficients).bit_length() - 1
    shifts = [block_shift(log_degree + PARAMETERS.log_blowup, log_degree, b) for b in range(1 << PARAMETERS.log_blowup)]
    return np.concatenate([kernel.evaluate_coset(coefficients[None], shift)[0] for shift in shifts])


def divide_out(coefficients: np.ndarray, k: int, y: int) -> np.ndarray:
    """The quotient by Y^k - y, remainder dropped: each residue class of exponents divided by V - y."""
    slots = [np.ascontiguousarray(coefficients[i::k]) for i in range(k)]
    return np.ascontiguousarray(kernel.divide_out(slots, y).transpose(1, 0, 2)).reshape(-1, 4)


class Tree:
    """Codewords by height, as the verifier opens them."""

    def __init__(self, codewords: dict[int, list[np.ndarray]]) -> None:
        self.codewords = codewords
        hashes = {
            log + PARAMETERS.log_blowup: kernel.hash_rows(columns, PARAMETERS.digest_bytes)
            for log, columns in codewords.items()
        }
        self.merkle = MerkleTree(max(hashes), 0, PARAMETERS.digest_bytes)
        self.merkle.add_block(0, hashes)
        self.root = int.from_bytes(self.merkle.root, "big")

    def open(self, positions: list[int]) -> bytes:
        opened = b""
        for log, columns in self.codewords.items():
            for place in sorted({position >> LOG_H - log for position in positions}):
                opened += b"".join(kernel.to_bytes(column[place : place + 1]).tobytes() for column in columns)
        leaves = [position >> LOG_H - max(self.codewords) for position in positions]
        return opened + b"".join(s[: PARAMETERS.digest_bytes] for s in self.merkle.siblings(leaves))


class Prover:
    """Honest with one value a row, the forger with two: `rows` = n or 2n, polynomials in W with W^(rows/n) = Y.

    `naive` says against which verifier, which shows in the DEEP polynomial alone.
    """

    def __init__(self, bits: list[int], naive: bool) -> None:
        self.rows, self.naive = len(bits), naive
        self.log_rows = self.rows.bit_length() - 1
        self.roots = self.rows // N
        self.total = sum(bits) * pow(self.roots, -1, PRIME) % PRIME
        mean, sums = self.total * pow(N, -1, PRIME), [0]
        for bit in bits[:-1]:
            sums.append((sums[-1] + bit - mean) % PRIME)
        columns = kernel.interpolate(np.stack([kernel.from_ints(bits), kernel.from_ints(sums)]))
        self.c, self.s = columns
        self.tall = kernel.from_ints([pow(7, i, PRIME) for i in range(1 << LOG_H)])

    def quotient(self, beta: int) -> np.ndarray:
        """(c^2 - c + beta * (s(omega W) - s + S/n - c)) / (W^rows - 1)."""
        c, s = kernel.to_ints(self.c), kernel.to_ints(self.s)
        omega, whole = root_of_unity(self.log_rows), [0] * (2 * self.rows)
        for i, a in enumerate(c):
            for j, b in enumerate(c):
                whole[i + j] += a * b
            whole[i] += beta * s[i] * (pow(omega, i, PRIME) - 1) - (1 + beta) * a
        whole[0] += beta * self.total * pow(N, -1, PRIME)
        high = [word % PRIME for word in whole[self.rows :]]
        assert all((low + top) % PRIME == 0 for low, top in zip(whole, high, strict=False)), "not a quotient"
        return kernel.from_ints(high)

    def committed(self, coefficients: np.ndarray) -> np.ndarray:
        """The value at one root W for each Y; the only one if honest."""
        return np.ascontiguousarray(extend(coefficients)[:: self.roots])

    def agrees(self, position: int) -> bool:
        """Whether the committed value is that of the root X^(r/2) at a position's own X."""
        return (position >> LOG_H - self.log_rows) % self.roots == 0

    def value(self, coefficients: np.ndarray, z: int, offset: int) -> int:
        w = pow(opened_at(z, SHORT, offset), 1 << LOG_H - self.log_rows, PRIME)
        return kernel.to_ints(kernel.evaluate_at([coefficients], [w])[0])[0]

    def deep(self, terms, z: int) -> np.ndarray:
        """The DEEP polynomial; against the real verifier a forger's division leaves remainders, which are dropped."""
        polynomials = {TALL: [self.tall], SHORT: [self.c, self.s], QUOTIENT: [self.q]}
        total = kernel.from_ints([0] * (1 << LOG_H))
        for term, weights, claimed in terms:
            columns = [polynomials[term.group][i] for i in term.columns]
            numerator = kernel.linear_combination(columns, kernel.from_ints(weights))
            numerator[:1] = kernel.sub(np.ascontiguousarray(numerator[:1]), kernel.from_ints(claimed))
            stride = (1 << LOG_H) // len(numerator)
            if self.naive:
                lifted = kernel.from_ints([0] * (1 << LOG_H))
                lifted[::stride] = numerator
                quotient, stride = divide_out(lifted, 1, opened_at(z, term.group, term.offset)), 1
            else:
                values_a_row = 1 if term.group is TALL else self.roots
                quotient = divide_out(numerator, values_a_row, verifier.term_point(LAYOUT, term, z))
            part = total[::stride]
            part[...] = kernel.add(np.ascontiguousarray(part), quotient)
        return total

    def prove(self, tries: int = 1) -> Proof | None:
        """None if no nonce of so many gives queries that see agreement only."""
        transcript = Transcript()
        tall = extend(self.tall)
        main = Tree({LOG_H: [tall], LOG_N: [self.committed(self.c), self.committed(self.s)]})
        transcript.absorb([main.root, self.total])
        self.q = self.quotient(transcript.draw())
        second = Tree({LOG_N: [self.committed(self.q)]})
        transcript.absorb([second.root])
        z = transcript.draw()
        at_z = kernel.to_ints(kernel.evaluate_at([self.tall], [z])[0])
        values = [*at_z, *(self.value(f, z, o) for f, o in ((self.c, 0), (self.s, 0), (self.s, 1), (self.q, 0)))]
        transcript.absorb(values)
        terms = verifier.combine_terms(LAYOUT, values, transcript.draw())
        polynomial, layers, fri_roots = self.deep(terms, z), [], []
        for arity in PARAMETERS.fri_plan(LOG_H):
            layers.append(FriLayer(polynomial, arity, PARAMETERS))
            fri_roots.append(int.from_bytes(layers[-1].merkle.root, "big"))
            transcript.absorb(fri_roots[-1:])
            polynomial = layers[-1].fold(transcript.draw())
        last = kernel.to_ints(polynomial)
        transcript.absorb(last)
        found = self.lucky_nonce(transcript, tries)
        if found is None:
            return None
        nonce, positions = found
        openings, known = main.open(positions) + second.open(positions), positions
        for layer in layers:
            openings += layer.open(known)
            known = sorted({position >> layer.arity for position in known})
        return Proof(self.total, (main.root, second.root), values, fri_roots, last, nonce, openings)

    def lucky_nonce(self, transcript: Transcript, tries: int) -> tuple[int, list[int]] | None:
        for nonce in range(tries):
            attempt = Transcript()
            attempt.__dict__ |= transcript.__dict__
            attempt.absorb([nonce])
            positions = attempt.draw_positions(PARAMETERS.n_queries, LOG_H + PARAMETERS.log_blowup)
            if all(map(self.agrees, positions)):
                return nonce, positions
        return None


HONEST = [1 if i in (3, 30, 31) else 0 for i in range(N)]
FORGED = [1 if i in (3, 30, 31) else 0 for i in range(2 * N)]
"""Row i has the values FORGED[i] and FORGED[i + n], which differ three times."""
