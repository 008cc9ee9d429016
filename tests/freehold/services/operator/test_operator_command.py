"""`freehold operator init` and `status`: settings as they are, and what a person or a script is told."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace

import pytest
from click.testing import CliRunner

from freehold.commands.main import main
from freehold.services.base.doors import Limits, served
from freehold.services.base.settings import read_settings
from freehold.services.operator import settings as fields
from freehold.services.operator.settings import OperatorSettings
from freehold.services.operator.status import application
from freehold.services.operator.store import open_store
from tests.support.operating import ABOUT, DAY, FACTS, NOW, fill

NO_DEFAULTS = {("chain", "rpc"), ("chain", "record"), ("chain", "key")}
"""What whoever runs `init` says."""


def run(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(map(str, arguments)))
    assert result.exit_code == code, result.output
    return result.output


# --- settings


@pytest.fixture
def written(tmp_path):
    (tmp_path / "deployment.json").write_text("{}")
    run("operator", "init", tmp_path / "operator.toml", "--record", tmp_path / "deployment.json")
    return tmp_path / "operator.toml"


def default(section: str, name: str) -> object:
    """As the program has it where nothing is said. Raises KeyError for what it does not know."""
    kind = OperatorSettings.model_fields[section].annotation
    assert kind is not None and issubclass(kind, fields.Section)
    return kind.model_fields[name].default


def differing(text: str) -> list[tuple[str, str]]:
    """Settings of a file that are other than the program's defaults."""
    found = []
    for section, given in tomllib.loads(text).items():
        found += [(section, name) for name, value in given.items() if default(section, name) != value]
    return [place for place in found if place not in NO_DEFAULTS]


def test_every_default_that_is_written_is_the_programs(written):
    assert differing(written.read_text()) == []


def test_a_default_that_drifted_is_found(written):
    text = written.read_text()
    assert differing(text.replace("max_age = 600.0", "max_age = 60.0")) == [("batch", "max_age")]
    with pytest.raises(KeyError):
        differing(text.replace("max_age", "most_age"))


def test_settings_as_written_are_read(written):
    settings = read_settings(OperatorSettings, written, {})
    assert settings.batch == fields.BatchSettings() and settings.pages == fields.PagesSettings()
    assert settings.chain.deposit_confirmations == 12 and settings.chain.finality == "finalized"
    assert str(settings.chain.key.file) == "operator.key"


def test_what_is_commented_out_is_read_too(written):
    """Each `# name = ...` is a setting that the program knows, with a value that it takes."""
    lines = []
    for line in written.read_text().splitlines():
        bare = line.removeprefix("# ")
        is_setting = line.startswith("# ") and " = " in bare.split("#")[0]
        lines.append(bare if is_setting else line)
    settings = read_settings(OperatorSettings, _saved(written, "\n".join(lines)), {})
    assert (settings.batch.seen, settings.liquidator.position_id) == (41, 7)
    assert settings.source.url == "http://127.0.0.1:7003" and settings.prover.scheduler == "tcp://..."


def _saved(path, text):
    other = path.with_name("whole.toml")
    other.write_text(text)
    return other


@pytest.mark.parametrize(
    ("arguments", "expected"), [(["--finality", 5, "--confirmations", 2], (5, 2)), ([], ("finalized", 12))]
)
def test_options_stand_in_the_file(tmp_path, arguments, expected):
    (tmp_path / "deployment.json").write_text("{}")
    file = tmp_path / "new.toml"
    run("operator", "init", file, "--record", tmp_path / "deployment.json", "--rpc", 'http://a/"b"', *arguments)
    chain = read_settings(OperatorSettings, file, {}).chain
    assert (chain.finality, chain.deposit_confirmations) == expected
    assert chain.rpc == 'http://a/"b"'
    assert "exists already" in run(
        "operator", "init", file, "--record", tmp_path / "deployment.json", *arguments, code=1
    )


# --- status


@pytest.fixture
def store(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'operator.db'}")
    store.migrate()
    yield store
    store.close()


def status(store, *arguments, code, facts=FACTS, now=NOW):
    app = application(store, ABOUT, lambda: facts, lambda: float(now), lambda: float(now))
    with served(app, "127.0.0.1:0", Limits()) as door:
        return run("operator", "status", "--url", door.url, *arguments, code=code)


def test_a_person_sees_batches_with_their_stages_and_the_oldest_obligation(store, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    fill(store)
    said = status(store, code=0)
    assert "Everything is as it should be" in said
    lines = [line.split() for line in said.splitlines()]
    head = lines.index(["batch", "state", "transactions", "fill", "wait", "prove", "sign", "send", "settle"])
    assert [line[0] for line in lines[head + 1 : head + 9]] == [str(number) for number in range(10, 2, -1)]
    assert lines[head + 2][:3] == ["9", "mined", "103"]
    assert "1; the earliest, a withdrawal, in no batch yet" in said
    assert f"{5 * DAY} (5 d)" in said
    assert "batch 10: 1 of 2" in said


def test_an_alarm_is_said_first_and_is_the_exit_code(store):
    fill(store)
    said = status(store, code=3, facts=replace(FACTS, is_frozen=True))
    assert "ALARM  The exchange is frozen" in said
    said = status(store, code=3, now=NOW + 4 * DAY)
    assert "A forced request must be served within 1 d." in said


def test_an_empty_store_is_shown_too(store):
    said = status(store, code=0)
    assert "forced requests         none" in said and "batch " not in said


def test_programs_get_the_whole_answer(store):
    fill(store)
    found = json.loads(status(store, "--json", code=3, facts=replace(FACTS, is_frozen=True)))
    assert found["chain"]["is_frozen"] and len(found["batches"]) == 11


def test_an_operator_that_does_not_answer_is_another_exit_code():
    for url in ("http://127.0.0.1:1", "nonsense"):
        said = run("operator", "status", "--url", url, code=1)
        assert said.startswith(f"Error: no operator answers at {url}") and said.count("\n") == 1
