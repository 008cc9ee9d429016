"""The recorded batches: the same words, the same refusals, and what docs/spec/perpetual-state.md 11 puts right."""

import json

import pytest

from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.errors import Code, InputRefused, RuleBroken
from prover.applications.perpetual.program_input import position_json, touched_orders, touched_positions
from tests.support.paths import VECTORS

CASES = json.loads((VECTORS / "perpetual_batches.json").read_text())["cases"]

PUT_RIGHT = {
    "forced withdrawal key 0 skips key check": (
        "11.3: nobody owns key 0, so the request is proven invalid; the file claims it is valid",
        Code.INVALID_PUBLIC_KEY,
    ),
    "funded collateral above 2^63-1 makes the position untouchable": (
        "11.2: the request is proven invalid; v3.2 can prove nothing",
        Code.OUT_OF_RANGE_BALANCE,
    ),
}
"""Where the outcome differs from the file's, why, and the code that the forced request gets."""

PROVABLE = [c for c in CASES if c["expected"]["provable"] and c["name"] not in PUT_RIGHT]
REFUSED = [c for c in CASES if not c["expected"]["provable"] and c["name"] not in PUT_RIGHT]


def name(document) -> str:
    return document["name"]


@pytest.mark.parametrize("document", PROVABLE, ids=name)
def test_the_same_words(document):
    batch, expected = Case.parsed(document).apply(), document["expected"]
    assert [hex(word) for word in batch.output()] == expected["output_words"]
    assert hex(batch.after.tree.root) == expected["positions_root"]
    assert hex(batch.after.orders_root) == expected["orders_root"]
    assert {str(key): str(batch.after.orders.get(key, 0)) for key in batch.touched_orders} == expected["touched_orders"]
    assert {str(key) for key in batch.touched_positions} == set(expected["touched_positions"])
    assert touched_positions(batch.config, batch.transactions) == batch.touched_positions
    assert touched_orders(batch.config, batch.transactions) == list(batch.touched_orders)
    for key, position in expected["touched_positions"].items():
        found = position_json(batch.after.position(int(key)))
        assert found == {field: position[field] for field in found}


@pytest.mark.parametrize("document", REFUSED, ids=name)
def test_the_same_refusals(document):
    """By its code where there is one; a value out of range is refused before anything runs."""
    with pytest.raises((RuleBroken, InputRefused)) as refused:
        Case.parsed(document).apply()
    codes = document["expected"]["error_codes"]
    if codes and isinstance(refused.value, RuleBroken) and refused.value.rule != "FORCED_OUTCOME":
        assert refused.value.code in codes


@pytest.mark.parametrize("document", [c for c in CASES if c["name"] in PUT_RIGHT], ids=name)
def test_what_is_put_right(document):
    document = json.loads(json.dumps(document))
    for transaction in document["batch"]["transactions"]:
        del transaction["is_valid"]
    batch = Case.parsed(document).apply()
    assert batch.served == (PUT_RIGHT[document["name"]][1],)
    assert batch.modifications == ()
    before = document["prev_state"]["positions_root"]
    assert hex(batch.after.tree.root) == before or "key 0" in document["name"]


def test_a_case_is_written_as_it_is_read():
    """What `Case.of` writes is read again and gives the same words."""
    for document in PROVABLE:
        batch = Case.parsed(document).apply()
        again = Case.parsed(json.loads(Case.of(batch).model_dump_json()))
        assert again.apply().output() == batch.output()
