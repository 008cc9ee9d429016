"""With no compiled kernel: one warning, and everything works that a user needs to check a proof and to leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from prover import kernel
from prover.cairo.proof_file import ProofFile
from prover.cairo.prove import key_of, prove_run
from prover.cairo.statement import program_identity
from prover.kernel import library, plain
from prover.stark.parameters import NAMED

ROOT = Path(__file__).parents[3]


def python(*arguments: object, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=600, check=False
    )


HIDDEN = """
from importlib import metadata
metadata.files = lambda name: []
from prover import kernel
"""
"""Imports the kernel from a tree that has not been built."""


def test_a_missing_kernel_is_warned_of_once():
    """And what is computed is the same."""
    code = HIDDEN + "from prover.algebra.pedersen import pedersen\nprint(kernel.in_use(), pedersen(1, 2))"
    result = python("-c", code)
    assert result.stdout.split() == ["reference", str(kernel.pedersen_single(1, 2))], result.stderr
    assert result.stderr.count("KernelMissing") == 1
    assert "plain Python" in result.stderr and "make setup" in result.stderr


def test_a_kernel_that_cannot_be_loaded_is_named(tmp_path):
    """As one that was built for another processor."""
    broken = tmp_path / library.NAME
    broken.write_bytes(b"no library")
    code = f"""
from importlib import metadata
from pathlib import PurePosixPath
class File(PurePosixPath):
    def locate(self): return self
metadata.files = lambda name: [File({str(broken)!r})]
from prover import kernel
print(kernel.in_use())
"""
    result = python("-c", code)
    assert result.stdout.strip() == "reference" and f"cannot be loaded ({broken}" in result.stderr


def test_plain_python_that_was_asked_for_needs_no_warning():
    result = python("-c", HIDDEN + "print(kernel.in_use())", FREEHOLD_KERNEL="reference")
    assert (result.stdout, result.stderr) == ("reference\n", "")


def test_a_backend_that_does_not_exist_is_refused():
    result = python("-c", "import prover.kernel", FREEHOLD_KERNEL="fast")
    assert "must be one of vector, scalar, reference" in result.stderr
    with pytest.raises(ValueError, match="no backend 'fast'"), kernel.backend("fast"):
        pass


def test_every_function_has_a_plain_one():
    """But for the memory of big arrays, which numpy takes care of, and the choice between vectors and none."""
    lacking = {name for name in library.SIGNATURES if not hasattr(plain, name)}
    assert lacking == {"fh_take", "fh_give", "fh_use_vectors"}


def test_a_proof_is_verified(hashes_run, tmp_path):
    """The very proof is accepted, one with a changed byte is refused."""
    program = ROOT / "tests/prover/cairo/programs/hashes.json"
    proof, changed = tmp_path / "proof", tmp_path / "changed"
    made, shape = prove_run(hashes_run, NAMED["fast"]), key_of(tuple(hashes_run.program.builtins), NAMED["fast"]).shape
    identity = program_identity(shape, hashes_run.program.data)
    data = bytearray(ProofFile(identity, NAMED["fast"], made).to_bytes())
    proof.write_bytes(data)
    data[-1] ^= 1
    changed.write_bytes(data)
    command = HIDDEN + "from freehold.commands.main import main\nmain()"
    accepted, refused = (
        python("-c", command, "verify", path, "--program", program, "--parameters", "fast") for path in (proof, changed)
    )
    assert accepted.returncode == 0 and accepted.stdout.startswith("accepted: program 0x"), accepted.stderr
    assert refused.returncode == 1 and "refused at step 'openings'" in refused.stderr


def test_rules_trees_and_escape_proofs_are_the_same():
    """The tests of the rules and of the recorded batches, run on the plain kernel."""
    files = [ROOT / "tests/prover/applications/perpetual" / name for name in ("test_vectors.py", "test_rules.py")]
    result = python("-m", "pytest", "-q", "-p", "no:cacheprovider", *files, FREEHOLD_KERNEL="reference")
    assert result.returncode == 0, result.stdout
