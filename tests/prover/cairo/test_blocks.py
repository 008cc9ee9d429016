"""Generated code beside the machine's single steps: the same registers, the same memory, the same refusals."""

from __future__ import annotations

import json
import random
import resource
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from prover.algebra.ecdsa import public_key, sign
from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed
from prover.cairo.machine import machine
from prover.cairo.program import Program
from prover.cairo.run import run_program
from tests.support import random_programs
from tests.support.instruction_forms import FORMS, Form, document
from tests.support.paths import PROGRAMS, ROOT

BENCH = ROOT / "freehold/bench/programs"
NEVER = 1 << 60


def outcome(hot: int, document: dict, program_input: Any = None, max_steps: int = 10_000) -> tuple:
    """Everything a run leaves, or the refusal. `hot` visits make a block hot."""
    program = Program.from_json(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(machine, "HOT", hot)
        try:
            run = run_program(program, program_input, max_steps=max_steps)
        except RunFailed as error:
            return (str(error),)
    assert any(block.code for block in program.blocks.values()) == (hot < NEVER)
    registers = run.registers.tolist()
    return registers, run.memory, run.n_executed_steps, run.segments, run.output, run.signatures


def assert_same(document: dict, program_input: Any = None, **options: Any) -> tuple:
    """With generated code from the first visit on, from the third, and without."""
    stepped = outcome(NEVER, document, program_input, **options)
    assert outcome(1, document, program_input, **options) == stepped
    return stepped


def both(forms: list[Form], tried_each: int) -> tuple[int, int]:
    """How many programs run and how many are refused, alike: of those tried, the first, and the first that runs."""
    shuffled, ran, refused = random.Random(3), 0, 0
    for form in forms:
        tried = [document(words) for words in shuffled.sample(list(form.variants()), tried_each)]
        accepted = next((one for one in tried if len(outcome(NEVER, one, max_steps=100)) > 1), tried[-1])
        for one in (tried[0], accepted):
            runs = len(assert_same(one, max_steps=100)) > 1
            ran, refused = ran + runs, refused + (not runs)
    return ran, refused


def test_forms_of_instructions():
    """A fifth of them."""
    ran, refused = both(random.Random(1).sample(FORMS, len(FORMS) // 5), 12)
    assert ran > 80 and refused > 200


@pytest.mark.slow
def test_every_form_of_instruction():
    both(FORMS, 20)


@given(random_programs.steps)
@example([(which, 2 * which + 1, 3, 5) for which in [0, *range(13), 9, 12]])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_random_programs(choices):
    assert len(assert_same(random_programs.document_of(random_programs.write_body(choices)))) > 1


INPUTS = {
    PROGRAMS / "hashes.json": {"n": 6},
    PROGRAMS / "instructions.json": None,
    BENCH / "loop.json": {"n": 40},
    BENCH / "signatures.json": {"n": 2, "signature": [public_key(7), 1000, *sign(1000, 7)]},
    BENCH / "hashes.json": {"n": 20},
}


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_programs(path):
    assert len(assert_same(json.loads(path.read_text()), INPUTS[path])) > 1


def test_a_block_gets_hot_on_the_way():
    loop = json.loads((BENCH / "loop.json").read_text())
    assert outcome(machine.HOT, loop, {"n": 200}) == outcome(NEVER, loop, {"n": 200})


@pytest.mark.parametrize("max_steps", [*range(1, 30), 38, 39])
def test_the_step_at_which_a_run_is_too_long(max_steps):
    """Blocks stop where single steps would."""
    loop = json.loads((BENCH / "loop.json").read_text())
    refusal = assert_same(loop, {"n": 8}, max_steps=max_steps)
    assert f"has not ended after {max_steps} steps" in refusal[0]


def test_a_program_that_ran_keeps_its_code():
    """Another run of it takes the code over, on its own memory."""
    text = json.loads((BENCH / "loop.json").read_text())
    program = Program.from_json(text)
    first = run_program(program, {"n": 100})
    code = dict(program.blocks)
    second = run_program(program, {"n": 100})
    assert program.blocks == code and (first.registers == second.registers).all() and first.memory == second.memory
    assert run_program(program, {"n": 7}).memory == outcome(NEVER, text, {"n": 7})[1]


@pytest.mark.parametrize("n", [-1, 3])
def test_a_refusal_names_the_same_step_and_place(n):
    """A hint that fails, and an input that is missing, in the middle of a run."""
    hashes = json.loads((PROGRAMS / "hashes.json").read_text())
    refusal = assert_same(hashes, {"n": n} if n < 0 else {})
    assert refusal[0].startswith("step ")


@pytest.mark.parametrize("step", [20_000, 2**40])
def test_a_loop_that_only_moves_ap_takes_no_memory(step):
    """`ap += step; jmp rel -2`: nothing is written, however far ap gets."""
    words = [0x40780017FFF7FFF, 0, 0x1104800180018000, 4, 0x10780017FFF7FFF, 0]
    loop = [0x40780017FFF7FFF, step, 0x10780017FFF7FFF, PRIME - 2]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refusal = assert_same(document([*words, *loop]), max_steps=4000)
    assert "has not ended after 4000 steps" in refusal[0]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # KiB
