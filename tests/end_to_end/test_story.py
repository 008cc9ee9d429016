"""The whole story of the demo, real proofs included, with small parameters."""

import json
from pathlib import Path

import pytest
from small_proofs import SMALL

from scripts._people import Cast
from scripts._scenario import read_scenario
from scripts.demo import Demo
from scripts.scenario import Player

SCENARIOS = sorted((Path(__file__).parents[2] / "scripts/_scenarios").glob("*.yaml"))


def test_the_story_ends_with_nobody_owed(networks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Demo(SMALL, Cast.of_test_accounts()).play()
    steps = json.loads(Path(".build/demo.json").read_text())
    assert steps[0]["name"].startswith("deploy")
    assert all({"name", "actor", "gas", "seconds", "balances"} <= set(step) for step in steps)
    assert all(set(step["balances"]) == {"before", "after"} for step in steps)
    assert max(step["gas"] for step in steps if "escape" in step["name"]) > 0
    assert steps[-1]["balances"]["after"]["exchange"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_projects_scenarios(networks, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    Player(SMALL, read_scenario(path)).play()
