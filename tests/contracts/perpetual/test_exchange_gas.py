"""Gas of every call that users and operators pay for, beside a recorded snapshot.

`FREEHOLD_RECORD_GAS=1 ape test tests/contracts/perpetual/test_exchange_gas.py` records it anew.
"""

import json
import os
from pathlib import Path

import pytest

from freehold.scenarios.accounts import User
from freehold.testing.kit import DAY, GRACE, HOUR, Kit
from freehold.testing.output_words import ROLLUP
from prover.algebra.keccak import keccak256

SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
TOLERANCE = 64
"""Gas: what a zero byte more or less in signatures and hashes comes to."""
FEW = "updateState, two modifications, one forced withdrawal"
LIMITS = {
    "register": 500_000,
    "updateState, empty, rollup": 84_000,
    "updateState, empty, Validium": 84_000,
    FEW: 168_000,
}
"""v3.2's figures, to which comes what the companion events cost."""
COMPANIONS = ("SharedStateUpdated", "DepositAccepted", "ForcedRequestServed")


def cost_of_companions(exchange, receipt) -> int:
    """Gas of the events that v3.2 does not have: 375 each, 375 a topic, 8 a byte."""
    signatures = {keccak256(getattr(exchange, name).abi.selector.encode()) for name in COMPANIONS}
    logs = [log for log in receipt.logs if bytes(log["topics"][0]) in signatures]
    return sum(375 * (1 + len(log["topics"])) + 8 * len(bytes(log["data"])) for log in logs)


@pytest.fixture(scope="module")
def measured(project, accounts, chain):
    """Name to gas, and to what of it the companion events cost; in one life of an exchange of its own."""
    kit, gas, companions = Kit(project, accounts, chain), {}, {}
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
        receipt = kit.update(output.words())
        gas[name], companions[name] = receipt.gas_used, cost_of_companions(kit.exchange, receipt)
        return output.after

    hour = {"expiration": kit.now() // HOUR + 1000}
    state = update("updateState, first", assets=[], mode=ROLLUP, data=(1, 2), **hour)
    state = update("updateState, empty, rollup", state, assets=[], mode=ROLLUP, data=(1, 2), **hour)
    state = update("updateState, empty, Validium", state, assets=[], **hour)
    changes = [(alice.stark_key, 7, 100), (alice.stark_key, 7, -5)]
    state = update(
        FEW,
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
    return gas, companions


def test_gas_is_what_was_recorded(measured):
    gas, _ = measured
    if os.environ.get("FREEHOLD_RECORD_GAS"):
        SNAPSHOT.write_text(json.dumps(gas, indent=1) + "\n")
    recorded = json.loads(SNAPSHOT.read_text())
    assert set(gas) == set(recorded)
    differing = {name: (cost, recorded[name]) for name, cost in gas.items() if abs(cost - recorded[name]) > TOLERANCE}
    assert not differing, "now and recorded"


@pytest.mark.parametrize("name", LIMITS)
def test_gas_stays_under_its_limit(measured, name):
    gas, companions = measured
    assert gas[name] <= LIMITS[name] + companions.get(name, 0)


@pytest.mark.parametrize("name, events", [("updateState, empty, Validium", 1), (FEW, 3)])
def test_companion_events_cost_little(measured, name, events):
    """For the state two topics and three words; for a deposit and a forced request as much or less."""
    _, companions = measured
    assert companions[name] <= 2_100 * events


@pytest.mark.parametrize("name", ["forcedWithdrawalRequest, premium", "forcedTradeRequest, premium"])
def test_premium_requests_cost_a_million(measured, name):
    gas, _ = measured
    assert gas[name] >= 1_000_000
