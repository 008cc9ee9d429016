"""Rules with one thing wrong, each caught by the random batches: so the batches reach what the rules say.

A twin is the rules with one function or number replaced; it must give another verdict or another word on some batch.
"""

from dataclasses import replace

import pytest

from prover.applications.perpetual import batch, execute, limits, margin, prices
from prover.applications.perpetual.config import SyntheticAsset
from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.errors import Code, InputRefused, PositionRefused, RuleBroken
from prover.applications.perpetual.execute import Carried
from prover.applications.perpetual.margin import Status
from prover.applications.perpetual.prices import check_signed_prices
from prover.applications.perpetual.transactions import CancelOrder
from tests.support.random_batches import Seeded, a_case

MOST = 3000
"""So many batches are tried for each twin; nearly all are found within the first hundred."""


def outcome(case) -> list[int] | None:
    try:
        return case.apply().output()
    except (RuleBroken, InputRefused):
        return None


class Judged:
    """Cases of one version with what the rules give, made as they are asked for."""

    def __init__(self, version: int) -> None:
        self._version = version
        self._known: list[tuple[Case, list[int] | None]] = []

    def __getitem__(self, seed: int) -> tuple[Case, list[int] | None]:
        while len(self._known) <= seed:
            case = a_case(Seeded(len(self._known)), version=self._version)
            self._known.append((case, outcome(case)))
        return self._known[seed]


JUDGED = {version: Judged(version) for version in (1, 2)}


def rounding_up(position, market):
    """Funding that favours the user by up to a unit."""
    base = funded(position, market)
    owed = sum((market.indices[a.asset_id] - a.cached_funding_index) * a.balance for a in position.assets)
    return base and replace(base, collateral_balance=-((owed - position.collateral_balance * 2**32) // 2**32))


funded, update_position, transition = margin.funded, margin.update_position, margin.transition
check_limits, use_order = execute._check_limits, Carried.use_order


def any_key(position, change, market, owner):
    change = replace(change, public_key=position.public_key or change.public_key)
    return update_position(position, change, market, owner)


def lenient_transition(before, after, market):
    code = transition(before, after, market)
    return Code.SUCCESS if code == Code.ILLEGAL_POSITION_TRANSITION_REDUCING_TOTAL_VALUE_RISK_RATIO else code


def enlarging_transition(before, after, market):
    code = transition(before, after, market)
    return Code.SUCCESS if code == Code.ILLEGAL_POSITION_TRANSITION_ENLARGING_SYNTHETIC_HOLDINGS else code


def without(rule):
    """`function` that does nothing where it would refuse by this rule."""

    def wrap(function):
        def twin(*arguments):
            try:
                return function(*arguments)
            except RuleBroken as broken:
                if broken.rule != rule:
                    raise

        return twin

    return wrap


def exclusive_bounds(self, balance, price, by_balance_only):
    size = abs(balance) if by_balance_only else abs(balance) * price
    return next(segment.risk for segment in self.risk_segments if size < segment.upper_bound or segment is LAST(self))


def LAST(asset):
    return asset.risk_segments[-1]


def by_the_other_measure(self, balance, price, by_balance_only):
    return RISK(self, balance, price, not by_balance_only)


RISK = SyntheticAsset.risk

TWINS = {
    "no transition rule": (margin, "transition", lambda before, after, market: Code.SUCCESS),
    "the ratio may fall": (margin, "transition", lenient_transition),
    "holdings may grow": (margin, "transition", enlarging_transition),
    "funding rounds up": (margin, "funded", rounding_up),
    "any key may": (execute, "update_position", any_key),
    "equality is not enough": (
        Status,
        "is_well_leveraged",
        lambda self: self.total_risk < self.total_value * 2**32,
    ),
    "bankrupt at 0": (Status, "is_deleveragable", lambda self: self.total_value <= 0),
    "segments end before their bound": (SyntheticAsset, "risk", exclusive_bounds),
    "segments by the other measure": (SyntheticAsset, "risk", by_the_other_measure),
    "no price limit": (execute, "_check_limits", without("INVALID_FULFILLMENT_ASSETS_RATIO")(check_limits)),
    "no fee limit": (execute, "_check_limits", without("INVALID_FULFILLMENT_FEE_RATIO")(check_limits)),
    "orders without end": (Carried, "use_order", without("INVALID_FULFILLMENT_INFO")(use_order)),
    "orders without expiration": (Carried, "use_order", without("ORDER_EXPIRED")(use_order)),
    "orders without a signature": (execute.ecdsa, "verify", lambda *arguments: True),
    "closing may cross 0": (execute, "_check_closes", lambda *arguments: None),
    "funding never ages": (Carried, "_check_funding_age", lambda self: None),
    "time may go back": (execute, "_moved_to", lambda carried, time: setattr(carried, "system_time", time) or 0),
    "the same position twice": (execute, "_different", lambda first, second: None),
    "any median": (prices, "is_median", lambda price, quotes: price >= min(quotes)),
    "funding at double speed": (execute, "FXP32", 2**31),
    "balances of -2^63": (margin, "SYNTHETIC_BALANCE_MAX", 2**63),
}


def without_the_flag(name):
    """Orders are checked as if nobody had set it."""
    return lambda order, *rest: check_flags(order.model_copy(update={name: 0}), *rest)


def for_any_fee_owner(position, change, market, owner):
    return update_position(position, change, market)


def cancelling_nothing(carried, cancel):
    """Checked, and the order's leaf is left as it was."""
    _, used = carried.leaf(cancel)
    cancel_order(carried, cancel)
    carried.orders[cancel.order_id(carried.config.collateral.asset_id)] = used


def cancelling_for_anybody(carried, cancel):
    """Whoever signs it."""
    owner = carried.position(cancel.position_id).public_key
    carried.check_signature(cancel)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Carried, "check_signature", lambda self, order: None)
        terms = cancel.model_copy(update={"public_key": owner})
        cancel_order(carried, terms)


def longer_reach(limits, old, elapsed):
    return reach(limits, old, elapsed) + 1


def without_a_penalty(limits, position_id, before, after, *rest):
    """A position may lose nothing, not even a part of a unit."""
    if after.total_value < before.total_value:
        raise PositionRefused("LIQUIDATION_PRICE", "")
    check_liquidation(limits, position_id, before, after, *rest)


def executing(kind, twin):
    return {**execute._EXECUTORS, kind: twin}


check_flags, check_liquidation, reach = execute._check_flags, execute.check_liquidation, limits.reach
cancel_order = execute._cancel_order

TWINS_OF_VERSION_2 = {
    "the window begins at the last batch": (
        batch,
        "check_signed_prices",
        lambda config, prices, first, last: check_signed_prices(config, prices, first - 100, last),
    ),
    "any spread": (batch, "check_spread", lambda *arguments: None),
    "any move": (limits, "reach", lambda limits, old, elapsed: old),
    "a unit more of a move": (limits, "reach", longer_reach),
    "the move of a whole hour": (limits, "reach", lambda limits, old, elapsed: reach(limits, old, 3600)),
    "any liquidation price": (execute, "check_liquidation", without("LIQUIDATION_PRICE")(check_liquidation)),
    "no liquidation penalty": (execute, "check_liquidation", without_a_penalty),
    "any liquidation size": (execute, "check_liquidation", without("LIQUIDATION_SIZE")(check_liquidation)),
    "no order only reduces": (execute, "_check_flags", without_the_flag("reduce_only")),
    "no order is killed": (execute, "_check_flags", without_the_flag("fill_or_kill")),
    "requests after a deleverage": (execute, "_check_before_deleverage", lambda carried: None),
    "anybody cancels": (execute, "_EXECUTORS", executing(CancelOrder, cancelling_for_anybody)),
    "nothing is cancelled": (execute, "_EXECUTORS", executing(CancelOrder, cancelling_nothing)),
    "the fee position is anybody's": (execute, "update_position", for_any_fee_owner),
}

UNREACHED = {
    "any median": "random batches sign one price thrice; test_prices has medians",
    "balances of -2^63": "the buyer's balance is out of range at the same time, unless short; test_forced has it",
    "closing may cross 0": "the transition rule refuses it too, as far as batches go; test_liquidation has it",
}
"""Twins that the random batches do not catch, and who does."""


@pytest.mark.parametrize("name", [name for name in TWINS if name not in UNREACHED])
def test_each_broken_twin_is_caught(name, monkeypatch):
    assert_caught(1, TWINS[name], monkeypatch)


@pytest.mark.parametrize("name", TWINS_OF_VERSION_2)
def test_each_broken_twin_of_version_2_is_caught(name, monkeypatch):
    assert_caught(2, TWINS_OF_VERSION_2[name], monkeypatch)


def assert_caught(version, twin, monkeypatch):
    place, attribute, broken = twin
    for seed in range(MOST):
        case, expected = JUDGED[version][seed]
        with monkeypatch.context() as patch:
            patch.setattr(place, attribute, broken)
            found = outcome(case)
        if found != expected:
            return
    pytest.fail(f"{MOST} batches do not tell the twin from the rules")
