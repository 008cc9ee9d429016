"""A program for each builtin: run here and by cairo-lang, proven from our run and from its files."""

import json
from dataclasses import replace
from functools import cache

import pytest
from click.testing import CliRunner

from freehold.commands.main import main
from freehold.testing.parameters import SMALL
from prover import kernel
from prover.algebra import curve, ecdsa, poseidon
from prover.cairo.compile import compile_cairo, program_text
from prover.cairo.errors import RunFailed, RunFilesMalformed
from prover.cairo.machine.builtins import make_builtin
from prover.cairo.program import Program
from prover.cairo.prove import key_of, prove_run, verify_proof
from prover.cairo.run import run_program
from prover.cairo.run_files import read_run, write_run
from prover.cairo.shapes import shape_of
from prover.cairo.witness import make_witness
from prover.stark.errors import ProofRefused, WitnessRefused
from prover.stark.prover import prove
from tests.support import reference_machine
from tests.support.paths import PROGRAMS


def signed(private_key: int, message: int) -> dict[str, int]:
    r, s = ecdsa.sign(message, private_key)
    return {"key": ecdsa.public_key(private_key), "message": message, "r": r, "s": s}


def bitwise_output(pairs) -> list[int]:
    return [word for x, y in reversed(pairs) for word in (x & y, x ^ y, x | y)]


def poseidon_output(words) -> list[int]:
    first, count = words[0], len(words)
    return [poseidon.poseidon_many(words), poseidon.poseidon_single(first), poseidon.poseidon(first, count)]


SIGNATURES = [signed(2, 1), signed(3, 12345), signed(5, 2**251 - 1)]
PAIRS = [[2**251 - 1, 0], [0b1100, 0b1010], [2**250 + 7, 2**250 - 1]]
WORDS = [7, 0, 2**251, *range(20)]

POINTS = [curve.multiply(curve.GENERATOR, 11), curve.multiply(curve.GENERATOR, 13)]
MULTIPLIER = 2**251 + 5


def ec_op_input(through_library: bool) -> dict:
    p, q = map(list, POINTS)
    return {"p": p, "q": q, "m": MULTIPLIER, "through_library": through_library}


def ec_op_output() -> list[int]:
    p, q = POINTS
    return list(curve.add(p, curve.multiply(q, MULTIPLIER)))


MODULO = {
    "p": 2**383 - 31,
    "n_values": 8,
    "values": [[0, 2**383 - 32], [1, 2**380 + 12345]],
    "add": [[0, 1, 2], [3, 1, 4], [5, 4, 0]],
    "mul": [[2, 2, 3], [1, 6, 4], [6, 5, 7]],
}


def modulo_output() -> list[int]:
    p, (a, b) = MODULO["p"], (value for _, value in MODULO["values"])
    values = {0: a, 1: b, 2: (a + b) % p}
    values[3] = values[2] * values[2] % p
    values[4] = (values[3] + b) % p
    values[5] = (a - values[4]) % p
    values[6] = values[4] * pow(b, -1, p) % p
    values[7] = values[6] * values[5] % p
    return [values[i] >> 96 * j & 2**96 - 1 for i in range(8) for j in range(4)]


LIBRARY = [
    144890432094629404747332658,
    61138910238987660850441553,
    20769187434139410514121985316880707,
    2,
    2721396407041296208720983187974126691034270683888816859746964904693195033362,
    753151910450628748318193020406890270435839344442829543210717205009375275254,
]
"""The reference machine's output."""
EVERYTHING = 0x45D1B96BA2DEC7E3D841CB524984275A023740424B4208CCC6C37245AED2626
"""The reference machine's output."""

CASES = {
    "signatures": (SIGNATURES, "small", [one["message"] for one in reversed(SIGNATURES)]),
    "bitwise": (PAIRS, "recursive", bitwise_output(PAIRS)),
    "ec_op": (ec_op_input(False), "all_solidity", ec_op_output()),
    "modulo": (MODULO, "dynamic", modulo_output()),
    "library": (None, "small", LIBRARY),
    "everything": (SIGNATURES[1], "dynamic", [EVERYTHING]),
    "poseidon": (WORDS, "recursive_with_poseidon", poseidon_output(WORDS)),
}


@cache
def document(name: str) -> dict:
    """As committed; `library`, most of which is names of the library's own, is compiled."""
    if name == "library":
        return compile_cairo(PROGRAMS / "library.cairo")
    return json.loads((PROGRAMS / f"{name}.json").read_text())


def program(name: str) -> Program:
    return Program.from_json(document(name))


@pytest.mark.parametrize("name", CASES)
def test_a_run_is_proven(name):
    program_input, _, output = CASES[name]
    run = run_program(program(name), program_input)
    assert list(run.output) == output
    proof = prove_run(run, SMALL)
    assert list(verify_proof(proof, program(name), SMALL).output) == output


@pytest.mark.parametrize("name", CASES)
def test_a_run_recorded_by_cairo_lang_is_proven_from_its_files(name, tmp_path):
    program_input, layout, output = CASES[name]
    files = reference_machine.record(document(name), program_input, layout, tmp_path)
    theirs = read_run(program(name), *files)
    ours = run_program(program(name), program_input)
    assert list(theirs.output) == output
    assert theirs.n_executed_steps == ours.n_executed_steps and theirs.n_steps == ours.n_steps
    assert (theirs.registers[: ours.n_executed_steps] == ours.registers[: ours.n_executed_steps]).all()
    memory = zip(ours.memory[: ours.final_ap], theirs.memory, strict=False)
    assert all(mine == other or mine >= ours.final_ap for mine, other in memory)
    assert list(theirs.signatures.values()) == list(ours.signatures.values())
    assert list(verify_proof(prove_run(theirs, SMALL), program(name), SMALL).output) == output


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"library"}))
def test_committed_programs_are_what_the_compiler_writes(name):
    source = PROGRAMS / f"{name}.cairo"
    assert program_text(compile_cairo(source)) == source.with_suffix(".json").read_text()


@pytest.mark.parametrize("name", ["signatures", "bitwise"])
def test_a_builtin_that_is_named_and_not_used_is_proven_empty(name):
    run = run_program(program(name), [])
    assert run.output == () and len({*run.segments[run.program.builtins[1]]}) == 1
    assert verify_proof(prove_run(run, SMALL), program(name), SMALL).output == ()


def test_chains_of_no_instances_are_proven():
    empty = {"p": 5, "n_values": 1, "values": [[0, 3]], "add": [], "mul": []}
    run = run_program(program("modulo"), empty)
    assert verify_proof(prove_run(run, SMALL), program("modulo"), SMALL).output == (3, 0, 0, 0)


# --- signatures


def test_a_recorded_run_with_signatures_needs_the_private_input(tmp_path):
    run = run_program(program("signatures"), SIGNATURES)
    files = [tmp_path / name for name in ("trace", "memory", "public", "private")]
    write_run(run, *files)
    assert read_run(program("signatures"), *files).signatures == run.signatures
    with pytest.raises(RunFilesMalformed, match="checks 3 signatures, and a memory file holds none"):
        read_run(program("signatures"), *files[:3])
    whole = json.loads(files[3].read_text())
    for broken, cause in (
        ({"ecdsa": whole["ecdsa"][1:]}, "no signature for ecdsa instance 0"),
        ({"ecdsa": [{**one, "signature_input": {}} for one in whole["ecdsa"]]}, "no AIR private input"),
        ({}, "no AIR private input"),
    ):
        files[3].write_text(json.dumps(broken))
        with pytest.raises(RunFilesMalformed, match=cause):
            read_run(program("signatures"), *files)


@pytest.mark.parametrize("name", ["signatures", "bitwise", "ec_op", "poseidon", "modulo"])
def test_a_recorded_instance_without_an_input_is_refused_and_without_outputs_completed(name, tmp_path):
    run = run_program(program(name), CASES[name][0])
    files = [tmp_path / part for part in ("trace", "memory", "public", "private")]
    builtin = make_builtin(run.program.builtins[-1], 0)
    _, stop = run.segments[builtin.name]
    last = stop - builtin.cells
    words = run.memory[last:stop]
    run.memory[last + builtin.inputs : stop] = [None] * (builtin.cells - builtin.inputs)
    write_run(run, *files)
    assert read_run(program(name), *files).memory[last:stop] == words
    run.memory[last] = None
    write_run(replace(run, signatures={}), *files[:3])
    with pytest.raises(RunFilesMalformed, match=f"the {builtin.name} instance at address {last} misses an input"):
        read_run(program(name), *files)


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"s": 1}, "ecdsa instance 1 cannot be proven: .*do not sign"),
        ({"message": 0}, "message 0x0 is not in"),
        ({"r": 2**251}, "r 0x8"),
        ({"key": 5}, "is on no point of the curve"),
    ],
)
def test_a_run_with_a_bad_signature_is_refused(change, cause):
    signatures = [SIGNATURES[0], {**SIGNATURES[1], **change}, SIGNATURES[2]]
    with pytest.raises(RunFailed, match=cause):
        run_program(program("signatures"), signatures)


def test_a_bitwise_input_of_252_bits_is_refused():
    with pytest.raises(RunFailed, match=r"step \d+, pc .*bitwise takes numbers below 2\^251"):
        run_program(program("bitwise"), [[2**251, 1]])


def test_the_librarys_ec_op_works():
    run = run_program(program("ec_op"), ec_op_input(True))
    assert list(run.output) == ec_op_output()


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"p": [1, 1]}, "ec_op: P = .* is not on the curve"),
        ({"q": list(curve.SHIFT)}, "ec_op instance 0 cannot be proven: Q is the shift point"),
        ({"p": list(curve.multiply(POINTS[1], -MULTIPLIER))}, "ec_op: P .* is infinite"),
    ],
)
def test_a_curve_operation_without_a_witness_is_refused(change, cause):
    with pytest.raises(RunFailed, match=cause):
        run_program(program("ec_op"), {**ec_op_input(False), **change})


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"values": [[0, 60], [1, 70], [2, 31]]}, "add_mod instance 0 has a wrong result"),
        ({"values": [[0, 150], [1, 150], [2, 98]]}, "add_mod instance 0 has a wrong result"),
        ({"values": [[0, 60]]}, "add_mod instance 0 lacks more than one of a, b, c"),
        ({"values": [[1, 260], [2, 50]]}, "add_mod instance 0: no value completes"),
        ({"add": [], "mul": [[0, 1, 2]], "values": [[0, 0], [2, 5]]}, "mul_mod instance 0: no value completes"),
        ({"add": [], "mul": [[0, 1, 2]], "values": [[0, 6], [1, 7], [2, 143]]}, "mul_mod instance 0 has a wrong"),
        ({"add": [[3, 1, 4], [0, 1, 2]], "mul": [[2, 2, 3]], "n_values": 5}, "add_mod instance 0 lacks more than one"),
    ],
)
def test_modular_circuits_without_a_witness_are_refused(change, cause):
    whole = {"p": 101, "n_values": 3, "values": [[0, 60], [1, 70]], "add": [[0, 1, 2]], "mul": []}
    assert run_program(program("modulo"), whole).output[8] == 29
    with pytest.raises(RunFailed, match=cause):
        run_program(program("modulo"), {**whole, **change})


# --- whole proofs of changed witnesses


TABLES = [table.name for table in shape_of(tuple(document("everything")["builtins"])).tables]


@pytest.mark.slow
@pytest.mark.parametrize("name", TABLES)
def test_no_proof_of_a_changed_witness_verifies(name):
    """One cell of each table of the program that has them all; every cell is in the tests of the components."""
    run = run_program(program("everything"), SIGNATURES[1])
    _, statement, witness = make_witness(run)
    cell = witness.columns[TABLES.index(name)][0, 4:5]
    cell[...] = kernel.add(cell.copy(), kernel.from_ints([1]))
    with pytest.raises((WitnessRefused, ProofRefused)):
        verify_proof(
            prove(key_of(tuple(run.program.builtins), SMALL), statement, witness), program("everything"), SMALL
        )


# --- the command


def test_the_command_names_what_a_recorded_run_lacks(tmp_path):
    run = run_program(program("signatures"), SIGNATURES)
    files = [tmp_path / name for name in ("trace", "memory", "public", "private")]
    write_run(run, *files)
    options = [
        word
        for name, file in zip(("trace", "memory", "public-input"), files, strict=False)
        for word in (f"--{name}", str(file))
    ]
    command = ["prove", "--program", str(PROGRAMS / "signatures.json"), "-o", str(tmp_path / "proof")]
    result = CliRunner().invoke(main, [*command, *options])
    assert result.exit_code == 1 and "give the AIR private input too" in result.output
    files[3].write_text("{")
    result = CliRunner().invoke(main, [*command, *options, "--private-input", str(files[3])])
    assert result.exit_code == 1 and "no AIR private input" in result.output
    result = CliRunner().invoke(main, [*command, "--private-input", str(files[3])])
    assert result.exit_code == 2 and "belongs to a recorded run" in result.output
    assert not (tmp_path / "proof").exists()
