"""The whole demo, real proofs included, with small parameters."""

import json
from pathlib import Path

import pytest

from freehold.scenarios.accounts import Accounts
from freehold.scenarios.document import Scenario, read_scenario
from freehold.testing.parameters import SMALL
from prover.applications.perpetual.errors import Code
from scripts.demo import Demo
from scripts.scenario import Runner
from tests.support.paths import ROOT

SCENARIOS = ROOT / "scripts/_scenarios"
QUICK = ("every_kind", "the_19300", "key_recovery")


def test_the_demo_ends_with_nobody_owed(networks, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Demo(SMALL, Accounts.of_test_accounts()).run()
    steps = json.loads(Path(".build/demo.json").read_text())
    assert steps[0]["name"].startswith("deploy")
    assert all({"name", "actor", "gas", "seconds", "balances"} <= set(step) for step in steps)
    assert all(set(step["balances"]) == {"before", "after"} for step in steps)
    assert max(step["gas"] for step in steps if "escape" in step["name"]) > 0
    assert steps[-1]["balances"]["after"]["exchange"] == 0


def run(scenario: Scenario) -> Runner:
    runner = Runner(SMALL, scenario)
    runner.run()
    return runner


@pytest.mark.parametrize("mode", ["validium", "rollup"])
def test_a_batch_of_every_kind_is_proven_and_accepted(networks, tmp_path, monkeypatch, mode):
    """Deposits and forced requests are on chain before it, the condition is a fact there, prices are signed;
    withdrawals are paid, one to another key. In a rollup the tree is rebuilt from calldata after each batch."""
    monkeypatch.chdir(tmp_path)
    runner = run(read_scenario(SCENARIOS / "every_kind.yaml").model_copy(update={"mode": mode}))
    batch = runner.proven[-1].batch
    assert {transaction.number for transaction in batch.transactions} == set(range(11))
    assert [code == Code.SUCCESS for code in batch.served] == [True, False, True, False]
    assert len(batch.conditions) == 1 and len(batch.signed_min_prices) == 2
    assert runner.exchange.getRollupVaultRoot() == batch.after.tree.root


@pytest.mark.parametrize("name", ["the_19300", "key_recovery"])
def test_forced_trades_end_as_their_scenarios_say(networks, tmp_path, monkeypatch, name):
    """S4-01, S2-27, S4-14: the files have the numbers."""
    monkeypatch.chdir(tmp_path)
    run(read_scenario(SCENARIOS / f"{name}.yaml"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "path", [path for path in sorted(SCENARIOS.glob("*.yaml")) if path.stem not in QUICK], ids=lambda path: path.stem
)
def test_the_projects_other_scenarios(networks, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    run(read_scenario(path))
