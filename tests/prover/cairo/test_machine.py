"""Our machine: equal to cairo-lang's, and clear about what it refuses."""

import json

import pytest

from prover.cairo.compile import compile_cairo, program_text
from prover.cairo.errors import CompileFailed, ProgramMalformed, RunFailed, RunFilesMalformed
from prover.cairo.machine.instruction import InstructionMalformed, decode
from prover.cairo.program import Program
from prover.cairo.run import run_program
from prover.cairo.run_files import read_run, write_run
from tests.support import reference_machine
from tests.support.paths import PROGRAMS, ROOT
from tests.support.run_comparison import assert_same_run

EXCHANGE = ROOT / "prover/applications/perpetual/program"
INPUTS = {"hashes": {"n": 6}, "instructions": None}


def document(name: str) -> dict:
    return json.loads((PROGRAMS / f"{name}.json").read_text())


def program(name: str) -> Program:
    return Program.from_json(document(name))


@pytest.mark.parametrize("name", INPUTS)
def test_registers_and_memory_equal_the_reference_machine(name):
    ours = run_program(program(name), INPUTS[name])
    assert_same_run(ours, reference_machine.run(document(name), INPUTS[name]))


@pytest.mark.parametrize(
    "source", [PROGRAMS / "hashes.cairo", PROGRAMS / "instructions.cairo", EXCHANGE / "exchange.cairo"]
)
def test_committed_programs_are_what_the_compiler_writes(source):
    assert program_text(compile_cairo(source)) == source.with_suffix(".json").read_text()


def test_a_source_that_does_not_compile_is_the_compilers_error(tmp_path):
    source = tmp_path / "wrong.cairo"
    source.write_text("func main() { return (; }")
    with pytest.raises(CompileFailed, match=r"wrong\.cairo"):
        compile_cairo(source)


def test_run_files_and_back(tmp_path, hashes_program, hashes_run):
    files = [tmp_path / name for name in ("trace", "memory", "public")]
    write_run(hashes_run, *files)
    again = read_run(hashes_program, *files)
    assert (again.registers == hashes_run.registers).all()
    assert (again.memory, again.segments, again.output) == (hashes_run.memory, hashes_run.segments, hashes_run.output)


@pytest.mark.parametrize(
    ("which", "mangle", "cause"),
    [
        (0, lambda data: data[:-1], "no whole number of steps"),
        (0, lambda data: data[24:], "begins at pc"),
        (0, lambda data: data[: 24 * 10], "not in the closing loop"),
        (1, lambda data: data[:-1], "no whole number of cells"),
        (1, lambda data: data + data[:8] + bytes(32), "two values"),
        (1, lambda data: data[40:], "does not hold the program's word"),
        (1, lambda data: data + b"\xff" * 40, "out of bounds"),
        (2, lambda data: b"{}", "no AIR public input"),
        (2, lambda data: data.replace(b'"pedersen"', b'"bitwise"'), "no memory segment for pedersen"),
    ],
)
def test_malformed_run_files_are_refused_with_the_cause(tmp_path, hashes_program, hashes_run, which, mangle, cause):
    files = [tmp_path / name for name in ("trace", "memory", "public")]
    write_run(hashes_run, *files)
    files[which].write_bytes(mangle(files[which].read_bytes()))
    with pytest.raises(RunFilesMalformed, match=cause):
        read_run(hashes_program, *files)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"prime": "0x7"}, "not the STARK prime"),
        ({"data": ["0x1"] * 6}, "does not begin as proof mode does"),
        ({"builtins": ["range_check", "output"]}, "not in canonical order"),
        ({"builtins": ["abacus"]}, "unknown builtins"),
        ({"data": None}, "not a compiled Cairo 0 program"),
    ],
)
def test_malformed_programs_are_refused_with_the_cause(change, cause):
    with pytest.raises(ProgramMalformed, match=cause):
        Program.from_json({**document("hashes"), **change})
    assert Program.from_json(document("hashes"))


@pytest.mark.parametrize(
    ("word", "cause"),
    [
        (1 << 63, "not below 2"),
        (0x480680017FFF8000 | 1 << 51, "two flags of op1 source"),
        (0x480680017FFF8000 | 0b11 << 53, "two flags of res"),
        (0x480680027FFF8000, "an immediate stands at pc"),
        (0x1104800180018000 | 1 << 59, "a call moves ap by itself"),
    ],
)
def test_malformed_instructions_are_refused(word, cause):
    with pytest.raises(InstructionMalformed, match=cause):
        decode(word)
    assert decode(0x480680017FFF8000).size == 2


def test_a_failing_run_names_step_and_reason():
    with pytest.raises(RunFailed, match=r"step \d+, pc 0:"):
        run_program(program("hashes"), {"n": -1})
    with pytest.raises(RunFailed, match="a hint fails: KeyError"):
        run_program(program("hashes"), {})
    with pytest.raises(RunFailed, match="has not ended after 100 steps"):
        run_program(program("hashes"), {"n": 50}, max_steps=100)
