"""The command `freehold`, end to end and where it refuses."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from prover.cairo.run_files import write_run
from prover.cli import main

PROGRAM = Path(__file__).parent / "cairo/programs/hashes.json"


def freehold(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def proof_file(tmp_path_factory, hashes_run):
    """Proven from recorded files, at the default 100 bits."""
    folder = tmp_path_factory.mktemp("proof")
    files = [folder / name for name in ("trace", "memory", "public.json")]
    write_run(hashes_run, *files)
    target = folder / "proof"
    trace, memory, public = files
    result = freehold(
        "prove", "--trace", trace, "--memory", memory, "--public-input", public, "--program", PROGRAM, "-o", target
    )
    assert result.exit_code == 0, result.output
    return target


def test_help_says_what_it_is_for():
    assert "self-custodial" in freehold("--help").output


def test_a_proof_is_accepted(proof_file):
    result = freehold("verify", proof_file, "--program", PROGRAM)
    assert result.exit_code == 0 and result.output.startswith("accepted: program 0x")


def test_a_changed_proof_is_refused_with_its_step(proof_file, tmp_path):
    data = bytearray(proof_file.read_bytes())
    data[-1] ^= 1
    changed = tmp_path / "changed"
    changed.write_bytes(data)
    result = freehold("verify", changed, "--program", PROGRAM)
    assert result.exit_code == 1 and "refused at step 'openings'" in result.output


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "not a proof file"),
        (b"FREEHOLD", "ends within its table"),
        (b"FREEHOLD" + bytes(9), "table of lengths says"),
    ],
)
def test_a_malformed_proof_is_a_clear_error(tmp_path, content, cause):
    path = tmp_path / "proof"
    path.write_bytes(content)
    result = freehold("verify", path, "--program", PROGRAM)
    assert result.exit_code == 1 and cause in result.output and "Traceback" not in result.output


def test_a_malformed_program_is_a_clear_error(tmp_path, proof_file):
    path = tmp_path / "program.json"
    for content, cause in (("{", "is not JSON"), ("{}", "not a compiled Cairo 0 program"), ("[]", "is a JSON object")):
        path.write_text(content)
        result = freehold("verify", proof_file, "--program", path)
        assert result.exit_code == 1 and cause in result.output


def test_half_a_recorded_run_is_refused(tmp_path):
    result = freehold("prove", PROGRAM, "--trace", PROGRAM, "-o", tmp_path / "proof")
    assert result.exit_code == 2 and "--memory" in result.output
    result = freehold("prove", "-o", tmp_path / "proof")
    assert result.exit_code == 2 and "name a compiled program" in result.output


def test_a_run_that_fails_leaves_no_proof(tmp_path):
    wrong = tmp_path / "input.json"
    wrong.write_text(json.dumps({"n": -1}))
    result = freehold("prove", PROGRAM, "--input", wrong, "-o", tmp_path / "proof")
    assert result.exit_code == 1 and "pc 0:" in result.output
    assert not (tmp_path / "proof").exists()
