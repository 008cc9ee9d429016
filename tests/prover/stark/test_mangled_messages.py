"""Every message of a proof mangled in turn, one way at a time: refused at a step, and the untouched proof still passes.

What the messages are is asked of the verifier itself: it reads through readers that write down what they are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from freehold.testing.parameters import SMALL
from prover.algebra.field import PRIME
from prover.cairo.prove import prove_run, verify_proof
from prover.cairo.run import run_program
from prover.stark import verifier
from prover.stark.errors import (
    GrindingMissing,
    LeftOver,
    LookupsUnbalanced,
    OodsMismatch,
    OpeningRefused,
    ProofMalformed,
    ProofRefused,
    StatementRefused,
)
from prover.stark.proof import ByteReader, Proof, WordReader

PARAMETERS = replace(SMALL, part_queries=2)
"""Five queries in three parts."""


@dataclass(frozen=True)
class Message:
    """Words `start` to `stop` of the header, or bytes of part `part` in pieces of `size`."""

    name: str
    start: int
    stop: int
    part: int | None = None
    size: int = 1


@pytest.fixture(scope="module")
def proof(hashes_run) -> Proof:
    return prove_run(hashes_run, PARAMETERS)


@pytest.fixture(scope="module")
def messages(proof, hashes_program) -> dict[str, Message]:
    """Header messages by what they are, openings by part, place and kind."""
    read: list[tuple[int, int]] = []
    opened: list[list[tuple[str, int, int]]] = []

    class Words(WordReader):
        def take(self, count):
            read.append((self._place, self._place + count))
            return super().take(count)

    class Bytes(ByteReader):
        def __init__(self, data, digest_bytes):
            super().__init__(data, digest_bytes)
            opened.append([])

        def _take(self, count):
            kind = "sibling" if count == PARAMETERS.digest_bytes else "row"
            opened[-1].append((kind, self._place, self._place + count))
            return super()._take(count)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verifier, "WordReader", Words)
        patch.setattr(verifier, "ByteReader", Bytes)
        verify_proof(proof, hashes_program, PARAMETERS)
    n_layers = len(read) - read.index(next(r for r in read if r[1] - r[0] > 50)) - 3
    ends = ["main root", "interaction root", "sums", "values"] + [f"layer {i}" for i in range(n_layers)]
    ends += ["last polynomial", "nonce"]
    names = ["heights", *(f"statement {i}" for i in range(len(read) - 1 - len(ends))), *ends]
    found = {name: Message(name, *place) for name, place in zip(names, read, strict=True)}
    for part, pieces in enumerate(opened):
        for run, (kind, start, stop) in enumerate(_runs(pieces)):
            name = f"part {part} {run} {kind}s"
            found[name] = Message(name, start, stop, part, PARAMETERS.digest_bytes if kind == "sibling" else 32)
    return found


def _runs(pieces: list[tuple[str, int, int]]) -> list[tuple[str, int, int]]:
    """Neighbours of one kind as one."""
    runs: list[tuple[str, int, int]] = []
    for kind, start, stop in pieces:
        if runs and runs[-1][0] == kind:
            runs[-1] = kind, runs[-1][1], stop
        elif stop > start:
            runs.append((kind, start, stop))
    return runs


def flip_first(data, message):
    place = message.start
    return [*data[:place], data[place] ^ 1, *data[place + 1 :]]


def flip_last(data, message):
    place = message.stop - 1
    return [*data[:place], data[place] ^ 1, *data[place + 1 :]]


def swap(data, message):
    """The first two neighbouring pieces that differ, reaching into the next message, or the previous at the end."""
    size = message.size
    starts = [*range(message.start, message.stop, size), message.start - size]
    for first in starts:
        second = first + size
        one, other = data[first:second], data[second : second + size]
        if len(other) == size and one != other:
            return [*data[:first], *other, *one, *data[second + size :]]
    raise AssertionError(f"nothing to swap in {message}")


def truncate(data, message):
    return [*data[: message.stop - message.size], *data[message.stop :]]


def extend(data, message):
    return [*data[: message.stop], *[0] * message.size, *data[message.stop :]]


def mangled(proof: Proof, message: Message, how) -> Proof:
    if message.part is None:
        changed = Proof(tuple(how(list(proof.header), message)), proof.parts)
    else:
        part = bytes(how(list(proof.parts[message.part]), message))
        changed = Proof(proof.header, (*proof.parts[: message.part], part, *proof.parts[message.part + 1 :]))
    assert changed != proof
    return changed


QUERY_PHASE = (GrindingMissing, OpeningRefused, ProofMalformed)
"""What comes after the draw of the positions: another state seldom shows the work, or opens elsewhere."""
FLIPPED = {
    "heights": (StatementRefused, LookupsUnbalanced),
    "main root": LookupsUnbalanced,
    "interaction root": OodsMismatch,
    "sums": LookupsUnbalanced,
    "values": OodsMismatch,
    "last polynomial": QUERY_PHASE,
    "nonce": QUERY_PHASE,
}


@pytest.mark.parametrize("how", [flip_first, flip_last], ids=lambda how: how.__name__)
def test_a_flipped_bit_is_refused_where_its_message_is_used(proof, messages, hashes_program, how):
    trees = ["preprocessed", "main", "interaction"]
    for name, message in messages.items():
        if message.part is not None:
            place = int(name.split()[2]) // 2
            expected = OpeningRefused
            tree = trees[place] if place < len(trees) else f"FRI layer {place - len(trees)}"
        elif name.startswith("statement"):
            expected, tree = (StatementRefused, LookupsUnbalanced), ""
        else:
            expected, tree = FLIPPED.get(name, QUERY_PHASE), ""
        with pytest.raises(expected, match=f"in tree {tree} do not" if tree else None):
            verify_proof(mangled(proof, message, how), hashes_program, PARAMETERS)
    verify_proof(proof, hashes_program, PARAMETERS)


@pytest.mark.parametrize("how", [swap, truncate, extend], ids=lambda how: how.__name__)
def test_a_message_swapped_cut_or_grown_is_refused(proof, messages, hashes_program, how):
    """By a step, or as no proof of this shape: never by an error of another kind."""
    for message in messages.values():
        with pytest.raises((ProofRefused, ProofMalformed)):
            verify_proof(mangled(proof, message, how), hashes_program, PARAMETERS)
    verify_proof(proof, hashes_program, PARAMETERS)


def test_a_longer_proof_has_something_left_over(proof, messages, hashes_program):
    last = [messages["nonce"], messages["part 0 15 siblings"]]
    for message in last:
        with pytest.raises(LeftOver):
            verify_proof(mangled(proof, message, extend), hashes_program, PARAMETERS)


def test_a_message_of_another_proof_is_refused(proof, messages, hashes_program):
    """Of an honest one, with another input: each header message in turn, then all parts."""
    other = prove_run(run_program(hashes_program, {"n": 6}), PARAMETERS)
    verify_proof(other, hashes_program, PARAMETERS)
    assert len(other.header) == len(proof.header)
    for message in messages.values():
        if (
            message.part is None
            and other.header[message.start : message.stop] != proof.header[message.start : message.stop]
        ):
            header = list(proof.header)
            header[message.start : message.stop] = other.header[message.start : message.stop]
            with pytest.raises((ProofRefused, ProofMalformed)):
                verify_proof(Proof(tuple(header), proof.parts), hashes_program, PARAMETERS)
    for parts in (other.parts, proof.parts[::-1], proof.parts[1:], (*proof.parts, proof.parts[0])):
        with pytest.raises((ProofRefused, ProofMalformed)):
            verify_proof(Proof(proof.header, parts), hashes_program, PARAMETERS)
    verify_proof(proof, hashes_program, PARAMETERS)


def test_another_program_is_refused(proof, hashes_program):
    """One word more, one word less, one word changed: another identity, other words in memory."""
    words = list(hashes_program.data)
    for data in ([*words[:-1], words[-1] + 1], words[:-1], [*words, 0]):
        with pytest.raises(LookupsUnbalanced):
            verify_proof(proof, replace(hashes_program, data=tuple(data)), PARAMETERS)
    verify_proof(proof, hashes_program, PARAMETERS)


def test_another_output_is_refused(proof, messages, hashes_program):
    """The same felt plus p is another fact, and refused as such."""
    output = [message for message in messages.values() if message.name.startswith("statement")][-1]
    for place in range(output.start, output.stop):
        for change, error in ((1, LookupsUnbalanced), (PRIME, StatementRefused)):
            header = list(proof.header)
            header[place] += change
            with pytest.raises(error):
                verify_proof(Proof(tuple(header), proof.parts), hashes_program, PARAMETERS)
    verify_proof(proof, hashes_program, PARAMETERS)
