"""The program's output, read and written again: the same words, or a refusal that says what is wrong and where."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.algebra.field import PRIME
from prover.applications.perpetual.errors import (
    InputRefused,
    KindUnknown,
    NotAscending,
    OutputCutOff,
    OutputMalformed,
    OutputTooLong,
    RuleBroken,
    WordOutOfRange,
)
from prover.applications.perpetual.output import MainPage, ProgramOutput
from prover.applications.perpetual.state import SharedState
from tests.support.every_kind import every_kind
from tests.support.paths import VECTORS
from tests.support.random_batches import Seeded, a_case
from tests.support.world import ALICE, BTC, ETH, HALF, ONE, apply, forced_withdrawal, holds, key, world

CASES = json.loads((VECTORS / "perpetual_batches.json").read_text())["cases"]
PUBLISHED = [case["expected"]["output_words"] for case in CASES if case["expected"].get("output_words")]
MODES = {"validium": 0, "rollup": 1}


@pytest.mark.parametrize("words", PUBLISHED, ids=range(len(PUBLISHED)))
def test_published_outputs_are_read_and_written_again(words):
    words = [int(word, 16) for word in words]
    assert ProgramOutput.read(words).words() == words


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_what_is_read_is_what_the_rules_wrote(mode):
    batch = every_kind(mode)
    found = ProgramOutput.read(batch.output())
    assert found == batch.program_output()
    assert found.main.after == batch.after.shared() and found.main.modifications == batch.modifications
    assert [m.difference for m in found.main.modifications] == [1000, -300, -77]
    assert [request.type for request in found.main.forced] == ["forced_withdrawal"] * 2 + ["forced_trade"] * 2
    assert MainPage.read(batch.main_words()) == found.main
    assert (found.data is not None) == bool(mode)
    assert SharedState.read(batch.after.words()) == batch.after.shared()


def test_outputs_of_random_batches_are_read_and_written_again():
    n_read = 0
    for seed in range(120):
        try:
            batch = a_case(Seeded(seed)).apply()
        except (RuleBroken, InputRefused):
            continue
        n_read += 1
        assert ProgramOutput.read(batch.output()) == batch.program_output()
        assert ProgramOutput.read(batch.output()).words() == batch.output()
    assert n_read > 40


WORDS = st.one_of(
    st.sampled_from([-1, 0, 1, 2, 3, 8, HALF - 1, HALF, 2**64 - 1, 2**64, 2**65 - 1, 2**120, 2**251, PRIME - 1, PRIME]),
    st.integers(0, 2**20),
    st.integers(0, PRIME),
)


@st.composite
def mutations(draw) -> list[int]:
    """Words of an output of either mode with up to three of them changed, taken away, doubled or put elsewhere."""
    words = list(every_kind(draw(st.sampled_from([0, 1]))).output())
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(words) - 1))
        kind = draw(st.sampled_from(["another", "one more", "taken away", "inserted", "moved", "cut off", "appended"]))
        if kind == "another":
            words[place] = draw(WORDS)
        elif kind == "one more":
            words[place] += draw(st.sampled_from([-1, 1]))
        elif kind == "taken away" and len(words) > 1:
            del words[place]
        elif kind == "inserted":
            words.insert(place, draw(WORDS))
        elif kind == "moved":
            words.insert(draw(st.integers(0, len(words) - 1)), words.pop(place))
        elif kind == "cut off" and place:
            del words[place:]
        elif kind == "appended":
            words.append(draw(WORDS))
    return words


@settings(max_examples=600, deadline=None)
@given(mutations())
def test_any_words_are_read_as_they_are_or_refused_by_name(words):
    try:
        found = ProgramOutput.read(words)
    except OutputMalformed as refusal:
        assert type(refusal) is not OutputMalformed
        assert 0 <= refusal.place <= len(words) and f"word {refusal.place}, {refusal.part}: " in str(refusal)
        return
    assert found.words() == words
    assert ProgramOutput.read(found.words()) == found


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_an_output_cut_off_anywhere_is_refused(mode):
    """A rollup's may be cut off between two records, which is then another output."""
    words = every_kind(mode).output()
    whole = ProgramOutput.read(words)
    for place in range(len(words)):
        try:
            found = ProgramOutput.read(words[:place])
        except OutputCutOff as refusal:
            assert refusal.place <= place
        else:
            assert mode == 1 and found.main == whole.main and len(found.data.records) < len(whole.data.records)


def places() -> dict[str, int]:
    """Of the output below, counted by hand: two assets have an index and a price, one request."""
    before = 3 + 2 * 3
    after = before + 1 + 16
    tail = after + 1 + 16
    return {"before": before, "after": after, "expiration": tail, "modifications": tail + 1, "forced": tail + 5}


def small() -> list[int]:
    state = world({7: holds(ALICE, 5)}, indices={BTC: 0, ETH: 4}, prices={BTC: ONE, ETH: 9})
    return list(apply(state, forced_withdrawal(ALICE, 7, 5)).output())


AT = places()
MALFORMED = {
    "a mode of none": (1, 2, KindUnknown, 1),
    "too many assets": (2, 2**16, WordOutOfRange, 2),
    "assets that do not ascend": (5, 0, NotAscending, 5),
    "hash beyond the field": (4, PRIME, WordOutOfRange, 4),
    "state longer than it is": (AT["before"], 17, OutputTooLong, AT["before"] + 17),
    "state shorter than it is": (AT["before"], 15, OutputCutOff, AT["before"] + 16),
    "height above 64": (AT["before"] + 2, 65, WordOutOfRange, AT["before"] + 2),
    "more indices than there are": (AT["after"] + 5, 2**63, NotAscending, AT["after"] + 10),
    "an index beyond its bias": (AT["after"] + 7, 2**64, WordOutOfRange, AT["after"] + 7),
    "a price of 0": (AT["after"] + 13, 0, WordOutOfRange, AT["after"] + 13),
    "an hour beyond 32 bits": (AT["expiration"], 2**32, WordOutOfRange, AT["expiration"]),
    "more modifications than there are": (AT["modifications"], 2, WordOutOfRange, AT["forced"] + 2),
    "a position beyond 64 bits": (AT["modifications"] + 2, 2**64, WordOutOfRange, AT["modifications"] + 2),
    "a difference beyond 65 bits": (AT["modifications"] + 3, 2**65, WordOutOfRange, AT["modifications"] + 3),
    "requests longer than they are": (AT["forced"], 5, OutputTooLong, AT["forced"] + 6),
    "requests shorter than they are": (AT["forced"], 3, OutputCutOff, AT["forced"] + 5),
    "more requests than there are": (AT["forced"] + 1, 2, OutputCutOff, AT["forced"] + 6),
    "a request of no kind": (AT["forced"] + 2, 2, KindUnknown, AT["forced"] + 2),
    "an amount beyond 64 bits": (AT["forced"] + 5, 2**64, WordOutOfRange, AT["forced"] + 5),
    "conditions that are not there": (AT["forced"] + 6, 1, OutputCutOff, AT["forced"] + 7),
}


def test_the_small_output_stands_where_it_was_counted():
    words = small()
    assert words[AT["before"]] == words[AT["after"]] == 16 and words[AT["modifications"]] == 1
    assert words[AT["forced"] :] == [4, 1, 0, key(ALICE), 7, 5, 0]
    assert ProgramOutput.read(words).words() == words


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_output_is_refused_by_name_and_place(name):
    place, word, error, where = MALFORMED[name]
    words = small()
    words[place] = word
    with pytest.raises(OutputMalformed) as refusal:
        ProgramOutput.read(words)
    assert (type(refusal.value), refusal.value.place) == (error, where), str(refusal.value)


def test_words_after_the_end_are_refused():
    words = small()
    for read in (ProgramOutput.read, MainPage.read):
        with pytest.raises(OutputTooLong, match=f"word {len(words)}, the .*: 1 words are left after its end"):
            read([*words, 0])
    with pytest.raises(OutputTooLong):
        SharedState.read([*world({}).words(), 0])
