"""The prover. It walks the verifier's steps (`verifier.py`) under the same titles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.kernel import Felts
from prover.stark.commitment import CommittedTree
from prover.stark.errors import ProofRefused, StatementRefused, WitnessRefused
from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED
from prover.stark.fri import FriLayer, deep_polynomial
from prover.stark.identities import (
    MAX_LOG_DOMAIN,
    VerifyingKey,
    check_heights,
    check_identities,
    check_lookups,
    check_point,
    combine_terms,
    opening_words,
    term_point,
)
from prover.stark.layout import QUOTIENT_TABLE, Layout, Slot, make_layout
from prover.stark.lookups import interaction_columns
from prover.stark.memory_need import check_memory
from prover.stark.parameters import Parameters
from prover.stark.proof import Proof, part_positions
from prover.stark.quotient import combined_slices, table_quotients
from prover.stark.reference_check import check_witness
from prover.stark.shape import Shape
from prover.stark.statement import Statement
from prover.stark.transcript import Transcript

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Witness:
    """The run as main columns: `columns[table]` is (W, n, 4) in natural row order.

    A prover lets go of it once coefficients stand for it: memory is spared where nobody else holds it.
    """

    log_heights: tuple[int, ...]
    columns: list[Felts]


class Columns:
    """Values and coefficients of every logical column, by table, tree and number."""

    def __init__(self, shape: Shape) -> None:
        self.values: list[dict[tuple[str, int, int], Felts]] = [{} for _ in shape.tables]
        self.coefficients: list[dict[tuple[str, int, int], Felts]] = [{} for _ in shape.tables]

    def add(self, table: int, tree: int, values: Felts) -> None:
        if not len(values):
            return
        values = np.ascontiguousarray(values)
        coefficients = kernel.interpolate(values)
        for index in range(len(values)):
            self.values[table]["cell", tree, index] = values[index]
            self.coefficients[table]["cell", tree, index] = coefficients[index]

    def coefficients_of(self, slot: Slot, tree: int) -> Felts:
        return self.coefficients[slot.table]["cell", tree, slot.column]


def preprocessed_columns(shape: Shape) -> Columns:
    columns = Columns(shape)
    for number, constants in enumerate(shape.preprocessed):
        if constants:
            columns.add(number, PREPROCESSED, np.stack([kernel.from_ints(list(c)) for c in constants]))
    return columns


@lru_cache(maxsize=4)
def _preprocessed_tree(shape: Shape, parameters: Parameters) -> CommittedTree:
    """The same for every run: the heights of constant columns are fixed, and so are their places."""
    smallest = tuple(table.log_height or table.min_log_height for table in shape.tables)
    layout = make_layout(shape, smallest, parameters)
    columns = preprocessed_columns(shape)
    return CommittedTree(layout, PREPROCESSED, lambda slot: columns.coefficients_of(slot, PREPROCESSED), parameters)


def verifying_key(shape: Shape, parameters: Parameters) -> VerifyingKey:
    """Commits to the constant columns; the root depends on shape and parameters alone, not on any run's heights."""
    if not shape.has_preprocessed:
        return VerifyingKey(shape, parameters, 0)
    root = _preprocessed_tree(shape, parameters).merkle.root
    return VerifyingKey(shape, parameters, int.from_bytes(root, "big"))


def prove(key: VerifyingKey, statement: Statement, witness: Witness, progress: Progress = lambda stage: None) -> Proof:
    """Raises WitnessRefused where the witness breaks the rules, StatementRefused where the statement does, and
    MemoryTooSmall before it begins what could not end."""
    return Prover(key, statement, witness, progress).prove()


class Prover:
    """The walk, a step a method where it is long. A subclass that overrides `refuse` is a prover who tries to cheat."""

    def __init__(self, key: VerifyingKey, statement: Statement, witness: Witness, progress: Progress) -> None:
        self.key, self.shape, self.parameters = key, key.shape, key.parameters
        self.statement, self.witness, self.progress = statement, witness, progress
        self.layout: Layout = make_layout(key.shape, witness.log_heights, key.parameters)
        self.transcript = Transcript()
        self.header: list[int] = []
        self.trees: dict[int, CommittedTree] = {}

    def prove(self) -> Proof:
        # 0. Statement
        heights = self.witness.log_heights
        check_heights(self.shape, self.parameters, heights)
        self.statement.check(heights)
        if self.layout.log_degree + self.parameters.log_blowup > MAX_LOG_DOMAIN:
            raise StatementRefused("the run is too long for these parameters")
        check_memory(self.layout, self.parameters)
        self.header += [*heights, *self.statement.words]
        self.transcript.absorb(opening_words(self.key, self.statement, heights))
        values = self.statement.values()

        # 1. Main columns
        self.progress("main columns")
        self.columns = preprocessed_columns(self.shape)
        for number, columns in enumerate(self.witness.columns):
            self.columns.add(number, MAIN, columns)
        if self.shape.has_preprocessed:
            self.trees[PREPROCESSED] = _preprocessed_tree(self.shape, self.parameters)
        self._send([self._commit_tree(MAIN)])
        values["alpha"], values["gamma"] = self.transcript.draw(), self.transcript.draw()
        beta = self.transcript.draw()

        # 2. Lookups and quotients
        self.progress("lookups")
        sums = self._interaction(values)
        self._check(check_lookups, self.statement, sums, values["alpha"], values["gamma"])
        self._forget_values()
        self.progress("quotients")
        self._quotients(values, beta)
        self._send([self._commit_tree(INTERACTION), *sums])
        z = self.transcript.draw()
        check_point(z, self.layout.log_degree, self.parameters.log_blowup)

        # 3. Out-of-domain values
        self.progress("out-of-domain values")
        mask = self._mask(z)
        self._check(check_identities, self.shape, self.layout, values, z, beta, mask)
        self._send(mask)
        power = self.transcript.draw()

        # 4. FRI layers
        self.progress("low-degree test")
        combined = combine_terms(self.layout, mask, power)
        polynomial = deep_polynomial(self.layout, self._coefficients_of, combined, z)
        layers = []
        for arity in self.parameters.fri_plan(self.layout.log_degree):
            layers.append(FriLayer(polynomial, arity, self.parameters))
            self._send([int.from_bytes(layers[-1].merkle.root, "big")])
            polynomial = layers[-1].fold(self.transcript.draw())

        # 5. Last polynomial
        self._send(kernel.to_ints(polynomial))

        # 6. Grinding and query positions
        self.progress("grinding")
        self._send([kernel.grind(self.transcript.prefix, self.parameters.grinding_bits)])
        log_domain = self.layout.log_degree + self.parameters.log_blowup
        positions = self.transcript.draw_positions(self.parameters.n_queries, log_domain)

        # 7. to 9. Openings, folds and the last polynomial, part by part
        self.progress("openings")
        parts = [self._open(part, layers) for part in part_positions(positions, self.parameters.part_queries)]
        return Proof(tuple(self.header), tuple(parts))

    def _send(self, message: list[int]) -> None:
        self.header += message
        self.transcript.absorb(message)

    def _commit_tree(self, tree: int) -> int:
        self.trees[tree] = CommittedTree(
            self.layout, tree, lambda slot: self._coefficients_of(slot, tree), self.parameters
        )
        return int.from_bytes(self.trees[tree].merkle.root, "big")

    def _coefficients_of(self, slot: Slot, tree: int) -> Felts:
        if slot.table == QUOTIENT_TABLE:
            part: Felts = self.slices[slot.column]
            return part
        return self.columns.coefficients_of(slot, tree)

    def _check(self, check: Callable[..., None], *arguments: object) -> None:
        """One of the verifier's own checks, before anything is sent."""
        try:
            check(*arguments)
        except ProofRefused as cause:
            self.refuse(cause)

    def refuse(self, cause: ProofRefused) -> None:
        """A verifier would refuse: name the rule that the witness breaks. Slow, on plain integers."""
        self.progress("looking for the broken rule")
        check_witness(self.shape, self.statement, [self._main_column_values(n) for n in range(len(self.shape.tables))])
        raise WitnessRefused(f"no rule is broken, yet the verifier would say: {cause}") from cause

    def _main_column_values(self, table: int) -> list[list[int]]:
        if self.witness.columns:
            return [kernel.to_ints(column) for column in self.witness.columns[table]]
        found = self.columns.coefficients[table]
        width = len(self.shape.tables[table].columns[MAIN])
        coefficients = (found["cell", MAIN, index][None] for index in range(width))
        return [kernel.to_ints(kernel.evaluate_coset(column, 1, bit_reversed=False)[0]) for column in coefficients]

    def _forget_values(self) -> None:
        """From here on coefficients stand for the columns."""
        self.columns.values = [{} for _ in self.shape.tables]
        self.witness = Witness(self.witness.log_heights, [])

    def _interaction(self, values: dict[str, int]) -> list[int]:
        sums = []
        for number, table in enumerate(self.shape.tables):
            height = 1 << self.witness.log_heights[number]
            sources = dict(self.columns.values[number])
            for index, period in enumerate(table.periodic):
                sources["periodic", index, 0] = kernel.from_ints(list(period))
            columns, total = interaction_columns(table, sources, values, height)
            self.columns.add(number, INTERACTION, columns)
            values[table.sum_name()] = total * pow(height, -1, PRIME) % PRIME
            sums.append(total)
        return sums

    def _quotients(self, values: dict[str, int], beta: int) -> None:
        """Each interaction column's own slices beside it, and the slices of the combined quotient."""
        heights, coefficients = self.witness.log_heights, self.columns.coefficients
        parts, first_power = [], 0
        for number, table in enumerate(self.shape.tables):
            parts.append(table_quotients(table, heights[number], coefficients[number], values, beta, first_power))
            for index, part in enumerate(parts[-1].lookups, start=len(table.lookup_constraints)):
                coefficients[number]["cell", INTERACTION, index] = part
            first_power += len(table.constraints)
        self.slices = combined_slices(self.shape, heights, parts)

    def _mask(self, z: int) -> list[int]:
        """Every filled slot at every point of its physical column, in mask order."""
        values: list[int] = []
        for term in self.layout.terms():
            y = term_point(self.layout, term, z)
            tree = term.group.tree
            slots = [self._coefficients_of(slot, tree) for _, _, slot in term.slots()]
            values += kernel.to_ints(np.ascontiguousarray(kernel.evaluate_at(slots, [y])[:, 0]))
        return values

    def _open(self, positions: list[int], layers: list[FriLayer]) -> bytes:
        log_degree = self.layout.log_degree
        part = b"".join(self.trees[tree].open(positions, log_degree) for tree in self.layout.trees())
        known = positions
        for layer in layers:
            part += layer.open(known)
            known = sorted({position >> layer.arity for position in known})
        return part
