"""`freehold output`: words to fields and back, of Validium and rollup, from every file that has them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from freehold.commands.main import main
from tests.support.paths import VECTORS

BATCHES = json.loads((VECTORS / "perpetual_batches.json").read_text())
CASES = {
    case["name"]: case["expected"]["output_words"]
    for case in (BATCHES if isinstance(BATCHES, list) else BATCHES["cases"])
    if case["expected"].get("output_words")
}


def freehold(*arguments: object):
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def words_of(entries) -> list[int]:
    return [int(entry, 0) if isinstance(entry, str) else entry for entry in entries]


def test_words_become_fields_and_fields_the_same_words(tmp_path):
    words, fields = tmp_path / "words.json", tmp_path / "fields.json"
    for name, entries in CASES.items():
        words.write_text(json.dumps(entries))
        told = freehold("output", words, "--json")
        assert told.exit_code == 0, (name, told.output)
        fields.write_text(told.output)
        back = freehold("output", fields, "--words")
        assert words_of(json.loads(back.output)) == words_of(entries), name
        assert freehold("output", words).output == freehold("output", fields).output


def test_people_read_what_the_contract_reads(tmp_path):
    path = tmp_path / "words.json"
    outputs = []
    for entries in CASES.values():
        path.write_text(json.dumps({"output": entries, "program": "0x1"}))
        outputs.append(freehold("output", path).output)
    told = "".join(outputs)
    for part in (
        "Validium, configuration 0x",
        "rollup, configuration 0x",
        "assets SYN00-9, SYN01-9, ",
        "deposit of ",
        "withdrawal of ",
    ):
        assert part in told
    assert "forced withdrawal of 19,300,000,000 quanta from position 10 of 0x" in told
    assert (
        "forced trade: position 20 sells 10,000,000,000 quanta of SYN00-9 for 20,000,000,000, with position 21" in told
    )
    assert "data: 1 funding ticks, 6 positions touched" in told


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        (lambda document: document["main"].pop("config_hash"), "main.config_hash: "),
        (lambda document: document["main"].update(data_availability_mode=2), "is no kind of it"),
        (lambda document: document["main"].update(minimum_expiration=-1), "are not what any words say"),
        (lambda document: document["main"]["before"].update(system_time="x"), "main.before.system_time: "),
        (lambda document: document["main"]["before"].update(positions_height=65), "0x41 is not in"),
    ],
)
def test_fields_that_no_words_say_are_refused(tmp_path, change, cause):
    path = tmp_path / "file"
    path.write_text(json.dumps(next(iter(CASES.values()))))
    document = json.loads(freehold("output", path, "--json").output)
    change(document)
    path.write_text(json.dumps(document))
    result = freehold("output", path, "--words")
    assert result.exit_code == 1 and cause in result.output and "https" not in result.output


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("[]", "word 0, configuration's hash of the output: the words end before it"),
        ('["x"]', "word 0 is 'x', must be a number in [0, p)"),
        ("[true]", "word 0 is True"),
        ("7", "is no program output: the document"),
    ],
)
def test_what_is_no_output_is_one_line(tmp_path, content, cause):
    path = tmp_path / "file"
    path.write_text(content)
    result = freehold("output", path)
    assert result.exit_code == 1 and cause in result.output and result.output.count("\n") == 1


def test_two_forms_at_once_are_refused(tmp_path):
    path = tmp_path / "file"
    path.write_text("[]")
    assert freehold("output", path, "--json", "--words").exit_code == 2
