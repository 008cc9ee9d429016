"""`docs/leaving.md`, line by line."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from click.testing import CliRunner

from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from tests.support.paths import ROOT
from tests.support.script_kit import DAY, recorded, stay_connected

ORDER = [
    "last_state",
    "status",
    "forced_trade_offer",
    "forced_trade",
    "forced_withdrawal",
    "withdraw",
    "freeze",
    "escape",
    "deposit_cancel",
    "deposit_reclaim",
]


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, project, chain):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("page"))
        return recorded(Accounts.of_test_accounts(), "rollup", 5_000)


def test_the_commands_of_the_page_lead_out(deployed, monkeypatch):
    """S0-19: for a rollup whose operator serves nothing any more. A deposit that waited comes back too."""
    monkeypatch.chdir(deployed.folder)
    stay_connected(monkeypatch)
    exchange = deployed
    alice, bob = exchange.accounts.users
    exchange.give((alice, 1_000), (bob, 500))
    exchange.deposit(alice, 70)
    words = {
        "NETWORK": "ethereum:local:test",
        "ME": alice.account.alias,
        "KEY": hex(alice.stark_key),
        "POSITION": alice.position_id,
        "PARTNER": bob.account.alias,
        "PARTNER_KEY": hex(bob.stark_key),
        "PARTNER_POSITION": bob.position_id,
        "AMOUNT": "0.00000002",
        "TOTAL": 400,
    }
    lines = [line.split() for line in re.findall(r"^ +ape run (.*)$", (ROOT / "docs/leaving.md").read_text(), re.M)]
    assert [line[0] for line in lines] == ORDER
    told = {}
    for name, *typed in lines:
        travel({"freeze": 7, "deposit_reclaim": 2}.get(name, 0) * DAY)
        arguments = [str(words.get(word, word)) for word in typed]
        result = CliRunner().invoke(import_module(f"scripts.{name}").cli, arguments, catch_exceptions=False)
        assert result.exit_code == (2 if name == "withdraw" else 0), result.output
        told[name] = result.output
    assert "nothing waits for the Stark key" in told["withdraw"]
    assert "a deposit of 70 into position 11 waits: no batch takes it any more" in told["escape"]
    assert f"paid 1,000 to {alice.account.address}" in told["escape"]
    assert f"paid 70 to {alice.account.address}" in told["deposit_reclaim"]
    assert exchange.deployed.token.balanceOf(alice.account) == 5_000
