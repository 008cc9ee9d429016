"""Every message of a proof is mangled, one way at a time: refused by Python and by the EVM, at a step with a name."""

from __future__ import annotations

from dataclasses import replace

import pytest

from freehold.testing.parameters import SMALL
from prover.algebra.field import PRIME
from prover.cairo.prove import key_of
from prover.stark.layout import make_layout
from prover.stark.proof import Proof

N_BUILTINS = 3


def messages(proof: Proof) -> dict[str, range]:
    """Where each message lies in the header, in order."""
    key = key_of(("output", "pedersen", "range_check"), SMALL)
    n_tables = len(key.shape.tables)
    layout = make_layout(key.shape, tuple(proof.header[:n_tables]), SMALL)
    length_place = n_tables + 2 + 2 * N_BUILTINS
    sizes = {
        "heights": n_tables,
        "bounds": 2 + 2 * N_BUILTINS,
        "output length": 1,
        "output": proof.header[length_place],
        "main root": 1,
        "interaction root": 1,
        "sums": n_tables,
        "values": layout.n_values(),
        "FRI roots": len(SMALL.fri_plan(layout.log_degree)),
        "last polynomial": 1 << min(SMALL.log_last, layout.log_degree),
        "nonce": 1,
    }
    ranges, place = {}, 0
    for name, size in sizes.items():
        ranges[name] = range(place, place := place + size)
    assert place == len(proof.header)
    return ranges


def with_header(proof: Proof, header: list[int]) -> Proof:
    return replace(proof, header=tuple(header))


def changed(proof: Proof, place: int, word: int) -> Proof:
    header = list(proof.header)
    header[place] = word
    return with_header(proof, header)


def manglings(proof: Proof, where: range) -> dict[str, Proof]:
    """Each way to mangle one message."""
    header = list(proof.header)
    ways = {
        "first bit": changed(proof, where[0], header[where[0]] ^ 1),
        "high bit": changed(proof, where[-1], header[where[-1]] ^ 1 << 200),
        "not below p": changed(proof, where[-1], header[where[-1]] + PRIME),
        "largest": changed(proof, where[0], 2**256 - 1),
        "truncated": with_header(proof, header[: where[-1]] + header[where[-1] + 1 :]),
        "extended": with_header(proof, [*header[: where[-1] + 1], 0, *header[where[-1] + 1 :]]),
    }
    differing = [i for i in where if header[i] != header[where[0]]]
    if differing:
        swapped = [*header]
        swapped[where[0]], swapped[differing[0]] = header[differing[0]], header[where[0]]
        ways["swapped"] = with_header(proof, swapped)
    return ways


NAMES = [
    "heights",
    "bounds",
    "output length",
    "output",
    "main root",
    "interaction root",
    "sums",
    "values",
    "FRI roots",
    "last polynomial",
    "nonce",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_mangled_message_is_refused(judge, small_proof, name):
    for way, mangled in manglings(small_proof, messages(small_proof)[name]).items():
        assert judge.refuses(mangled), f"{name}, {way}"


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("heights", "LookupsUnbalanced"),  # a height that could be: the challenges are others
        ("output", "LookupsUnbalanced"),
        ("main root", "LookupsUnbalanced"),
        ("sums", "LookupsUnbalanced"),
        ("values", "LookupMismatch"),
    ],
)
def test_a_changed_word_is_refused_at_its_step(judge, small_proof, name, step):
    place = messages(small_proof)[name][0]
    assert judge.refuses(changed(small_proof, place, small_proof.header[place] + 1)) == step


def test_each_kind_of_quotient_is_checked(judge, small_proof):
    """The first values are of constants and a multiplicity, which lookups alone read; then comes a column in both."""
    values = messages(small_proof)["values"]
    shape = key_of(("output", "pedersen", "range_check"), SMALL).shape
    n_constants = sum(len(columns) for columns in shape.preprocessed)
    for place, step in ((0, "LookupMismatch"), (n_constants + 1, "OodsMismatch"), (len(values) - 1, "LookupMismatch")):
        word = small_proof.header[values[place]]
        assert judge.refuses(changed(small_proof, values[place], word + 1)) == step


def test_mangled_openings_are_refused(judge, small_proof):
    (part,) = small_proof.parts
    middle = len(part) // 2
    for place in (0, 31, 40, middle, middle + 1, len(part) - SMALL.digest_bytes, len(part) - 1):
        mangled = bytearray(part)
        mangled[place] ^= 1
        assert judge.refuses(replace(small_proof, parts=(bytes(mangled),))), f"byte {place}"
    others = {
        "truncated": part[:-1],
        "without its first row": part[32:],
        "half": part[:middle],
        "empty": b"",
        "extended": part + b"\0",
        "twice": part + part,
        "rows swapped": part[32:64] + part[:32] + part[64:],
        "siblings swapped": part[:-50] + part[-25:] + part[-50:-25],
        "a word above p": b"\xff" * 32 + part[32:],
        "reversed": part[::-1],
    }
    for way, mangled in others.items():
        assert judge.refuses(replace(small_proof, parts=(mangled,))), way
    assert judge.refuses(replace(small_proof, parts=(part + b"\0",))) == "LeftOver"


def test_the_untouched_proof_passes(judge, small_proof):
    assert judge.accepts(small_proof)
