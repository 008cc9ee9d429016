"""Gas of every call that users and operators pay for, beside a recorded snapshot.

`FREEHOLD_RECORD_GAS=1 ape test tests/contracts/exchange/test_exchange_gas.py` records it anew.
"""

import json
import os
from pathlib import Path

import pytest
from exchange_kit import DAY, GRACE, HOUR, Kit
from output_words import ROLLUP

from scripts._people import User

SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
TOLERANCE = 64
"""Gas: what a zero byte more or less in signatures and hashes comes to."""
LIMITS = {
    "register": 500_000,
    "updateState, empty, rollup": 84_000 + 2_700,
    "updateState, two modifications, one forced withdrawal": 168_000 + 6_000,
}
"""The original's figures, and beside them what the companion events cost: 2.3 k for the state's, 1.8 k for others."""


@pytest.fixture(scope="module")
def measured(project, accounts, chain):
    """Name to gas, in one life of an exchange of its own."""
    kit, gas = Kit(project, accounts, chain), {}
    carol = User("carol", accounts[7], 0xCA201, 9)
    alice, by, slot = kit.alice, {"sender": kit.alice.account}, kit.slot(kit.alice)
    kit.register(kit.alice, kit.bob)
    gas["register"] = kit.exchange.registerSender(carol.stark_key, carol.registration(), sender=carol.account).gas_used
    gas["deposit, first"] = kit.deposit(alice, 100).gas_used
    gas["deposit, again"] = kit.deposit(alice, 100).gas_used
    gas["depositCancel"] = kit.exchange.depositCancel(*slot, **by).gas_used
    kit.wait(2 * DAY)
    gas["depositReclaim"] = kit.exchange.depositReclaim(*slot, **by).gas_used
    kit.deposit(alice, 100)
    gas["forcedWithdrawalRequest"] = kit.request(alice, 5).gas_used
    gas["forcedWithdrawalRequest, second in a block's slot"] = kit.request(alice, 6).gas_used
    gas["forcedTradeRequest"] = kit.request_trade(kit.trade()).gas_used
    gas["forcedWithdrawalRequest, premium"] = kit.request(alice, 7, premium=True).gas_used
    gas["forcedTradeRequest, premium"] = kit.request_trade(kit.trade(nonce=2), premium=True).gas_used

    def update(name, before=None, **fields):
        output = kit.output(before, **fields)
        kit.declare(output.words(), None if output.mode == ROLLUP else output.after)
        gas[name] = kit.update(output.words()).gas_used
        return output.after

    hour = {"expiration": kit.now() // HOUR + 1000}
    state = update("updateState, first", assets=[], mode=ROLLUP, data=(1, 2), **hour)
    state = update("updateState, empty, rollup", state, assets=[], mode=ROLLUP, data=(1, 2), **hour)
    state = update("updateState, empty, Validium", state, assets=[], **hour)
    changes = [(alice.stark_key, 7, 100), (alice.stark_key, 7, -5)]
    state = update(
        "updateState, two modifications, one forced withdrawal",
        state,
        modifications=changes,
        forced=[kit.withdrawal(alice, 5)],
        assets=[],
        **hour,
    )
    gas["withdraw"] = kit.withdraw(alice).gas_used
    kit.wait(GRACE)
    gas["freezeRequest"] = kit.freeze(alice, 6).gas_used
    kit.declare_escape(alice, 95)
    gas["escape"] = kit.escape(alice, 95).gas_used
    return gas


def test_gas_is_what_was_recorded(measured):
    if os.environ.get("FREEHOLD_RECORD_GAS"):
        SNAPSHOT.write_text(json.dumps(measured, indent=1) + "\n")
    recorded = json.loads(SNAPSHOT.read_text())
    assert set(measured) == set(recorded)
    differing = {name: (gas, recorded[name]) for name, gas in measured.items() if abs(gas - recorded[name]) > TOLERANCE}
    assert not differing, "now and recorded"


@pytest.mark.parametrize("name", LIMITS)
def test_gas_stays_under_its_limit(measured, name):
    assert measured[name] <= LIMITS[name]


@pytest.mark.parametrize("name", ["forcedWithdrawalRequest, premium", "forcedTradeRequest, premium"])
def test_premium_requests_cost_a_million(measured, name):
    assert measured[name] >= 1_000_000
