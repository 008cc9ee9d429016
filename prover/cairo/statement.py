"""What a proof of a Cairo run is about: the program, where the run began and ended, and what it wrote.

In the header the statement stands as: initial ap, final ap, (start, stop) of each of the program's builtins in
order, the output's length, the output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prover.algebra.field import PRIME
from prover.algebra.keccak import keccak256, words_to_bytes
from prover.cairo.components.tags import MEMORY
from prover.stark.errors import ProofMalformed, StatementRefused
from prover.stark.identities import VERSION, VerifyingKey
from prover.stark.proof import WordReader
from prover.stark.shape import Shape

MAX_ADDRESS = 1 << 64
MAX_OUTPUT = 1 << 20


@dataclass(frozen=True)
class CairoStatement:
    """`program`: the words from address 1; `builtins` in the program's order, with their (start, stop)."""

    identity: int
    program: tuple[int, ...]
    initial_ap: int
    final_ap: int
    builtins: tuple[str, ...]
    segments: tuple[tuple[int, int], ...]
    output: tuple[int, ...]

    @property
    def words(self) -> list[int]:
        bounds = [word for segment in self.segments for word in segment]
        return [self.initial_ap, self.final_ap, *bounds, len(self.output), *self.output]

    def digest_words(self) -> list[int]:
        output = int.from_bytes(keccak256(words_to_bytes(self.output)), "big")
        return [*self.words[: len(self.words) - len(self.output)], output]

    def values(self) -> dict[str, int]:
        """What the constraints read."""
        values = {"cpu.initial_ap": self.initial_ap, "cpu.final_ap": self.final_ap}
        for builtin, (start, stop) in zip(self.builtins, self.segments, strict=True):
            values |= {f"{builtin}.start": start, f"{builtin}.stop": stop}
        return values

    def accesses(self) -> Iterator[tuple[int, int, int]]:
        """The memory that both sides know: program words, initial frame, builtin pointers, output."""
        for address, word in enumerate(self.program, start=1):
            yield MEMORY, address, word
        yield MEMORY, self.initial_ap - 2, self.initial_ap
        yield MEMORY, self.initial_ap - 1, 0
        first_stop = self.final_ap - len(self.builtins)
        for index, (start, stop) in enumerate(self.segments):
            yield MEMORY, self.initial_ap + index, start
            yield MEMORY, first_stop + index, stop
        if self.output:
            start, _ = self.segments[self.builtins.index("output")]
            for index, word in enumerate(self.output):
                yield MEMORY, start + index, word

    def check(self, log_heights: tuple[int, ...]) -> None:
        """Addresses below 2^64, output words below p, and the output exactly its segment."""
        for word in self.words[: len(self.words) - len(self.output) - 1]:
            if word >= MAX_ADDRESS:
                raise StatementRefused("address {found:#x} is not below {bound:#x}", word, MAX_ADDRESS)
        for word in self.output:
            if word >= PRIME:
                raise StatementRefused("output word {found:#x} is not below p = {bound:#x}", word, PRIME)
        length = 0
        if "output" in self.builtins:
            start, stop = self.segments[self.builtins.index("output")]
            length = stop - start
        if length != len(self.output):
            raise StatementRefused("{found} output words for a segment of {bound}", len(self.output), length)


def program_identity(shape: Shape, program: tuple[int, ...]) -> int:
    """What names a program on chain: keccak(version, shape's identity, word count, keccak(program words))."""
    words = [VERSION, shape.identity, len(program), int.from_bytes(keccak256(words_to_bytes(program)), "big")]
    return int.from_bytes(keccak256(words_to_bytes(words)), "big")


def proven_identity(key: VerifyingKey, program: tuple[int, ...]) -> int:
    """Verifier and program in one word, `StarkVerifier.identity`: keccak(key's identity, program's identity)."""
    words = [key.identity, program_identity(key.shape, program)]
    return int.from_bytes(keccak256(words_to_bytes(words)), "big")


def statement_reader(
    shape: Shape, program: tuple[int, ...], builtins: tuple[str, ...]
) -> Callable[[WordReader], CairoStatement]:
    """Reads the statement of `program` from a header."""
    identity = program_identity(shape, program)

    def read(header: WordReader) -> CairoStatement:
        initial_ap, final_ap = header.take(2)
        bounds = header.take(2 * len(builtins))
        (length,) = header.take(1)
        if length > MAX_OUTPUT:
            raise ProofMalformed("an output of {found} words, more than {bound}", length, MAX_OUTPUT)
        segments = tuple(zip(bounds[::2], bounds[1::2], strict=True))
        output = tuple(header.take(length))
        return CairoStatement(identity, program, initial_ap, final_ap, builtins, segments, output)

    return read
