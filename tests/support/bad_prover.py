"""Broken twins of the prover's process: `python -m tests.support.bad_prover` makes proofs with one bit turned.

What FREEHOLD_TEST_PROVER names is done instead: "greedy" takes memory without end, "slow" waits before it begins,
"silent" ends without an answer, "fails" raises what nobody expects, "refuses N" is a program that takes no amount N.
"""

from __future__ import annotations

import json
import os
import time

from freehold.services.operator import proving
from freehold.services.operator.children import leave, serve
from prover.cairo.errors import RunFailed
from prover.stark.proof import Proof

MODULE = "tests.support.bad_prover"
CHOICE = "FREEHOLD_TEST_PROVER"
PROOF_OF, RUN_OF = proving.make_proof, proving.checked_run


def make_proof(run, parameters, progress):
    kind = os.environ.get(CHOICE, "turned")
    if kind == "greedy":
        held = []
        while True:
            held.append(bytearray(1 << 24))
    if kind == "slow":
        time.sleep(600)
    if kind == "silent":
        os._exit(7)
    if kind == "fails":
        raise KeyError("what nobody expects")
    data = bytearray(PROOF_OF(run, parameters, progress).to_bytes())
    data[len(data) // 2] ^= 1
    return Proof.from_bytes(bytes(data))


def checked_run(request):
    """As the program does it, but for an amount."""
    kind, _, amount = os.environ.get(CHOICE, "").partition(" ")
    if kind == "refuses":
        transactions = json.loads(request["input"])["batch"]["transactions"]
        if amount in [str(transaction.get("amount")) for transaction in transactions]:
            raise RunFailed(f"an amount of {amount}")
    return RUN_OF(request)


if __name__ == "__main__":
    proving.make_proof, proving.checked_run = make_proof, checked_run
    serve(proving.answer, leave)
