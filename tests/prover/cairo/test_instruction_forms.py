"""Every form of instruction, one at a time, in our machine and in cairo-lang's: equal steps and cells, or both refuse.

A form is a choice of every flag group. Each runs in a small frame that holds small numbers, an address of the stack and
one of the program; a field of `ret` behind the instruction catches whatever jump it makes. Not every form can succeed
(no program adds two addresses), and most do: the last test counts them.
"""

from __future__ import annotations

import random

import pytest

from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed
from prover.cairo.machine.instruction import BIAS
from prover.cairo.program import HEAD_WORDS, Program
from prover.cairo.run import run_program
from tests.support import reference_machine
from tests.support.instruction_forms import (
    FORMS,
    GROUPS,
    N_CELLS,
    OUTER,
    SAVED_FP,
    START,
    THREE,
    UNKNOWN,
    Form,
    document,
)

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
