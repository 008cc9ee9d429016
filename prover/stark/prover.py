"""The prover. It walks the verifier's steps (`verifier.py`, where it stands what each is for) under the same titles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from prover import kernel
from prover.kernel import Felts
from prover.stark.commitment import CommittedTree
from prover.stark.errors import ProofRefused, WitnessRefused
from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED
from prover.stark.fri import FriLayer, deep_polynomial
from prover.stark.identities import (
    VerifyingKey,
    check_degree,
    check_heights,
    check_identities,
    check_lookups,
    check_point,
    combine_terms,
    opening_words,
    sums_per_row,
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
from prover.stark.vector_program import Columns

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Witness:
    """The run as main columns: `columns[table]` is (W, n, 4) in natural row order."""

    log_heights: tuple[int, ...]
    columns: list[Felts]


@dataclass(frozen=True)
class Preprocessed:
    """The constant columns of a shape: by table their coefficients, and the tree that commits to them."""

    coefficients: list[Columns]
    tree: CommittedTree | None

    @property
    def root(self) -> int:
        return int.from_bytes(self.tree.merkle.root, "big") if self.tree else 0


@lru_cache(maxsize=4)
def preprocessed(shape: Shape, parameters: Parameters) -> Preprocessed:
    """The same for every run: the heights of constant columns are fixed, and so are their places."""
    coefficients: list[Columns] = [{} for _ in shape.tables]
    for number, constants in enumerate(shape.preprocessed):
        if constants:
            values = np.stack([kernel.from_ints(column) for column in constants])
            coefficients[number] = named_columns(PREPROCESSED, kernel.interpolate(values))
    if not shape.has_preprocessed:
        return Preprocessed(coefficients, None)
    smallest = tuple(table.log_height or table.min_log_height for table in shape.tables)
    layout = make_layout(shape, smallest, parameters)
    tree = CommittedTree(
        layout, PREPROCESSED, lambda slot: coefficients[slot.table]["cell", PREPROCESSED, slot.column], parameters
    )
    return Preprocessed(coefficients, tree)


def named_columns(tree: int, columns: Felts) -> Columns:
    """(W, n, 4) as the columns of a tree."""
    return {("cell", tree, index): column for index, column in enumerate(columns)}


def verifying_key(shape: Shape, parameters: Parameters) -> VerifyingKey:
    """Commits to the constant columns; the root depends on shape and parameters alone, not on any run's heights."""
    return VerifyingKey(shape, parameters, preprocessed(shape, parameters).root)


def prove(key: VerifyingKey, statement: Statement, witness: Witness, progress: Progress = lambda stage: None) -> Proof:
    """Raises WitnessRefused where the witness breaks the rules, StatementRefused where the statement does, and
    MemoryTooSmall before it begins what could not end."""
    return Prover(key, statement, witness, progress).prove()


class Prover:
    """The walk, a step a method where it is long. A subclass that overrides `refuse` is a prover who tries to cheat.

    main: the columns' values, until the interaction columns are made of them. coefficients: of every logical column,
    by table; the slices of the combined quotient belong to QUOTIENT_TABLE.
    """

    def __init__(self, key: VerifyingKey, statement: Statement, witness: Witness, progress: Progress) -> None:
        self.key, self.shape, self.parameters = key, key.shape, key.parameters
        self.statement, self.log_heights, self.progress = statement, witness.log_heights, progress
        self.layout: Layout = make_layout(key.shape, witness.log_heights, key.parameters)
        self.transcript = Transcript()
        self.header: list[int] = []
        self.main = list(witness.columns)
        constant = preprocessed(key.shape, key.parameters)
        self.trees = {PREPROCESSED: constant.tree} if constant.tree else {}
        self.coefficients: dict[int, Columns] = {
            number: dict(columns) for number, columns in enumerate(constant.coefficients)
        }

    def prove(self) -> Proof:
        # 0. Statement
        # What both sides agree on is checked and absorbed.
        layout, parameters, transcript = self.layout, self.parameters, self.transcript
        values = self._agree()

        # 1. Main columns
        # The run is interpolated, packed, extended and hashed.
        self.progress("main columns")
        for number, columns in enumerate(self.main):
            self.add_columns(number, MAIN, columns)
        self._send([self._commit_tree(MAIN)])
        values["alpha"], values["gamma"], beta = (transcript.draw() for _ in range(3))

        # 2. Lookups and quotients
        # Fractions are summed, and what the constraints give is divided by their zerofiers.
        self.progress("lookups")
        sums = self._interaction(values)
        with self._own_check():
            check_lookups(self.statement, sums, values["alpha"], values["gamma"])
        values |= sums_per_row(self.shape, self.log_heights, sums)
        self.main.clear()  # coefficients stand for the columns: memory is spared where nobody else holds the witness
        self.progress("quotients")
        self._quotients(values, beta)
        self._send([self._commit_tree(INTERACTION), *sums])
        z = transcript.draw()
        check_point(z, layout.log_degree, parameters.log_blowup)

        # 3. Out-of-domain values
        # Every column is evaluated at the points where constraints read it.
        self.progress("out-of-domain values")
        mask = self._mask(z)
        with self._own_check():
            check_identities(self.shape, layout, values, z, beta, mask)
        self._send(mask)
        power = transcript.draw()

        # 4. FRI layers
        # What is left of all columns when the values are divided out is folded, layer by layer.
        self.progress("low-degree test")
        polynomial = deep_polynomial(layout, self._coefficients_of, combine_terms(layout, mask, power), z)
        layers, last = self._fri_layers(polynomial)

        # 5. Last polynomial
        # It is short enough to be sent.
        self._send(kernel.to_ints(last))

        # 6. Grinding and query positions
        # A nonce is searched for; it decides where the verifier looks.
        self.progress("grinding")
        self._send([kernel.grind(transcript.prefix, parameters.grinding_bits)])
        positions = transcript.draw_positions(parameters.n_queries, layout.log_degree + parameters.log_blowup)

        # 7. to 9. Openings, folds and the last polynomial, part by part
        # Rows and leaves at the positions, with their paths; the verifier folds them itself.
        self.progress("openings")
        parts = [self._open(part, layers) for part in part_positions(positions, parameters.part_queries)]
        return Proof(tuple(self.header), tuple(parts))

    def _agree(self) -> dict[str, int]:
        """The values that constraints read, as far as they are known before any challenge."""
        check_heights(self.shape, self.log_heights)
        self.statement.check(self.log_heights)
        check_degree(self.layout)
        check_memory(self.layout, self.parameters)
        self.header += [*self.log_heights, *self.statement.words]
        self.transcript.absorb(opening_words(self.key, self.statement, self.log_heights))
        return self.statement.values()

    def _send(self, message: list[int]) -> None:
        self.header += message
        self.transcript.absorb(message)

    def add_columns(self, table: int, tree: int, values: Felts) -> None:
        """(W, n, 4) values in natural row order."""
        if len(values):
            self.coefficients[table] |= named_columns(tree, kernel.interpolate(np.ascontiguousarray(values)))

    def _coefficients_of(self, slot: Slot, tree: int) -> Felts:
        return self.coefficients[slot.table]["cell", tree, slot.column]

    def _commit_tree(self, tree: int) -> int:
        self.trees[tree] = CommittedTree(
            self.layout, tree, lambda slot: self._coefficients_of(slot, tree), self.parameters
        )
        return int.from_bytes(self.trees[tree].merkle.root, "big")

    @contextmanager
    def _own_check(self) -> Iterator[None]:
        """Around one of the verifier's own checks, before anything is sent."""
        try:
            yield
        except ProofRefused as cause:
            self.refuse(cause)

    def refuse(self, cause: ProofRefused) -> None:
        """A verifier would refuse: name the rule that the witness breaks. Slow, on plain integers."""
        self.progress("looking for the broken rule")
        check_witness(self.shape, self.statement, [self._main_integers(n) for n in range(len(self.shape.tables))])
        raise WitnessRefused(f"no rule is broken, yet the verifier would say: {cause}") from cause

    def _main_integers(self, table: int) -> list[list[int]]:
        width = len(self.shape.tables[table].columns[MAIN])
        slots = (Slot(table, column) for column in range(width))
        return [kernel.to_ints(self._values_of(slot, MAIN)) for slot in slots]

    def _values_of(self, slot: Slot, tree: int) -> Felts:
        """(n, 4) in natural row order, from the coefficients."""
        values: Felts = kernel.evaluate_coset(self._coefficients_of(slot, tree)[None], 1, bit_reversed=False)[0]
        return values

    def _interaction(self, values: dict[str, int]) -> list[int]:
        """Adds the interaction columns of each table and returns the tables' sums."""
        sums = []
        for number, table in enumerate(self.shape.tables):
            sources = named_columns(MAIN, self.main[number])
            for index in range(len(table.columns[PREPROCESSED])):
                sources["cell", PREPROCESSED, index] = self._values_of(Slot(number, index), PREPROCESSED)
            for index, period in enumerate(table.periodic):
                sources["periodic", index, 0] = kernel.from_ints(period)
            columns, total = interaction_columns(table, sources, values, 1 << self.log_heights[number])
            self.add_columns(number, INTERACTION, columns)
            sums.append(total)
        return sums

    def _quotients(self, values: dict[str, int], beta: int) -> None:
        """Each interaction column's own slices beside it, and the slices of the combined quotient."""
        parts, first_power = [], 0
        for number, table in enumerate(self.shape.tables):
            coefficients, log_height = self.coefficients[number], self.log_heights[number]
            parts.append(table_quotients(table, log_height, coefficients, values, beta, first_power))
            for index, part in enumerate(parts[-1].lookups, start=len(table.lookup_constraints)):
                coefficients["cell", INTERACTION, index] = part
            first_power += len(table.constraints)
        slices = combined_slices(self.shape, self.log_heights, parts)
        self.coefficients[QUOTIENT_TABLE] = named_columns(INTERACTION, slices)

    def _mask(self, z: int) -> list[int]:
        """Every filled slot at every point of its physical column, in mask order."""
        values: list[int] = []
        for term in self.layout.terms():
            y = term_point(self.layout, term, z)
            tree = term.group.tree
            slots = [self._coefficients_of(slot, tree) for _, _, slot in term.slots()]
            values += kernel.to_ints(np.ascontiguousarray(kernel.evaluate_at(slots, [y])[:, 0]))
        return values

    def _fri_layers(self, polynomial: Felts) -> tuple[list[FriLayer], Felts]:
        """The committed layers, and the polynomial that the last of them folds into."""
        layers = []
        for arity in self.parameters.fri_plan(self.layout.log_degree):
            layers.append(FriLayer(polynomial, arity, self.parameters))
            self._send([int.from_bytes(layers[-1].merkle.root, "big")])
            polynomial = layers[-1].fold(self.transcript.draw())
        return layers, polynomial

    def _open(self, positions: list[int], layers: list[FriLayer]) -> bytes:
        log_degree = self.layout.log_degree
        part = b"".join(self.trees[tree].open(positions, log_degree) for tree in self.layout.trees())
        known = positions
        for layer in layers:
            part += layer.open(known)
            known = sorted({position >> layer.arity for position in known})
        return part
