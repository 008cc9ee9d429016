"""Records and states of exchanges: each has its place, nothing takes it; what is no record is refused by its fault."""

from __future__ import annotations

import json

import pytest

from freehold.errors import Refused
from freehold.records import Record, find_place, folder_of, new_place, read_state, refuse_taken
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State

ADDRESS = "0x" + "Ab" * 20
RECORD = Record(exchange=ADDRESS, chain_id=5, block=7)
CONFIG = GeneralConfig.model_validate({"collateral_asset_id": 3})


def state_of(amount: int) -> State:
    return State.of(CONFIG, {11: Position(5, amount)}, {}, (), 1, (), 1)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def folder():
    return folder_of("5", lasts=True)


def test_live_chains_have_another_folder_than_local_ones(folder):
    assert folder.parts == ("deployments", "5") and folder_of("5", lasts=False).parts[0] == ".build"


def test_a_record_is_read_as_it_was_written(folder):
    place = new_place(folder, RECORD)
    assert place.record == RECORD and place.record_file.parent == folder / "0xabababab"
    assert json.loads(place.record_file.read_text()) == {"exchange": ADDRESS, "chain_id": 5, "block": 7}


def test_no_place_is_taken_twice(folder):
    first, second, third = (new_place(folder, RECORD, name) for name in (None, None, "mine"))
    assert [place.record_file.parent.name for place in (first, second, third)] == ["0xabababab", "0xabababab-2", "mine"]
    refuse_taken(folder, "other")
    with pytest.raises(Refused, match="mine is another exchange's"):
        refuse_taken(folder, "mine")


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a" * 65, "ä"])
def test_what_is_no_name_is_refused(folder, name):
    with pytest.raises(Refused, match="make a name"):
        refuse_taken(folder, name)


def test_a_place_that_cannot_be_made_is_refused_before(folder, tmp_path):
    (tmp_path / "deployments").write_text("a file")
    with pytest.raises(Refused, match="the record would have no place"):
        refuse_taken(folder, "mine")


def test_a_place_is_found_by_file_folder_or_name_or_as_the_only_one(folder):
    with pytest.raises(Refused, match="no record of an exchange"):
        find_place(folder, None)
    place = new_place(folder, RECORD, "mine")
    for wanted in (None, "mine", str(place.record_file.parent), str(place.record_file)):
        assert find_place(folder, wanted).record_file.resolve() == place.record_file.resolve()
    new_place(folder, RECORD, "other")
    with pytest.raises(Refused, match="several exchanges, name one with --deployment: mine, other"):
        find_place(folder, None)
    with pytest.raises(Refused, match="there is no record third"):
        find_place(folder, "third")


def test_the_next_state_replaces_the_last_whole_or_not_at_all(folder, monkeypatch):
    place = new_place(folder, RECORD)
    place.write_state(CONFIG, state_of(5))
    place.write_state(CONFIG, state_of(6))
    assert read_state(place.state_file)[1].hash() == state_of(6).hash()
    place.state_file.with_name("state.json.partial").mkdir()  # where the half would be
    with pytest.raises(OSError):
        place.write_state(CONFIG, state_of(7))
    assert read_state(place.state_file)[1].hash() == state_of(6).hash()


def test_the_same_state_has_the_same_bytes(folder):
    """Positions come by number, whatever order they were made in: a commit shows what changed."""
    positions = {number: Position(5, number) for number in (22, 3, 11)}
    places = [new_place(folder, RECORD) for _ in range(2)]
    for place, order in zip(places, (positions, dict(sorted(positions.items()))), strict=True):
        place.write_state(CONFIG, State.of(CONFIG, order, {}, (), 1, (), 1))
    assert places[0].state_file.read_bytes() == places[1].state_file.read_bytes()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("{", "is not JSON"),
        ("[]", "the document"),
        ("{}", "exchange: Field required"),
        ('{"exchange": "0x5"}', "exchange: '0x5' is not an address"),
        (json.dumps({"exchange": "0x" + "00" * 20}), "is not an address"),
        (json.dumps({"exchange": ADDRESS, "exchanged": 1}), "exchanged: Extra inputs"),
    ],
)
def test_what_is_no_record_is_refused_by_its_fault(folder, content, cause):
    place = new_place(folder, RECORD)
    place.record_file.write_text(content)
    with pytest.raises(Refused) as refusal:
        _ = place.record
    assert cause in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_state_that_contradicts_itself_is_refused(folder):
    place = new_place(folder, RECORD)
    place.write_state(CONFIG, state_of(5))
    document = json.loads(place.state_file.read_text())
    document["state"]["positions"]["11"]["collateral_balance"] = "6"
    place.state_file.write_text(json.dumps(document))
    with pytest.raises(Refused, match="positions_root"):
        read_state(place.state_file)
