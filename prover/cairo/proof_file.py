"""A proof as a file: what it is of, and then the proof. The chain takes header and parts and never sees the head.

The head is two lines: `freehold proof 1`, and a JSON object with the program's identity under its shape, the parameters
by name and value, and the version of the protocol. It is for people and for clear refusals: nothing in it is believed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from prover.stark.errors import ProofMalformed
from prover.stark.identities import VERSION
from prover.stark.parameters import NAMED, Parameters
from prover.stark.proof import Proof

TITLE = b"freehold proof "
FORMAT = 1
PROTOCOL = VERSION.to_bytes(32, "big").lstrip(b"\0").decode()


@dataclass(frozen=True)
class ProofFile:
    """`identity` names the program (`statement.program_identity`)."""

    identity: int
    parameters: Parameters
    proof: Proof

    def to_bytes(self) -> bytes:
        head = {
            "program": hex(self.identity),
            "parameters": name_of(self.parameters),
            "parameter_values": self.parameters.describe(),
            "protocol": PROTOCOL,
        }
        return TITLE + b"%d\n" % FORMAT + json.dumps(head, sort_keys=True).encode() + b"\n" + self.proof.to_bytes()

    @staticmethod
    def from_bytes(data: bytes) -> ProofFile:
        """Raises ProofMalformed, naming the cause."""
        title, _, rest = data.partition(b"\n")
        if not title.startswith(TITLE):
            raise ProofMalformed("not a proof file: it does not begin with 'freehold proof'")
        if title != TITLE + b"%d" % FORMAT:
            raise ProofMalformed(
                f"a proof file of another format: {title.decode(errors='replace')!r}, this reads {FORMAT}"
            )
        line, _, body = rest.partition(b"\n")
        try:
            head = json.loads(line)
            protocol = head["protocol"]
            values = {**head["parameter_values"]}
            values["log_packing"] = tuple(values["log_packing"])
            identity, parameters = int(head["program"], 16), Parameters(**values)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ProofMalformed(f"the head of the proof file is malformed: {error!r}") from error
        if protocol != PROTOCOL:
            raise ProofMalformed(f"a proof of another protocol: {protocol!r}, this reads {PROTOCOL!r}")
        return ProofFile(identity, parameters, Proof.from_bytes(body))


def name_of(parameters: Parameters) -> str | None:
    """Of a named set; None for one that has no name."""
    return next((name for name, known in NAMED.items() if known == parameters), None)
