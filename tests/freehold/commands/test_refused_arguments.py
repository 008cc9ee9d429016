"""Wrong files, places and limits: one line each, before the work where it can be known, and nothing left over."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from freehold.commands import proof as proof_commands
from freehold.commands.main import main
from freehold.testing.parameters import SMALL
from prover.cairo.proof_file import ProofFile
from prover.stark import memory_need
from tests.support.paths import PROGRAMS, VECTORS

PROGRAM = PROGRAMS / "hashes.json"
EXAMPLE = VECTORS / "example.json"
COMMAND = Path(sys.executable).with_name("freehold")


def freehold(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def typed(*arguments: object, limit: int | None = None, size: int = 0) -> subprocess.CompletedProcess:
    """As typed into a shell, where `limit` bounds what RLIMIT `size` of."""

    def bound() -> None:
        if limit is not None:
            resource.setrlimit(limit, (size, size))

    command = [COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, preexec_fn=bound)


@pytest.fixture
def given(tmp_path) -> Path:
    path = tmp_path / "input.json"
    path.write_text('{"n": 5}')
    return path


@pytest.fixture
def wrong_files(tmp_path, hashes_program, small_proof) -> dict[str, Path]:
    contents = {
        "binary": bytes(range(256)),
        "empty": b"",
        "deep": b"[" * 100_000,
        "program": PROGRAM.read_bytes(),
        "source": PROGRAM.with_suffix(".cairo").read_bytes(),
        "batch": EXAMPLE.read_bytes(),
        "proof": ProofFile(proof_commands.identity_of(hashes_program, SMALL), SMALL, small_proof).to_bytes(),
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {name: tmp_path / name for name in contents}


COMMANDS = {
    "program": ["prove {} -o x", "verify {proof} --program {}", "bench prove --program {} --input {input}"],
    "input": ["prove {program} --input {} -o x"],
    "proof": ["verify {} --program {program}"],
    "batch": ["batch run {}", "batch check {}", "batch explain {}"],
    "state": ["leave {} --position 1"],
    "output": ["output {}", "output {} --json"],
    "source": ["compile {} -o x"],
}


@pytest.mark.parametrize("wanted", COMMANDS)
def test_a_file_of_another_kind_is_one_line(wanted, wrong_files, given, tmp_path, monkeypatch, usual_recursion):
    monkeypatch.chdir(tmp_path)
    for kind, path in wrong_files.items():
        if kind == wanted:
            continue
        for command in COMMANDS[wanted]:
            words = [word.format(path, input=given, **wrong_files) for word in command.split()]
            result = freehold(*words)
            told = result.output.splitlines()
            assert result.exit_code == 1 and isinstance(result.exception, SystemExit), (words, result.exception)
            assert sum(line.startswith("Error: ") for line in told) == 1 and told[-1].startswith("Error: "), told
            assert "errors.pydantic.dev" not in result.output and not (tmp_path / "x").exists()


def test_no_place_is_found_out_after_the_work(tmp_path, given, monkeypatch):
    """A folder that is full, one that does not exist, a folder in the file's place: no run begins."""
    monkeypatch.setattr(proof_commands, "run_program", lambda *_: pytest.fail("the work began"))
    for target, cause in ((tmp_path / "no" / "x", "there is no folder"), (tmp_path, "is a directory")):
        result = freehold("prove", PROGRAM, "--input", given, "-o", target)
        assert result.exit_code == 2 and cause in result.output
    for option in ("--words", "--state", "--program-input"):
        result = freehold("batch", "run", EXAMPLE, option, tmp_path / "no" / "x")
        assert result.exit_code == 2 and "there is no folder" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["input.json"]


def test_a_full_disk_costs_nobody_a_proof(tmp_path, given):
    result = typed("prove", PROGRAM, "--input", given, "-o", tmp_path / "x", limit=resource.RLIMIT_FSIZE, size=50_000)
    assert result.returncode == 2 and "tried with 1,048,576 bytes: File too large" in result.stderr
    assert "run\n" not in result.stderr and sorted(path.name for path in tmp_path.iterdir()) == ["input.json"]


def test_a_folder_that_goes_away_meanwhile_costs_nobody_a_proof(tmp_path, given, small_proof, monkeypatch):
    target = tmp_path / "folder" / "x"
    target.parent.mkdir()

    def prove(*_):
        target.parent.rmdir()
        return small_proof

    monkeypatch.setattr(proof_commands, "prove_run", prove)
    monkeypatch.setattr(proof_commands, "verify_proof", lambda *_: None)
    result = freehold("prove", PROGRAM, "--input", given, "-o", target)
    kept = Path(result.output.strip().rsplit(" ", 1)[1])
    assert result.exit_code == 1 and "what was made is kept in" in result.output
    assert ProofFile.from_bytes(kept.read_bytes()).proof == small_proof
    kept.unlink()
    kept.parent.rmdir()


def test_folders_and_files_with_spaces_work(tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    source, program, given, proof = (folder / name for name in ("a source.cairo", "a program", "an input", "a proof"))
    source.write_text(PROGRAM.with_suffix(".cairo").read_text())
    given.write_text('{"n": 2}')
    assert typed("compile", source, "-o", program).returncode == 0
    assert typed("prove", program, "--input", given, "-o", proof, "--parameters", "fast").returncode == 0
    result = typed("verify", proof, "--program", program)
    assert result.returncode == 0 and result.stdout.startswith("accepted")
    assert result.stderr == "warning: this proof is worth 60 proven bits, 100 are usual\n"
    for option in ("--words", "--state", "--program-input"):
        assert typed("batch", "run", EXAMPLE, option, folder / option).returncode == 0


def test_too_few_addresses_are_one_line_that_says_how_many_are_needed(tmp_path, given):
    arguments = ("prove", PROGRAM, "--input", given, "-o", tmp_path / "x", "--parameters", "fast")
    refused = typed(*arguments, limit=resource.RLIMIT_AS, size=1 << 30)
    last = refused.stderr.splitlines()[-1]
    assert refused.returncode == 1 and "Traceback" not in refused.stderr and not (tmp_path / "x").exists()
    assert last.startswith("Error: out of memory: a proof takes at least 0.2 GiB, and 1.4 GiB of addresses"), last
    assert typed(*arguments, limit=resource.RLIMIT_AS, size=int(1.4 * 2**30)).returncode == 0
    refused = typed("batch", "run", EXAMPLE, limit=resource.RLIMIT_AS, size=1 << 30)
    assert (
        refused.returncode == 1 and "where addresses are limited (ulimit -v), 1.4 GiB are the least" in refused.stderr
    )


def test_a_proof_for_which_memory_ends_names_what_it_takes(hashes_run):
    program, parameters = hashes_run.program, SMALL
    line = proof_commands.memory_line(program, 1 << 20, parameters)
    assert line.startswith("out of memory: a proof of 1,048,576 steps takes about ")
    assert memory_need.addresses_needed(3 << 30) > 7 << 30


def test_a_proof_of_another_protocol_is_told_so(tmp_path, wrong_files):
    title, head, body = wrong_files["proof"].read_bytes().split(b"\n", 2)
    changed = json.loads(head) | {"protocol": "freehold 1"}
    path = tmp_path / "old"
    path.write_bytes(b"\n".join([title, json.dumps(changed).encode(), body]))
    result = freehold("verify", path, "--program", PROGRAM)
    assert (
        result.exit_code == 1 and "a proof of another protocol: 'freehold 1', this reads 'freehold 2'" in result.output
    )


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("", "has no function main, where a program begins"),
        ("from nowhere.at import all\nfunc main() {\n    return ();\n}\n", "nowhere.at"),
        ('{"data": []}', "is no Cairo source"),
    ],
)
def test_what_the_compiler_refuses_is_told_plainly(tmp_path, source, cause):
    path = tmp_path / "source.cairo"
    path.write_text(source)
    result = freehold("compile", path, "-o", tmp_path / "out.json")
    assert result.exit_code == 1 and cause in result.output and "Traceback" not in result.output


@pytest.mark.parametrize("bits", ["1", "99.5", "128"])
def test_every_number_of_bits_that_is_taken_has_an_answer(bits):
    result = freehold("security", "--optimise", "--bits", bits, "--builtins", "output")
    assert result.exit_code == 0, result.exception


def test_the_sets_are_told_as_json():
    document = json.loads(freehold("security", "--json").output)
    by_name = {one["name"]: one for one in document["sets"]}
    assert by_name["default"]["proven_bits"] >= 100 > by_name["fast"]["proven_bits"]
    assert min(by_name["default"]["terms"].values()) == pytest.approx(by_name["default"]["proven_bits"], abs=3)
    found = json.loads(freehold("security", "--json", "--optimise", "--bits", "80", "--builtins", "output").output)
    assert all(one["proven_bits"] >= 80 and one["name"] is None for one in found["sets"])
