"""Every form of instruction, one at a time, in our machine and in cairo-lang's: equal steps and cells, or both refuse.

A form is a choice of every flag group. Each runs in a small frame that holds small numbers, an address of the stack and
one of the program; a field of `ret` behind the instruction catches whatever jump it makes. Not every form can succeed
(no program adds two addresses), and most do: the last test counts them.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import reference_machine

from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed
from prover.cairo.machine.instruction import BIAS, InstructionMalformed, decode
from prover.cairo.program import HEAD_WORDS, Program
from prover.cairo.run import run_program

PUSH, ADVANCE, CALL, RET = 0x480680017FFF8000, 0x40780017FFF7FFF, 0x1104800180018000, 0x208B7FFF7FFF7FFE
HEAD = [ADVANCE, 0, CALL, 4, 0x10780017FFF7FFF, 0]
OUTER = [ADVANCE, 40, CALL, 3, RET, CALL, 3, RET]
"""Two calls on the way, the first from a high ap, so that small numbers taken from the saved fp leave an address."""
SAVED_FP, RETURN_PC = -2, -1
THREE, TWO, STACK, CODE, FIVE, SIX, FORWARD, ZERO = range(8)
"""Cells of the frame: 3, 2, the caller's fp, the return address, 5 = 3 + 2, 6 = 3 * 2, a jump from CODE, 0."""
N_CELLS = 8
UNKNOWN = N_CELLS
"""The first cells that nobody has written: at ap."""
FIELD = 60


def copy_of(cell: int) -> int:
    """[ap] = [fp + cell]; ap++"""
    return 0x480A00007FFF8000 | cell + BIAS << 32


FORWARD_JUMP = 18
"""From the return address, the last word of OUTER, over the preamble's 14 words into the field."""
PREAMBLE = [PUSH, 3, PUSH, 2, copy_of(SAVED_FP), copy_of(RETURN_PC), PUSH, 5, PUSH, 6, PUSH, FORWARD_JUMP, PUSH, 0]
START = HEAD_WORDS + len(OUTER) + len(PREAMBLE)


@dataclass(frozen=True)
class Form:
    """One value for each flag group, as the word holds them; `op1` 0: through op0, 1: immediate, 2: fp, 4: ap."""

    dst_fp: int
    op0_fp: int
    op1: int
    res: int
    pc: int
    ap: int
    opcode: int

    def flags(self) -> int:
        return (
            self.dst_fp
            | self.op0_fp << 1
            | self.op1 << 2
            | self.res << 5
            | self.pc << 7
            | self.ap << 10
            | self.opcode << 12
        )

    def variants(self) -> Iterator[list[int]]:
        """Programs that have this form as their instruction, with other operands each."""
        op1_cells = {0: (1, 3, 8, 0, -2), 1: (1,), 2: (TWO, FORWARD, CODE, RETURN_PC, UNKNOWN + 2)}
        op1_cells[4] = op1_cells[2]
        immediates = (2, FORWARD_JUMP) if self.op1 == 1 else (None,)
        for dst, op0, op1, immediate in itertools.product(
            (FIVE, SIX, ZERO, THREE, UNKNOWN, SAVED_FP),
            (THREE, STACK, CODE, UNKNOWN + 1),
            op1_cells[self.op1],
            immediates,
        ):
            offsets = dst - (0 if self.dst_fp else N_CELLS), op0 - (0 if self.op0_fp else N_CELLS)
            offset_1 = op1 - (N_CELLS if self.op1 == 4 else 0)
            word = sum(offset + BIAS << 16 * i for i, offset in enumerate((*offsets, offset_1))) | self.flags() << 48
            yield [*HEAD, *OUTER, *PREAMBLE, word, *([] if immediate is None else [immediate]), *[RET] * FIELD]


def well_formed(form: Form) -> bool:
    try:
        decode(next(form.variants())[START])
        return True
    except InstructionMalformed:
        return False


GROUPS = (0, 1), (0, 1), (0, 1, 2, 4), (0, 1, 2), (0, 1, 2, 4), (0, 1, 2), (0, 1, 2, 4)
FORMS = [form for form in itertools.starmap(Form, itertools.product(*GROUPS)) if well_formed(form)]


def document(words: list[int]) -> dict:
    identifiers = {
        "__main__.main": {"decorators": [], "pc": HEAD_WORDS, "type": "function"},
        "__main__.__start__": {"pc": 0, "type": "label"},
        "__main__.__end__": {"pc": 4, "type": "label"},
    }
    return {
        "prime": hex(PRIME),
        "data": [hex(word) for word in words],
        "builtins": [],
        "hints": {},
        "identifiers": identifiers,
        "reference_manager": {"references": []},
        "main_scope": "__main__",
        "compiler_version": "0.14.0.1",
    }


Outcome = tuple[list[tuple[int, int, int]], dict[int, int]] | None
"""Steps as (pc, ap, fp), and the cells; None for a refusal."""


def ours(words: list[int]) -> Outcome:
    try:
        run = run_program(Program.from_json(document(words)), min_steps=0, max_steps=100)
    except RunFailed:
        return None
    steps = [tuple(map(int, row)) for row in run.registers[: run.n_executed_steps + 1]]
    return steps, {address: value for address, value in enumerate(run.memory) if value is not None}


def theirs(words: list[int]) -> Outcome:
    try:
        runner = reference_machine.run_unpadded(document(words), max_steps=100)
    except Exception as error:
        assert "starkware" in type(error).__module__ or isinstance(error, AssertionError), repr(error)
        return None
    steps = [(row.pc, row.ap, row.fp) for row in runner.relocated_trace]
    return steps, dict(runner.relocated_memory)


def compare(words: list[int]) -> bool:
    """Whether the program runs, in both."""
    mine, other = ours(words), theirs(words)
    assert mine == other, f"{words[START]:#x}"
    return mine is not None


def run_all(forms: list[Form], programs_each: int | None) -> set[Form]:
    """The forms that ran with some operands; a few programs of each, or all."""
    shuffled = random.Random(2)
    ran = set()
    for form in forms:
        programs = list(form.variants())
        shuffled.shuffle(programs)
        accepted = next((words for words in programs if ours(words)), None)
        tried = programs[:programs_each] + [accepted] * (accepted is not None)
        if any([compare(words) for words in tried]):
            ran.add(form)
    return ran


def test_forms_run_alike():
    """A fifth of all forms, so that every value of every flag group runs with each opcode that allows it."""
    ran = run_all(random.Random(1).sample(FORMS, len(FORMS) // 5), 1)
    for group, values in zip(Form.__dataclass_fields__, GROUPS, strict=True):
        assert {getattr(form, group) for form in ran} == set(values)
    assert len(ran) > len(FORMS) // 10


@pytest.mark.slow
def test_every_form_runs_alike():
    """976 of the 1472 well-formed forms run with some operands; the others ask for what no machine does."""
    assert (len(FORMS), len(run_all(FORMS, 4))) == (1472, 976)


@pytest.mark.parametrize("back", [3, 200])
def test_an_address_before_its_segment_is_a_felt_when_relocated(back):
    """Taken from the saved fp by deduction. Where the reference machine runs it, the cells are the same."""
    words = next(Form(0, 1, 2, 1, 0, 2, 4).variants())
    offsets = SAVED_FP - N_CELLS, THREE, UNKNOWN + 2
    words[START] = sum(offset + BIAS << 16 * i for i, offset in enumerate(offsets)) | words[START] >> 48 << 48
    words[HEAD_WORDS + 1] = 0
    words[HEAD_WORDS + len(OUTER) + 1] = back
    mine = ours(words)
    assert mine and all(0 <= value < PRIME for value in mine[1].values())
    assert theirs(words) in (None, mine)
