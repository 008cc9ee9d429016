"""The command `freehold`, end to end and where it refuses."""

import copy
import json
import random
from dataclasses import replace
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from freehold.commands import proof as proof_commands
from freehold.commands.main import main
from freehold.testing.parameters import SMALL
from prover.cairo.machine.hints import known
from prover.cairo.proof_file import ProofFile
from prover.cairo.run_files import write_run
from prover.stark import memory_need
from prover.stark.commitment import CommittedTree
from prover.stark.errors import StarkError
from prover.stark.parameters import DEFAULT, NAMED
from prover.stark.proof import Proof
from tests.support.paths import PROGRAMS

PROGRAM = PROGRAMS / "hashes.json"


HEAD = b"\n".join(ProofFile(7, DEFAULT, Proof((), ())).to_bytes().split(b"\n")[:2]) + b"\n"


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
        (b"FREEHOLD" + bytes(9), "not a proof file"),
        (b"freehold proof 2\n{}\n", "of another format"),
        (b"freehold proof 1\n{}\n", "the head of the proof file is malformed"),
        (HEAD, "does not begin with FREEHOLD"),
        (HEAD + b"FREEHOLD", "its table of lengths ends at 16"),
        (HEAD + b"FREEHOLD" + bytes(9), "table of lengths says"),
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


def test_too_little_memory_is_said_before_anything_is_committed(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_need, "memory_there", lambda: 200 << 20)
    monkeypatch.setattr(CommittedTree, "__init__", lambda *_: pytest.fail("committed"))
    result = freehold("prove", PROGRAM, "--input", _five(tmp_path), "-o", tmp_path / "proof")
    assert result.exit_code == 1 and "GiB of memory, and 0.2 GiB are there" in result.output
    assert not (tmp_path / "proof").exists()


def _five(folder: Path) -> Path:
    path = folder / "input.json"
    path.write_text('{"n": 5}')
    return path


def test_half_a_recorded_run_is_refused(tmp_path):
    result = freehold("prove", PROGRAM, "--trace", PROGRAM, "-o", tmp_path / "proof")
    assert result.exit_code == 2 and "--memory" in result.output
    result = freehold("prove", "-o", tmp_path / "proof")
    assert result.exit_code == 2 and "name a compiled program" in result.output


@pytest.mark.parametrize(
    "command", [("prove", PROGRAM), ("compile", PROGRAM.with_suffix(".cairo"))], ids=["prove", "compile"]
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path, command):
    result = freehold(*command, "-o", tmp_path / "nowhere" / "file")
    assert result.exit_code == 2 and f"there is no folder {tmp_path / 'nowhere'}" in result.output
    result = freehold(*command, "-o", tmp_path)
    assert result.exit_code == 2 and "is a directory" in result.output


def test_every_command_says_what_it_does():
    for path, command in commands(main):
        result = freehold(*path, "--help")
        assert result.exit_code == 0 and command.help
        assert all(option.help for option in command.params if isinstance(option, click.Option)), path


def commands(group: click.Group, path: tuple[str, ...] = ()):
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


WORTHLESS = [None, [], {}, 7, "x", [None], ["x"], {"a": 1}, {"0": [{}]}, {"0": 7}, -1, True, [[]]]


def places(document: object, depth: int, path: tuple = ()):
    """Paths to parts of a JSON document, a few at each level."""
    names = list(document)[:4] if isinstance(document, dict) else range(min(2, len(document)))
    for name in names:
        yield (*path, name)
        if depth > 1 and isinstance(document[name], dict | list):
            yield from places(document[name], depth - 1, (*path, name))


def changed_everywhere(document: dict, depth: int):
    """The document with one part replaced by something worthless, in every way."""
    for path in places(document, depth):
        for part in WORTHLESS:
            changed = copy.deepcopy(document)
            place = changed
            for name in path[:-1]:
                place = place[name]
            place[path[-1]] = part
            yield changed


class Reached(StarkError):
    """The files were accepted."""


@pytest.fixture
def no_prover(monkeypatch):
    def stop(*_, **__):
        raise Reached("the prover was reached")

    monkeypatch.setattr(proof_commands, "prove_run", stop)


def test_a_malformed_part_of_a_program_is_never_a_traceback(tmp_path, no_prover):
    program, target = tmp_path / "program.json", tmp_path / "proof"
    (tmp_path / "input.json").write_text(json.dumps({"n": 1}))
    document = json.loads(PROGRAM.read_text())
    for changed in changed_everywhere(document, 4):
        program.write_text(json.dumps(changed))
        result = freehold("prove", program, "--input", tmp_path / "input.json", "-o", target)
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit), result.exception
    program.write_text(json.dumps(document))
    result = freehold("prove", program, "--input", tmp_path / "input.json", "-o", target)
    assert "the prover was reached" in result.output and not target.exists()


def test_malformed_run_files_are_never_a_traceback(tmp_path, hashes_run, no_prover):
    names = ("trace", "memory", "public.json")
    files = [tmp_path / name for name in names]
    write_run(hashes_run, *files)
    trace, memory, public = files
    options = ("--trace", trace, "--memory", memory, "--public-input", public)
    prove = ["prove", "--program", PROGRAM, *options, "-o", tmp_path / "proof"]
    assert "the prover was reached" in freehold(*prove).output
    honest = json.loads(files[2].read_text())
    for changed in [*WORTHLESS, *changed_everywhere(honest, 3)]:
        files[2].write_text(json.dumps(changed))
        assert isinstance(freehold(*prove).exception, SystemExit)
    files[2].write_text(json.dumps(honest))
    chance = random.Random(4)
    for file in files[:2]:
        data = file.read_bytes()
        for _ in range(40):
            changed = bytearray(data)
            changed[chance.randrange(len(data))] = chance.randrange(256)
            file.write_bytes(changed[: chance.choice((len(data), chance.randrange(len(data))))])
            result = freehold(*prove)
            assert isinstance(result.exception, SystemExit), result.exception
        file.write_bytes(data)


def test_a_proof_file_changed_at_random_is_never_a_traceback(proof_file, tmp_path):
    chance, data = random.Random(5), proof_file.read_bytes()
    changed_file = tmp_path / "proof"
    for _ in range(60):
        changed, place = bytearray(data), chance.choice((chance.randrange(64), chance.randrange(len(data))))
        changed[place] ^= 1 << chance.randrange(8)
        changed_file.write_bytes(changed[: chance.choice((len(data), chance.randrange(len(data))))])
        result = freehold("verify", changed_file, "--program", PROGRAM)
        assert result.exit_code == 1 and isinstance(result.exception, SystemExit), result.exception
    assert freehold("verify", proof_file, "--program", PROGRAM).exit_code == 0


def test_a_run_that_fails_leaves_no_proof(tmp_path):
    wrong = tmp_path / "input.json"
    wrong.write_text(json.dumps({"n": -1}))
    result = freehold("prove", PROGRAM, "--input", wrong, "-o", tmp_path / "proof")
    assert result.exit_code == 1 and "pc 0:" in result.output
    assert not (tmp_path / "proof").exists()


def test_a_proof_of_another_program_or_another_set_is_told_so(proof_file):
    other = PROGRAMS / "bitwise.json"
    result = freehold("verify", proof_file, "--program", other)
    assert result.exit_code == 1 and "made for another program: 0x" in result.output
    result = freehold("verify", proof_file, "--program", PROGRAM, "--parameters", "fast")
    assert result.exit_code == 1 and "made with another parameter set: default, not fast" in result.output


def test_a_false_head_is_not_believed(proof_file, tmp_path):
    """The head says another set, under which the same bytes are no proof."""
    given = ProofFile.from_bytes(proof_file.read_bytes())
    lying = tmp_path / "proof"
    lying.write_bytes(replace(given, parameters=NAMED["fast"]).to_bytes())
    result = freehold("verify", lying, "--program", PROGRAM)
    assert result.exit_code == 1 and "made for another program" not in result.output and "accepted" not in result.output


def test_a_weak_proof_is_accepted_with_a_warning(hashes_program, small_proof, tmp_path):
    weak = tmp_path / "proof"
    identity = proof_commands.identity_of(hashes_program, SMALL)
    weak.write_bytes(ProofFile(identity, SMALL, small_proof).to_bytes())
    result = freehold("verify", weak, "--program", PROGRAM)
    assert result.exit_code == 0, result.output
    assert f"warning: this proof is worth {SMALL.proven_bits():.0f} proven bits, 100 are usual" in result.output


def test_what_was_proven_is_printed_as_json(proof_file):
    result = freehold("verify", proof_file, "--program", PROGRAM, "--json")
    document = json.loads(result.output)
    assert (document["parameters"], document["output"][:1]) == ("default", document["output"][:1])
    assert document["program"] == hex(ProofFile.from_bytes(proof_file.read_bytes()).identity)


STRANGE = "%builtins output\nfunc main{output_ptr: felt*}() {\n    %{ print(open('x')) %}\n    return ();\n}\n"
ASKING = """%builtins output
func checked(x) {
    with_attr error_message("x must be seven") {
        assert x = 7;
    }
    return ();
}
func main{output_ptr: felt*}() {
    alloc_locals;
    local a;
    %{ ids.a = program_input["a"] %}
    checked(a);
    return ();
}
"""


def compiled(folder: Path, text: str, name: str = "a program") -> Path:
    """In a folder and under a name with spaces."""
    source, target = folder / f"{name}.cairo", folder / f"{name}.json"
    source.write_text(text)
    result = freehold("compile", source, "-o", target)
    assert result.exit_code == 0, result.output
    return target


def test_a_strangers_hint_runs_only_if_it_is_trusted(tmp_path):
    program = compiled(tmp_path, STRANGE)
    result = freehold("prove", program, "-o", tmp_path / "proof")
    assert result.exit_code == 1 and "a program.cairo:3: \"print(open('x'))\"" in result.output
    result = freehold("prove", program, "-o", tmp_path / "proof", "--trust-hints")
    assert "a hint fails: FileNotFoundError" in result.output


def test_a_failing_program_says_where_and_what_it_says_itself(tmp_path):
    program, given = compiled(tmp_path, ASKING), tmp_path / "input.json"
    result = freehold("prove", program, "-o", tmp_path / "proof")
    assert "(a program.cairo:11): the program reads `program_input`, and none was given" in result.output
    given.write_text('{"a": 8}')
    result = freehold("prove", program, "--input", given, "-o", tmp_path / "proof")
    assert "in __main__.checked): x must be seven: an assertion fails" in result.output
    given.write_text("{}")
    result = freehold("prove", program, "--input", given, "-o", tmp_path / "proof")
    assert "(a program.cairo:11): a hint fails: KeyError: 'a'" in result.output


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"\xff\xfe\x00", "is not text"),
        (b"fn main() -> felt252 { 1 }\n", "looks like Cairo 1"),
        (b"%builtins range_check output\nfunc main() {\n}\n", "in the order %builtins output range_check"),
    ],
)
def test_what_is_no_cairo_0_source_is_told_so(tmp_path, content, cause):
    source = tmp_path / "source.cairo"
    source.write_bytes(content)
    result = freehold("compile", source, "-o", tmp_path / "out.json")
    assert result.exit_code == 1 and cause in result.output and not (tmp_path / "out.json").exists()


@pytest.mark.parametrize("bits", ["nan", "1000", "-3", "inf"])
def test_bits_that_nobody_reaches_are_refused(bits):
    result = freehold("security", "--optimise", "--bits", bits)
    assert result.exit_code == 2 and isinstance(result.exception, SystemExit)


def test_a_document_without_a_table_is_refused_before_the_work(tmp_path):
    page = tmp_path / "page"
    page.write_text("")
    result = freehold("bench", "program", "--document", page)
    assert result.exit_code == 1 and "has no table to rewrite" in result.output and page.read_text() == ""


def test_the_known_hints_are_those_of_the_library():
    assert known.FILE.read_text().split() == known.installed_library()


@pytest.mark.parametrize(
    ("code", "harmless"),
    [
        ("ids.a = program_input['a']", True),
        ("memory[ap] = program_input['x'][2] + 7", True),
        ("for i, x in enumerate(program_input['xs']):\n    memory[ids.p + i] = x", True),
        ("import os", False),
        ("ids.x = open('a')", False),
        ("ids.x = ().__class__", False),
        ("ids.a = program_input['x'].__class__", False),
        ("ids.a = program_input.get", False),
        ("def f(): pass", False),
        ("ids.a = (lambda: 1)()", False),
        ("memory[ap] = 2**10**10", False),
        ("memory[ap] = 1 << 10**10", False),
        ("segments.memory.segments", False),
        ("ids.a = [f'{x}' for x in [1]]", False),
        ("ids.a = eval('1')", False),
        ("__builtins__ = 1", False),
        ("ids.a = vm_enter_scope", False),
    ],
)
def test_which_hints_only_bring_input(code, harmless):
    assert known.brings_input(code) == harmless
