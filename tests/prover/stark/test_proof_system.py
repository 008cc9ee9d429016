"""The proof system on a small AIR of its own: packing, every kind of row set, lookups, mangled proofs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from prover import kernel
from prover.algebra.field import PRIME
from prover.stark.errors import (
    ConstraintViolated,
    LeftOver,
    LookupUnbalanced,
    OodsMismatch,
    ProofMalformed,
    ProofRefused,
    StarkError,
)
from prover.stark.expressions import INTERACTION
from prover.stark.layout import Slot, make_layout
from prover.stark.parameters import DEFAULT, Parameters
from prover.stark.proof import Proof
from prover.stark.prover import Prover, Witness, prove, verifying_key
from prover.stark.shape import Shape
from prover.stark.tables import (
    ALL_BUT_LAST,
    EVERY_ROW,
    FIRST_ROW,
    Table,
    TableBuilder,
    block_row_but_last,
    block_rows,
    block_rows_but,
    first_block_row,
    last_block_row,
)
from prover.stark.verifier import verify

PARAMETERS = Parameters(log_blowup=2, n_queries=7, grinding_bits=4, log_arity=2, log_last=3, part_queries=3)
PUBLIC_LOOKUP = 77


def recurrence() -> Table:
    """b' = a*b^2 + c with a constant c of period 4, and a column for each kind of row set."""
    t = TableBuilder("recurrence", block=4)
    a, b, step = t.main("a"), t.main("b"), t.periodic([1, 2, 3, 4])
    far = t.main("far", apart="far")
    t.constrain("start", a - t.public("first"), FIRST_ROW)
    t.constrain("a follows b", a[1] - b, ALL_BUT_LAST)
    t.constrain("b follows", b[1] - a * b * b - step, ALL_BUT_LAST)
    t.constrain("small", far * (far - 1) * (far - 2), block_rows(1))
    t.constrain("small elsewhere", far * (far - 1) * (far - 2), block_rows_but(0, 1))
    t.constrain("three on", far[3] - far, block_rows(0))
    t.constrain("end", far - 1, last_block_row(2, 4))
    t.constrain("begin", far, first_block_row(1))
    t.constrain("next block", far[4] - far, block_row_but_last(3, 4))
    for word in (a, b, a, a * b):
        t.look_up(1, 1, word)
    return t.finish()


def listing() -> Table:
    t = TableBuilder("listing", log_height=8)
    constant, word, multiplicity = t.preprocessed("constant"), t.main("word"), t.main("multiplicity")
    t.constrain("constant is read", (constant - constant) * word, EVERY_ROW)
    t.constrain("constant is a square", constant * 0, EVERY_ROW)
    t.provide(multiplicity, 1, word)
    return t.finish()


@dataclass(frozen=True)
class Start:
    """The statement: the first value, and one lookup that the verifier adds."""

    first: int
    identity: int = 5

    @property
    def words(self) -> list[int]:
        return [self.first]

    def digest_words(self) -> list[int]:
        return [self.first]

    def values(self) -> dict[str, int]:
        return {"recurrence.first": self.first}

    def accesses(self) -> Iterator[tuple[int, ...]]:
        yield 1, PUBLIC_LOOKUP

    def check(self, log_heights: tuple[int, ...]) -> None:
        pass


def read(header) -> Start:
    return Start(header.take(1)[0])


def witness(rows: int = 64) -> Witness:
    a, b = [1], [5]
    for i in range(rows - 1):
        a.append(b[i])
        b.append((a[i] * b[i] * b[i] + [1, 2, 3, 4][i % 4]) % PRIME)
    far = [[0, 0, 1, 0][i % 4] for i in range(rows)]
    used = Counter(a) + Counter(a) + Counter(b) + Counter(x * y % PRIME for x, y in zip(a, b, strict=True))
    used[PUBLIC_LOOKUP] += 1
    listed = list(used.items()) + [(0, 0)] * (256 - len(used))
    columns = [a, b, far], [[word for word, _ in listed], [count for _, count in listed]]
    return Witness((6, 8), [np.stack([kernel.from_ints(c) for c in part]) for part in columns])


@pytest.fixture(scope="module")
def shape() -> Shape:
    return Shape("test", (recurrence(), listing()), ((), (tuple(i * i % 7 for i in range(256)),)))


@pytest.fixture(scope="module")
def key(shape):
    return verifying_key(shape, PARAMETERS)


@pytest.fixture(scope="module")
def proof(key):
    return prove(key, Start(1), witness())


def test_an_honest_proof_is_accepted(key, proof):
    assert verify(key, proof, read) == Start(1)


def test_bytes_and_back(proof):
    assert Proof.from_bytes(proof.to_bytes()) == proof


@pytest.mark.parametrize("kappa", [0, 1, 2, 4])
def test_every_packing_proves_the_same(shape, kappa):
    parameters = replace(PARAMETERS, log_packing=(kappa,) * 3)
    key = verifying_key(shape, parameters)
    assert verify(key, prove(key, Start(1), witness()), read) == Start(1)


def test_a_table_packed_by_four(shape):
    """Helpers and running sum of the recurrence: more than two columns of 64 rows beside 256 rows elsewhere."""
    layout = make_layout(shape, (6, 8), replace(PARAMETERS, log_packing=(2, 2, 2)))
    assert 2 in {group.log_packing for group in layout.groups}


def test_every_word_of_the_header_matters(key, proof):
    for place in range(len(proof.header)):
        header = list(proof.header)
        header[place] ^= 1
        with pytest.raises((ProofRefused, ProofMalformed)):
            verify(key, Proof(tuple(header), proof.parts), read)
    assert verify(key, proof, read)


def test_every_part_matters(key, proof):
    for number, part in enumerate(proof.parts):
        for place in range(0, len(part), 97):
            mangled = bytearray(part)
            mangled[place] ^= 1
            parts = (*proof.parts[:number], bytes(mangled), *proof.parts[number + 1 :])
            with pytest.raises((ProofRefused, ProofMalformed)):
                verify(key, Proof(proof.header, parts), read)
    assert verify(key, proof, read)


@pytest.mark.parametrize(
    ("mangle", "error"),
    [
        (lambda p: Proof((*p.header, 0), p.parts), LeftOver),
        (lambda p: Proof(p.header[:-1], p.parts), ProofMalformed),
        (lambda p: Proof(p.header, p.parts[:-1]), ProofMalformed),
        (lambda p: Proof(p.header, (*p.parts, b"")), ProofMalformed),
        (lambda p: Proof(p.header, (p.parts[0] + b"\0", *p.parts[1:])), LeftOver),
        (lambda p: Proof(p.header, (p.parts[0][:-1], *p.parts[1:])), ProofMalformed),
        (lambda p: Proof(p.header, (p.parts[1], p.parts[0], *p.parts[2:])), StarkError),
    ],
    ids=[
        "longer header",
        "shorter header",
        "part missing",
        "part added",
        "longer part",
        "shorter part",
        "parts swapped",
    ],
)
def test_wrong_lengths_are_refused(key, proof, mangle, error):
    with pytest.raises(error):
        verify(key, mangle(proof), read)
    assert verify(key, proof, read)


def test_another_shape_refuses_the_proof(shape, key, proof):
    other = verifying_key(replace(shape, preprocessed=((), (tuple(range(256)),))), PARAMETERS)
    with pytest.raises(ProofRefused):
        verify(other, proof, read)


def test_a_broken_constraint_gets_no_proof(key):
    with pytest.raises(ConstraintViolated, match="a follows b") as refusal:
        prove(key, Start(1), broken_row())
    assert (refusal.value.table, refusal.value.row) == ("recurrence", 8)


def test_an_unlisted_tuple_gets_no_proof(key):
    with pytest.raises(LookupUnbalanced):
        prove(key, Start(1), unbalanced())


def broken_row() -> Witness:
    broken = witness()
    broken.columns[0][0, 9] = kernel.from_ints([1234])[0]
    return broken


def unbalanced() -> Witness:
    broken = witness()
    broken.columns[1][1, 0] = kernel.add(broken.columns[1][1, :1], kernel.from_ints([1]))[0]
    return broken


class Cheat(Prover):
    """Sends what it has, come what may."""

    def refuse(self, cause: ProofRefused) -> None:
        pass


@pytest.mark.parametrize(
    ("make", "error"), [(broken_row, ProofRefused), (unbalanced, ProofRefused)], ids=["constraint", "lookup"]
)
def test_a_cheat_who_sends_it_anyway_is_refused(key, make, error):
    with pytest.raises(error):
        verify(key, Cheat(key, Start(1), make(), lambda stage: None).prove(), read)
    assert verify(key, Cheat(key, Start(1), witness(), lambda stage: None).prove(), read)


class WrongHelper(Cheat):
    """A helper is one too much in row 3 and one too little in row 5; the running sum goes along, the total is right."""

    def _interaction(self, values):
        sums = super()._interaction(values)
        helper, other, running = (self._values_of(Slot(0, i), INTERACTION) for i in range(3))
        one = kernel.from_ints([1])[0]
        helper[3:4] = kernel.add(helper[3:4], one)
        helper[5:6] = kernel.sub(helper[5:6], one)
        running[4:6] = kernel.add(running[4:6], one)
        self.add_columns(0, INTERACTION, np.stack([helper, other, running]))
        return sums


def test_each_interaction_column_has_a_quotient_of_its_own(key):
    with pytest.raises(OodsMismatch, match="lookup helper 0"):
        verify(key, WrongHelper(key, Start(1), witness(), lambda stage: None).prove(), read)


def test_a_claimed_value_at_z_is_checked(key, proof):
    """First comes the value of the constant, which no constraint depends on, then that of a word."""
    header = list(proof.header)
    first_value = 2 + 1 + 1 + 1 + 2 + 1
    header[first_value] = (header[first_value] + 1) % PRIME
    with pytest.raises(OodsMismatch):
        verify(key, Proof(tuple(header), proof.parts), read)


def test_the_default_states_100_proven_bits():
    assert DEFAULT.proven_bits() >= 100
    assert replace(DEFAULT, n_queries=38).proven_bits() < 100
    assert replace(DEFAULT, digest_bytes=24).proven_bits() < 100
