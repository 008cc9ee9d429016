"""Everything the proof system can object to.

StarkError
├── WitnessRefused          the prover's own check: a run that breaks the rules gets no proof
│   ├── ConstraintViolated  names table, constraint and row
│   └── LookupUnbalanced    a tuple is used more often than it is listed, or the other way round
├── ProofMalformed          the bytes are not a proof of this shape
└── ProofRefused            the verifier, by step
    ├── StatementRefused    step 0: heights or public words out of bounds
    ├── LookupsUnbalanced   step 2: the claimed sums and the public accesses do not cancel
    ├── PointRefused        step 2: the out-of-domain point lies on a domain
    ├── OodsMismatch        step 3: a quotient claimed at z is not what the constraints give
    ├── GrindingMissing     step 6: the nonce shows no work
    ├── OpeningRefused      step 7: a Merkle opening does not lead to its root
    ├── FoldMismatch        step 9: the last polynomial disagrees with the folded layers
    └── LeftOver            the end: bytes that no step reads
"""


class StarkError(Exception):
    """Any refusal of the proof system."""


class WitnessRefused(StarkError):
    """The run breaks a rule: no proof is made."""


class ConstraintViolated(WitnessRefused):
    def __init__(self, table: str, constraint: str, row: int) -> None:
        super().__init__(f"table {table}, constraint '{constraint}', row {row}")
        self.table, self.constraint, self.row = table, constraint, row


class LookupUnbalanced(WitnessRefused):
    def __init__(self, entry: tuple[int, ...], balance: int) -> None:
        words = ", ".join(hex(word) for word in entry)
        super().__init__(f"lookup ({words}): used {balance} times more than listed")
        self.entry, self.balance = entry, balance


class MemoryTooSmall(StarkError):
    def __init__(self, needed: int, there: int) -> None:
        super().__init__(
            f"the proof takes about {needed / 2**30:.1f} GiB of memory, and {there / 2**30:.1f} GiB are there: "
            "free some, or prove a shorter run"
        )


class ProofMalformed(StarkError):
    """The bytes cannot be a proof of this shape under these parameters."""


class ProofRefused(StarkError):
    """The verifier refuses. `step` is the title of the step that did."""

    step = "verification"


class StatementRefused(ProofRefused):
    step = "statement"


class LookupsUnbalanced(ProofRefused):
    step = "lookups"

    def __init__(self, total: int) -> None:
        super().__init__(f"claimed sums and public accesses add to {total:#x}, not to zero")


class PointRefused(ProofRefused):
    step = "out-of-domain point"

    def __init__(self, z: int) -> None:
        super().__init__(f"z = {z:#x} lies on a trace or evaluation domain")


class OodsMismatch(ProofRefused):
    step = "out-of-domain identity"

    def __init__(self, quotient: str, expected: int, claimed: int) -> None:
        super().__init__(f"{quotient}: constraints give {expected:#x} at z, the proof claims {claimed:#x}")


class GrindingMissing(ProofRefused):
    step = "grinding"

    def __init__(self, nonce: int, bits: int) -> None:
        super().__init__(f"nonce {nonce:#x} does not give {bits} leading zero bits")


class OpeningRefused(ProofRefused):
    step = "openings"

    def __init__(self, tree: str) -> None:
        super().__init__(f"the rows opened in tree {tree} do not lead to its root")
        self.tree = tree


class FoldMismatch(ProofRefused):
    step = "last polynomial"

    def __init__(self, position: int) -> None:
        super().__init__(f"query {position}: the folded value is not the last polynomial's")


class LeftOver(ProofRefused):
    step = "end of proof"

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} bytes are left over after the last opening")
