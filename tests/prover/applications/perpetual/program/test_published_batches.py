"""The 41 recorded batches of v3.2: the same words, or no proof. Where ours differs, a fault of v3.2 is put right."""

import pytest

from prover.applications.ledger.merkle import empty_roots
from prover.applications.perpetual.positions import EMPTY
from prover.applications.perpetual.program import empty_climb
from prover.cairo.errors import RunFailed
from tests.support import reference_machine
from tests.support.program_kit import CASES, SOURCES, document, expected_words, published, run

# docs/spec/perpetual-state.md 11.3: key 0 skipped the check of the key; here such a request is proven invalid.
KEY_ZERO = "forced withdrawal key 0 skips key check"
# 11.2: funding out of 64 bits could not be proven at all; here a forced request is proven invalid.
FUNDING_OUT_OF_RANGE = "funded collateral above 2^63-1 makes the position untouchable"
# A forced request has no flag here: what v3.2 refuses for its wrong flag is proven as what it is.
WRONG_FLAG = "forced trade invalid declared valid"
PUT_RIGHT = {KEY_ZERO, FUNDING_OUT_OF_RANGE, WRONG_FLAG}
PROVABLE = [name for name, case in CASES.items() if case["expected"]["provable"] and name not in PUT_RIGHT]
REFUSED = [name for name, case in CASES.items() if not case["expected"]["provable"] and name not in PUT_RIGHT]


def test_every_batch_is_used():
    assert (len(PROVABLE), len(REFUSED), len(CASES)) == (25, 13, 41)


@pytest.mark.parametrize("name", PROVABLE, ids=lambda name: name[:50])
def test_provable_batches_write_the_published_words(name):
    assert list(run(published(name)).output) == expected_words(name)


@pytest.mark.parametrize("name", REFUSED, ids=lambda name: name[:50])
def test_refused_batches_have_no_proof(name):
    with pytest.raises(RunFailed):
        run(published(name))


def forced_words(name: str) -> tuple[list[int], list[int]]:
    """(modification words, forced request words) of the output of a Validium batch without conditions."""
    words = list(run(published(name)).output)
    place = 3 + 2 * words[2]
    for _ in range(2):
        place += 1 + words[place]
    n_modifications = words[place + 1]
    forced = place + 2 + 3 * n_modifications
    size = words[forced]
    assert len(words) == forced + 2 + size + 1
    return words[place + 2 : forced], words[forced + 2 : forced + 2 + size]


@pytest.mark.parametrize("name", [KEY_ZERO, FUNDING_OUT_OF_RANGE, WRONG_FLAG], ids=lambda name: name[:50])
def test_put_right_forced_requests_are_proven_invalid(name):
    modifications, forced = forced_words(name)
    kind = CASES[name]["batch"]["transactions"][0]["type"]
    assert modifications == []
    assert forced[0] == (1 if kind == "forced_trade" else 0)


def test_a_position_that_cannot_be_funded_stays_as_it_is():
    words = list(run(published(FUNDING_OUT_OF_RANGE)).output)
    before = 3 + 2 * words[2] + 1
    after = before + words[before - 1] + 1
    assert words[before] == words[after]


def test_the_climb_through_empty_surroundings_is_what_its_writer_writes():
    assert (SOURCES / "empty_climb.cairo").read_text() == empty_climb.source()


def test_roots_of_empty_trees():
    """The tables stand in the program's words; nothing else there is as large."""
    data = [int(word, 16) for word in document()["data"]]
    for roots in (empty_roots(64, EMPTY.leaf()), empty_roots(64, 0)):
        start = data.index(roots[1]) - 1
        assert tuple(data[start : start + 65]) == roots


@pytest.mark.parametrize("name", ["withdraw exactly to margin limit", "forced trade valid, a sells"])
def test_the_reference_machine_runs_it_to_the_same_words(name):
    runner = reference_machine.run(document(), published(name), layout="dex")
    output = runner.builtin_runners["output_builtin"]
    words = expected_words(name)
    assert [runner.vm_memory[output.base + place] for place in range(len(words))] == words
