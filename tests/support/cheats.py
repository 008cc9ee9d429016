"""Provers that cheat, one idea each, and the refusal that stops it. Read by the tests of both verifiers.

A cheat gets the honest run of the hashes program and returns proof bytes of a false statement, or of a true one shown
falsely. `Cheat` walks the honest prover's steps and sends what it has, come what may.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from prover import kernel
from prover.algebra.field import PRIME
from prover.cairo.components import cpu
from prover.cairo.execution import Run
from prover.cairo.prove import key_of
from prover.cairo.run import run_program
from prover.cairo.witness import make_witness
from prover.stark.errors import (
    GrindingMissing,
    LookupsUnbalanced,
    OodsMismatch,
    ProofRefused,
    StatementRefused,
)
from prover.stark.expressions import INTERACTION, MAIN
from prover.stark.layout import Slot
from prover.stark.parameters import Parameters
from prover.stark.proof import Proof
from prover.stark.prover import Prover
from prover.stark.tables import Table

ONE = kernel.from_ints([1])[0]


class Cheat(Prover):
    """Sends what it has."""

    def __init__(self, run: Run, parameters: Parameters) -> None:
        _, statement, witness = make_witness(run)
        super().__init__(key_of(tuple(run.program.builtins), parameters), statement, witness, lambda stage: None)

    def refuse(self, cause: ProofRefused) -> None:
        pass

    def table(self, name: str) -> tuple[int, Table]:
        return next((i, table) for i, table in enumerate(self.shape.tables) if table.name == name)

    def column(self, table: str, name: str) -> np.ndarray:
        """(n, 4) main column, to be written to."""
        number, part = self.table(table)
        return self.main[number][[column.name for column in part.columns[MAIN]].index(name)]


def change(column: np.ndarray, row: int, by: int) -> None:
    column[row] = kernel.add(column[row][None], kernel.from_ints([by])[0])[0]


def second_value(cheat: Cheat) -> None:
    """The closing loop reads a cell that it does not use: claim one more than the cell holds."""
    change(cheat.column("cpu", "dst"), -1, 1)


class UnlistedValue(Cheat):
    """A second value for a memory cell, hoping that nobody counts."""

    def prove(self) -> Proof:
        second_value(self)
        return super().prove()


class RelistedValue(Cheat):
    """A second value, listed in a memory row of its own that claims the same address."""

    def prove(self) -> Proof:
        fp = kernel.to_ints(self.column("cpu", "fp")[-1:])[0]
        word = self.main[self.table("cpu")[0]][cpu.COLUMNS.index("off_dst")][-1:]
        address = fp + kernel.to_ints(word)[0] - cpu.BIAS
        second_value(self)
        value = kernel.to_ints(self.column("cpu", "dst")[-1:])[0]
        for name, content in (("address", address), ("value", value), ("multiplicity", 1)):
            self.column("memory", name)[-1] = kernel.from_ints([content])[0]
        change(self.column("memory", "multiplicity"), address - 1, -1)
        return super().prove()


class LyingSum(Cheat):
    """A second value, and the CPU's claimed sum shifted so that all sums cancel."""

    def prove(self) -> Proof:
        second_value(self)
        return super().prove()

    def _interaction(self, values: dict[str, int]) -> list[int]:
        sums = super()._interaction(values)
        numerator, denominator = 0, 1
        for tag, address, word in self.statement.accesses():
            factor = values["gamma"] - tag - values["alpha"] * (address + values["alpha"] * word)
            numerator, denominator = (numerator * factor + denominator) % PRIME, denominator * factor % PRIME
        total = sum(sums) + numerator * pow(denominator, -1, PRIME)
        number, _ = self.table("cpu")
        sums[number] = (sums[number] - total) % PRIME
        return sums


class FreeMultiplicity(Cheat):
    """A memory row is listed once more than it is used."""

    def prove(self) -> Proof:
        change(self.column("memory", "multiplicity"), 0, 1)
        return super().prove()


class WrongHelper(Cheat):
    """A helper is one too much in row 3 and one too little in row 5; the running sum goes along, the total is right."""

    def _interaction(self, values: dict[str, int]) -> list[int]:
        sums = super()._interaction(values)
        number, table = self.table("cpu")
        columns = [self._values_of(Slot(number, i), INTERACTION) for i in range(len(table.lookup_constraints))]
        columns[0][3:4] = kernel.add(columns[0][3:4], ONE)
        columns[0][5:6] = kernel.sub(columns[0][5:6], ONE)
        columns[-1][4:6] = kernel.add(columns[-1][4:6], ONE)
        self.add_columns(number, INTERACTION, np.stack(columns))
        return sums


class TwofoldInstance(Cheat):
    """A range-check row with `enabled` = 2: it moves on by two cells and checks one."""

    def prove(self) -> Proof:
        enabled, address = self.column("range_check", "enabled"), self.column("range_check", "address")
        start = kernel.to_ints(address[:1])[0]
        used = sum(kernel.to_ints(enabled))
        enabled[0] = kernel.from_ints([2])[0]
        enabled[used - 1] = 0
        address[1 : used - 1] = kernel.from_ints(range(start + 2, start + used))
        return super().prove()


class SkippedInstance(Cheat):
    """A range-check row is disabled, yet the next one stands a cell further: one cell goes unchecked."""

    def prove(self) -> Proof:
        self.column("range_check", "enabled")[1] = 0
        change(self.column("memory", "multiplicity"), kernel.to_ints(self.column("range_check", "address"))[1] - 1, -1)
        return super().prove()


class LateMain(Cheat):
    """Main columns are changed after the challenges are known: the tree holds the old ones, the mask the new."""

    def _interaction(self, values: dict[str, int]) -> list[int]:
        number, _ = self.table("memory")
        change(self.main[number][2], -1, 1)
        self.add_columns(number, MAIN, self.main[number])
        return super()._interaction(values)


class OtherStatement(Cheat):
    """The statement is not that of the run."""

    def prove(self) -> Proof:
        self.statement = self.claim(self.statement)
        return super().prove()


class OtherOutput(OtherStatement):
    def claim(self, statement):
        return replace(statement, output=(*statement.output[:-1], statement.output[-1] + 1))


class OtherProgram(OtherStatement):
    """An honest run of a program with another bound, in the name of the agreed one."""

    def __init__(self, run: Run, parameters: Parameters) -> None:
        _, self.agreed, _ = make_witness(run)
        data = list(run.program.data)
        data[data.index(1_000_000)] += 1
        super().__init__(run_program(replace(run.program, data=tuple(data)), {"n": run.output[0]}), parameters)

    def claim(self, statement):
        return self.agreed


class MovedSegment(OtherStatement):
    """The range-check segment begins one cell later: its first cell would go unchecked."""

    def claim(self, statement):
        segments = list(statement.segments)
        place = statement.builtins.index("range_check")
        segments[place] = segments[place][0] + 1, segments[place][1]
        return replace(statement, segments=tuple(segments))


def taller_range_check(cheat: Cheat, header: list[int]) -> None:
    """A table of 2^17 numbers would let 17 bits pass."""
    header[cheat.table("range_check_16")[0]] = 17


def short_table(cheat: Cheat, header: list[int]) -> None:
    """Slices have degree <= n: below 64 rows the lists are longer than the security counts with."""
    header[cheat.table("memory")[0]] = 5


def giant_table(cheat: Cheat, header: list[int]) -> None:
    header[cheat.table("cpu")[0]] = 255


def output_plus_p(cheat: Cheat, header: list[int]) -> None:
    """The same felt, another fact."""
    header[_first_output(cheat)] += PRIME


def far_address(cheat: Cheat, header: list[int]) -> None:
    header[len(cheat.shape.tables)] += 1 << 64


def no_work(cheat: Cheat, header: list[int]) -> None:
    header[-1] += 1


def _first_output(cheat: Cheat) -> int:
    return len(cheat.shape.tables) + len(cheat.statement.words) - len(cheat.statement.output)


@dataclass(frozen=True)
class Attempt:
    """`make(run, parameters)` gives the proof; `error` is Python's refusal and `contract_error` the contract's."""

    name: str
    make: Callable[[Run, Parameters], Proof]
    error: type[ProofRefused]
    contract_error: str


def _walk(cheat: type[Cheat]) -> Callable[[Run, Parameters], Proof]:
    return lambda run, parameters: cheat(run, parameters).prove()


def _edit(edit: Callable[[Cheat, list[int]], None]) -> Callable[[Run, Parameters], Proof]:
    def make(run: Run, parameters: Parameters) -> Proof:
        cheat = Cheat(run, parameters)
        proof = cheat.prove()
        header = list(proof.header)
        edit(cheat, header)
        return Proof(tuple(header), proof.parts)

    return make


ATTEMPTS = [
    Attempt("a second value for a cell", _walk(UnlistedValue), LookupsUnbalanced, "LookupsUnbalanced"),
    Attempt("a second row for an address", _walk(RelistedValue), OodsMismatch, "OodsMismatch"),
    Attempt("a lying sum", _walk(LyingSum), OodsMismatch, "LookupMismatch"),
    Attempt("a free multiplicity", _walk(FreeMultiplicity), LookupsUnbalanced, "LookupsUnbalanced"),
    Attempt("a wrong helper", _walk(WrongHelper), OodsMismatch, "LookupMismatch"),
    Attempt("an instance that counts twice", _walk(TwofoldInstance), ProofRefused, "LookupsUnbalanced"),
    Attempt("an instance left out", _walk(SkippedInstance), OodsMismatch, "OodsMismatch"),
    Attempt("main columns changed late", _walk(LateMain), LookupsUnbalanced, "LookupsUnbalanced"),
    Attempt("another output", _walk(OtherOutput), LookupsUnbalanced, "LookupsUnbalanced"),
    Attempt("another program", _walk(OtherProgram), LookupsUnbalanced, "LookupsUnbalanced"),
    Attempt("a segment moved", _walk(MovedSegment), LookupsUnbalanced, "LookupsUnbalanced"),
    Attempt("a taller range check", _edit(taller_range_check), StatementRefused, "HeightRefused"),
    Attempt("a short table", _edit(short_table), StatementRefused, "HeightRefused"),
    Attempt("a giant table", _edit(giant_table), StatementRefused, "HeightRefused"),
    Attempt("an output word plus p", _edit(output_plus_p), StatementRefused, "OutputRefused"),
    Attempt("an address above 2^64", _edit(far_address), StatementRefused, "AddressRefused"),
    Attempt("no work", _edit(no_work), GrindingMissing, "GrindingMissing"),
]
