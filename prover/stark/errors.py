"""Everything the proof system can object to.

StarkError
├── WitnessRefused            the prover's own check: a run that breaks the rules gets no proof
│   ├── ConstraintViolated    names table, constraint and row
│   ├── LookupUnbalanced      a tuple is used more often than it is listed, or the other way round
│   └── FractionUndefined     a tuple meets the challenge gamma
├── MemoryTooSmall            the proof could not be finished here
├── ProofMalformed            the bytes are not a proof of this shape
└── ProofRefused              the verifier, by step
    ├── StatementRefused      step 0: heights or public words out of bounds
    ├── LookupsUnbalanced     step 2: the claimed sums and the public accesses do not cancel
    ├── AccessUndefined       step 2: a public access meets the challenge gamma
    ├── PointRefused          step 2: the out-of-domain point lies on a domain
    ├── OodsMismatch          step 3: a quotient claimed at z is not what the constraints give
    ├── GrindingMissing       step 6: the nonce shows no work
    ├── OpeningRefused        step 7: a Merkle opening does not lead to its root
    ├── FoldMismatch          step 9: the last polynomial disagrees with the folded layers
    └── LeftOver              the end: bytes that no step reads

What to do stands with each class. Of a ProofRefused it is the same whatever the step: believe nothing of what the proof
claims. An honest proof is refused only when it was damaged, or is read under another program or other parameters than
it was made for; each step's sentence then helps to find which.
"""


class StarkError(Exception):
    """Any refusal of the proof system. Catch it to report one line; catch a subclass to act."""


class _OutOfBounds(StarkError):
    """A number that is not what it may be.

    found: the number; bound: what it must equal, reach, or stay below, as `sentence` says; table: whose number it is.
    Each is None where there is none. `sentence` has them in braces; without any it is taken as it is.
    """

    def __init__(
        self, sentence: str, found: int | None = None, bound: int | None = None, table: str | None = None
    ) -> None:
        has_values = (found, bound, table) != (None, None, None)
        super().__init__(sentence.format(found=found, bound=bound, table=table) if has_values else sentence)
        self.found, self.bound, self.table = found, bound, table


class WitnessRefused(StarkError):
    """The run breaks a rule: no proof is made. Mend the program, its input, or the component that filled a column."""


class ConstraintViolated(WitnessRefused):
    """Look at `row` of `table`: its cells, or its neighbours', do not satisfy `constraint`."""

    def __init__(self, table: str, constraint: str, row: int) -> None:
        super().__init__(f"table {table}, constraint '{constraint}', row {row}")
        self.table, self.constraint, self.row = table, constraint, row


class LookupUnbalanced(WitnessRefused):
    """Find who uses `entry` and who lists it (the first word is the list's tag): there are `balance` uses too many."""

    def __init__(self, entry: tuple[int, ...], balance: int) -> None:
        words = ", ".join(hex(word) for word in entry)
        super().__init__(f"lookup ({words}): used {balance} times more than listed")
        self.entry, self.balance = entry, balance


class FractionUndefined(WitnessRefused):
    """A tuple of `table` is what gamma was drawn as: its fraction has denominator zero.

    Nothing is wrong with the run, and it happens to fewer than one proof in 2^220. Prove the run again with more steps:
    the challenges are others then.
    """

    def __init__(self, table: str) -> None:
        super().__init__(f"table {table}: a looked-up tuple meets the challenge, prove the run with more steps")
        self.table = table


class MemoryTooSmall(StarkError):
    """In bytes. Free memory, prove a shorter run, or prove it on a larger machine."""

    def __init__(self, needed: int, there: int) -> None:
        super().__init__(
            f"the proof takes about {needed / 2**30:.1f} GiB of memory, and {there / 2**30:.1f} GiB are there: "
            "free some, or prove a shorter run"
        )
        self.needed, self.there = needed, there


class ProofMalformed(_OutOfBounds):
    """The bytes cannot be a proof of this shape under these parameters.

    Fetch the proof again, or name the program and the parameters that it was made with.
    """


class ProofRefused(StarkError):
    """The verifier refuses: believe nothing of what the proof claims. `step` is the title of the step that did."""

    step = "verification"


class StatementRefused(ProofRefused, _OutOfBounds):
    """A height or a public word is out of bounds. A prover who meets it: the run does not fit these parameters."""

    step = "statement"


class LookupsUnbalanced(ProofRefused):
    """Something is used that nobody lists: most often the claimed program or output is not the run's."""

    step = "lookups"

    def __init__(self, total: int) -> None:
        super().__init__(f"claimed sums and public accesses add to {total:#x}, not to zero")
        self.total = total


class AccessUndefined(ProofRefused):
    """A public access is what gamma was drawn as. An honest prover proves the run again with more steps."""

    step = "lookups"

    def __init__(self, gamma: int) -> None:
        super().__init__(f"a public access meets the challenge {gamma:#x}: its fraction has denominator zero")
        self.gamma = gamma


class PointRefused(ProofRefused):
    """The point drawn is useless. An honest prover proves the run again with more steps."""

    step = "out-of-domain point"

    def __init__(self, z: int) -> None:
        super().__init__(f"z = {z:#x} lies on a trace or evaluation domain")
        self.z = z


class OodsMismatch(ProofRefused):
    """The columns break a constraint of `quotient`, or were not the ones committed to."""

    step = "out-of-domain identity"

    def __init__(self, quotient: str, expected: int, claimed: int) -> None:
        super().__init__(f"{quotient}: constraints give {expected:#x} at z, the proof claims {claimed:#x}")
        self.quotient, self.expected, self.claimed = quotient, expected, claimed


class GrindingMissing(ProofRefused):
    """The nonce is of less work, or of another transcript: any word before it may be another."""

    step = "grinding"

    def __init__(self, nonce: int, bits: int) -> None:
        super().__init__(f"nonce {nonce:#x} does not give {bits} leading zero bits")
        self.nonce, self.bits = nonce, bits


class OpeningRefused(ProofRefused):
    """A row or a sibling of `tree` is not the committed one."""

    step = "openings"

    def __init__(self, tree: str) -> None:
        super().__init__(f"the rows opened in tree {tree} do not lead to its root")
        self.tree = tree


class FoldMismatch(ProofRefused):
    """The committed columns are no polynomials of their degree, or their claimed values at z are wrong."""

    step = "last polynomial"

    def __init__(self, position: int) -> None:
        super().__init__(f"query {position}: the folded value is not the last polynomial's")
        self.position = position


class LeftOver(ProofRefused):
    """Bytes that no step reads would let one proof have many forms: cut them off, or fetch the proof again."""

    step = "end of proof"

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} bytes are left over after the last opening")
        self.count = count
