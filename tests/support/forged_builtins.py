"""Provers that forge what a builtin says: machine, memory and every count agree; one rule is left to stop them.

The machine is made to accept the forgery, so that the run is whole; then the builtin's block is written as the forger
needs it, and multiplicities follow what its rows look up now.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from prover import kernel
from prover.algebra import curve
from prover.algebra.curve import GENERATOR, ORDER, Point
from prover.algebra.field import PRIME
from prover.algebra.pedersen import pedersen
from prover.cairo.components import ecdsa, tags
from prover.cairo.execution import Run
from prover.cairo.machine import builtins
from prover.cairo.program import Program
from prover.cairo.run import run_program
from prover.stark.errors import LookupsUnbalanced, OodsMismatch
from prover.stark.parameters import Parameters
from prover.stark.reference_check import lookup_entries
from tests.support.cheats import Cheat, change
from tests.support.forged_pedersen import Block, digits_of, entry, forged_block
from tests.support.paths import PROGRAMS


def program_of(name: str) -> Program:
    return Program.from_json(json.loads((PROGRAMS / f"{name}.json").read_text()))


# --- Pedersen


class Forgery(Cheat):
    """`rules`: what the builtin's table says against it, and nothing else does. `error`: how both verifiers refuse."""

    program: str
    builtin: str
    rules: frozenset[str]
    error = OodsMismatch
    contract_error = "OodsMismatch"

    def __init__(self, run: Run, parameters: Parameters) -> None:
        super().__init__(run, parameters)
        self.run = run

    def builtin_columns(self) -> list[list[list[int]]]:
        """The builtin's columns as integers."""
        number, _ = self.table(self.builtin)
        return [[], [kernel.to_ints(column) for column in self.main[number]]]


class ForgedHash(Forgery):
    """hashes.cairo hashes (1, n) first: that block is the forger's, and so is the hash that the run goes on with."""

    program, builtin = "hashes", "pedersen"
    TURNS = 5

    def __init__(self, parameters: Parameters) -> None:
        self.block = self.forged()
        honest, false = [1, self.TURNS], self.block.result
        assert self.block.inputs == (1, self.TURNS) and false != pedersen(*honest)

        def outputs(builtin, inputs):
            return (false if list(inputs) == honest else pedersen(*inputs),)

        one_by_one = builtins.Builtin.outputs_of_all
        with patch.multiple(builtins.Pedersen, outputs=outputs, outputs_of_all=one_by_one):
            super().__init__(run_program(program_of(self.program), {"n": self.TURNS}), parameters)
        before = self._lookups()
        self._write()
        self._recount(before, self._lookups())

    def forged(self) -> Block:
        raise NotImplementedError

    def served_by(self, found: tuple[int, ...]) -> tuple[int, ...]:
        """The listed tuple that the forger counts in the place of the one looked up."""
        return found

    def _write(self) -> None:
        for name, words in self.block.columns.items():
            self.column("pedersen", name)[:32] = kernel.from_ints(words)
        for row, word in self.block.chains.items():
            self.column("pedersen", "aux")[row] = kernel.from_ints([word])[0]

    def _lookups(self) -> Counter:
        _, table = self.table("pedersen")
        return lookup_entries(table, self.builtin_columns(), {}, range(32))

    def _recount(self, before: Counter, after: Counter) -> None:
        after = Counter({self.served_by(found): count for found, count in after.items()})
        for (tag, first, *_), by in [*((found, -n) for found, n in before.items()), *after.items()]:
            if tag == tags.RANGE_CHECK_16 and first < 1 << 16:
                change(self.column("range_check_16", "multiplicity"), first, by)
            elif tag >= tags.PEDERSEN_WINDOWS:
                row = (tag - tags.PEDERSEN_WINDOWS) * 256 + first
                change(self.column("pedersen_windows", "multiplicity"), row, by)


class AnotherReading(ForgedHash):
    """1 is read as 1 + p, whose digits are other ones: they pass every window."""

    rules = frozenset({"x is p - 1 where d is 0"})

    def forged(self) -> Block:
        return forged_block(digits_of(1 + PRIME), digits_of(self.TURNS))


class BorrowedDigit(ForgedHash):
    """1 is read as digit 257 of window 0 and -1 of window 1. With one key 256 * window + digit the first would be
    answered by digit 1 of window 1 and the second by digit 255 of window 0: other points, another hash."""

    rules = frozenset({f"lookup {tags.PEDERSEN_WINDOWS}", f"lookup {tags.PEDERSEN_WINDOWS + 1}"})
    error = LookupsUnbalanced
    contract_error = "LookupsUnbalanced"

    def forged(self) -> Block:
        points = {(0, 30): entry(0, 0, 255), (0, 31): entry(0, 1, 1)}
        return forged_block([0] * 30 + [-1, 257], digits_of(self.TURNS), points)

    def served_by(self, found: tuple[int, ...]) -> tuple[int, ...]:
        tag, digit, *point = found
        if tag >= tags.PEDERSEN_WINDOWS and digit > 255:
            key = 256 * tag + (digit + PRIME // 2) % PRIME - PRIME // 2
            return (key // 256, key % 256, *point)
        return found


# --- ECDSA


class ForgedSignature(Forgery):
    """one_signature.cairo with a signature that is none: the block shows the forger's equation."""

    program, builtin = "one_signature", "ecdsa"

    def __init__(self, parameters: Parameters) -> None:
        equation, s = self.forged()
        signature = {"key": equation.q.x, "message": equation.message, "r": equation.r.x, "s": s}
        with self._accepted(equation, s):
            super().__init__(run_program(program_of(self.program), signature), parameters)

    def forged(self) -> tuple[ecdsa.Equation, int]:
        raise NotImplementedError

    @contextmanager
    def _accepted(self, equation: ecdsa.Equation, s: int) -> Iterator[None]:
        """Machine and witness take the signature for a good one."""
        solve = ecdsa.solve

        def solved(signatures):
            false = (equation.q.x, equation.message, equation.r.x, s)
            places = [i for i, one in enumerate(signatures) if (one.key, one.message, one.r, one.s) == false]
            columns = solve([ecdsa.dummy() if i in places else one for i, one in enumerate(signatures)])
            for place in places:
                columns[:, place] = ecdsa._columns([equation]).columns[:, 0]
            return columns

        with patch.object(ecdsa, "solve", solved), patch.object(ecdsa, "check", lambda *_: None):
            yield


def _small_point() -> Point:
    """A point whose x can be r."""
    return next(p for p in (curve.multiply(GENERATOR, k) for k in range(2, 100)) if p.x < ecdsa.MAX)


class NoScalar(ForgedSignature):
    """s = 0: the equation 0*R = z*G + r*Q holds for any R under a key that is made for it."""

    rules = frozenset({"z is not 2^251, s is not 0"})

    def forged(self) -> tuple[ecdsa.Equation, int]:
        message, r = 41, _small_point()
        q = curve.multiply(GENERATOR, -message * pow(r.x, -1, ORDER))
        return ecdsa.Equation(q, r, message, ORDER), 0


class MessageAtTheBound(ForgedSignature):
    """A message of 2^251, one above the greatest, under a key that is made for it."""

    rules = frozenset({"z is not 2^251, s is not 0"})

    def forged(self) -> tuple[ecdsa.Equation, int]:
        r, s = _small_point(), 3
        message = ecdsa.MAX
        scaled = curve.add(curve.multiply(r, s), curve.multiply(GENERATOR, -message))
        return ecdsa.Equation(curve.multiply(scaled, pow(r.x, -1, ORDER)), r, message, 2 * s + ORDER), s


class EndAtTheKey(ForgedSignature):
    """A key that meets the end W of the fixed chain, so that the last slope is free. None gives A."""

    rules = frozenset({"end: W is not +-Q", "end: x of A and of W + Q", "end: y of A and of W + Q"})

    def forged(self) -> tuple[ecdsa.Equation, int]:
        message = 41
        q = curve.add(curve.SHIFT, curve.multiply(GENERATOR, 2 * message))
        return ecdsa.Equation(q, _small_point(), message, 6 + ORDER), 3


FORGERIES: tuple[type[Forgery], ...] = (AnotherReading, BorrowedDigit, NoScalar, MessageAtTheBound, EndAtTheKey)
