"""A small exchange for tests of the rules: three assets, people with keys, and shorthand for what they do.

One collateral unit is 10^-6. One quantum of ETH-9 is worth one collateral unit at PRICE[ETH], one of BTC-10 two, one of
SOL-7 four; every asset needs 3.5 % margin (rounded down) unless a test says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from prover.applications.perpetual import names
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import FeePosition, GeneralConfig, RiskSegment, SyntheticAsset
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.messages import signed_asset_id
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.samples import COLLATERAL as USD
from prover.applications.perpetual.samples import FEES, RISK, TIME, deposit, forced_withdrawal, key
from prover.applications.perpetual.signing import sign_price, signed
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    ConditionalTransfer,
    ForcedTrade,
    FundingTick,
    LimitOrder,
    Liquidate,
    SignedPrice,
    Trade,
    Transfer,
    Withdrawal,
)

__all__ = ["FEES", "RISK", "TIME", "USD", "deposit", "forced_withdrawal", "key"]

ONE = 1 << 32
HALF = 1 << 63


asset_id = names.asset_id
BTC, ETH, SOL = (asset_id(name) for name in ("BTC-10", "ETH-9", "SOL-7"))
RESOLUTION = {BTC: 10**10, ETH: 10**9, SOL: 10**7}
PRICE = {BTC: 2 * ONE, ETH: ONE, SOL: 4 * ONE}
NOW = TIME + 100
HOUR = 444_444
"""The minimum expiration of every batch here."""
SIGNERS = (0x501, 0x502, 0x503, 0x504, 0x505)
ALICE, BOB, CAROL, FEE_KEEPER = 0xA11CE, 0xB0B, 0xCA201, 0xFEE


def oracle_id(asset: int, number: int = 0) -> int:
    return signed_asset_id(asset.to_bytes(15, "big").rstrip(b"\0") + b"USD", b"ora-%d" % number)


def synthetic(asset: int, risk: int = RISK, segments: tuple[tuple[int, int], ...] = ()) -> SyntheticAsset:
    segments = (*segments, ((1 << 128) - 1, risk))
    return SyntheticAsset(
        asset_id=asset,
        resolution=RESOLUTION.get(asset, 10**9),
        risk_segments=tuple(RiskSegment(upper_bound=bound, risk=factor) for bound, factor in segments),
        oracle_price_signed_asset_ids=tuple(oracle_id(asset, number) for number in range(5)),
        oracle_price_quorum=3,
        oracle_price_signers=tuple(key(signer) for signer in SIGNERS),
    )


def configured(*assets: SyntheticAsset, **fields: object) -> GeneralConfig:
    assets = assets or tuple(synthetic(asset) for asset in (BTC, ETH, SOL))
    return GeneralConfig(
        collateral={"asset_id": USD},
        fee_position=FeePosition(position_id=FEES, public_key=key(FEE_KEEPER)),
        synthetic_assets=tuple(sorted(assets, key=lambda asset: asset.asset_id)),
        **fields,
    )


CONFIG = configured()


def holds(owner: int, collateral: int, balances: dict[int, int] | None = None, index: int = 0) -> Position:
    """A position of the private key's owner; its cached indices are all `index`."""
    assets = tuple(Asset(asset, balance, index) for asset, balance in sorted((balances or {}).items()))
    return Position(key(owner), collateral, assets)


def world(positions: dict[int, Position], config: GeneralConfig = CONFIG, **fields) -> State:
    """`prices` and `indices` by asset; orders by id."""
    prices = fields.get("prices", PRICE)
    indices = fields.get("indices", dict.fromkeys(PRICE, 0))
    return State.of(
        config,
        positions,
        fields.get("orders", {}),
        tuple(sorted(indices.items())),
        fields.get("funding_timestamp", TIME),
        tuple(sorted(prices.items())),
        fields.get("system_time", NOW),
    )


def apply(state: State, *transactions, config: GeneralConfig = CONFIG, low=(), high=()) -> Batch:
    return apply_batch(config, state, transactions, HOUR, low, high)


@contextmanager
def refused(rule: Code | str) -> Iterator[None]:
    """The block is refused by this rule."""
    with pytest.raises(RuleBroken) as caught:
        yield
    assert caught.value.rule == (rule.name if isinstance(rule, Code) else rule), str(caught.value)


# --- what people do

TERMS = {"nonce": 1, "expiration_timestamp": HOUR + 24}


def withdrawal(owner: int, position: int, amount: int, to: int | None = None, **fields) -> Withdrawal:
    own = {"position_id": position, "amount": amount, "owner_key": key(owner) if to is None else to}
    return signed(Withdrawal, owner, USD, **{**TERMS, **own, **fields})


def transfer(
    owner: int, sender: int, receiver: int, position: int, amount: int, **fields
) -> Transfer | ConditionalTransfer:
    """To `receiver`'s key at `position`; with a condition it is a conditional one."""
    kind = ConditionalTransfer if "condition" in fields else Transfer
    to = {"receiver_public_key": key(receiver), "receiver_position_id": position}
    own = {"sender_position_id": sender, "amount": amount, "asset_id": USD}
    return signed(kind, owner, USD, **{**TERMS, **own, **to, **fields})


def order(owner: int, position: int, buys: bool, synthetic_amount: int, collateral: int, **fields) -> LimitOrder:
    own = {
        "position_id": position,
        "is_buying_synthetic": int(buys),
        "amount_synthetic": synthetic_amount,
        "amount_collateral": collateral,
        "amount_fee": 0,
        "synthetic_asset_id": ETH,
        "collateral_asset_id": USD,
    }
    return signed(LimitOrder, owner, USD, **{**TERMS, **own, **fields})


def trade(buy: LimitOrder, sell: LimitOrder, synthetic_amount: int, collateral: int, fees=(0, 0)) -> Trade:
    return Trade(
        buy_order=buy,
        sell_order=sell,
        actual_synthetic=synthetic_amount,
        actual_collateral=collateral,
        actual_buyer_fee=fees[0],
        actual_seller_fee=fees[1],
    )


def liquidate(liquidator: LimitOrder, position: int, synthetic_amount: int, collateral: int, fee=0) -> Liquidate:
    return Liquidate(
        liquidator_order=liquidator,
        liquidated_position_id=position,
        actual_synthetic=synthetic_amount,
        actual_collateral=collateral,
        actual_liquidator_fee=fee,
    )


def forced_trade(
    a: tuple[int, int], b: tuple[int, int], a_buys: bool, synthetic_amount: int, collateral: int, asset: int = ETH
) -> ForcedTrade:
    """`a` and `b` are (owner, position)."""
    return ForcedTrade(
        public_key_a=key(a[0]),
        public_key_b=key(b[0]),
        position_id_a=a[1],
        position_id_b=b[1],
        synthetic_asset_id=asset,
        amount_collateral=collateral,
        amount_synthetic=synthetic_amount,
        is_party_a_buying_synthetic=int(a_buys),
        nonce=7,
    )


def funding(timestamp: int = NOW, **changes) -> FundingTick:
    """All three assets; `indices={...}` overrides."""
    indices = {**dict.fromkeys(PRICE, 0), **changes.get("indices", {})}
    return FundingTick(timestamp=timestamp, funding_indices=tuple(sorted(indices.items())))


def external(price: int, asset: int) -> int:
    """The 10^-18 price that converts to this 32.32 one (exact where it divides)."""
    return price * RESOLUTION[asset] * 10**18 // (10**6 * ONE)


def signed_price(asset: int, price: int, timestamp: int = NOW, signers=SIGNERS[:3], quotes=None) -> SignedPrice:
    quotes = quotes or [external(price, asset)] * len(signers)
    signatures = [
        sign_price(signer, oracle_id(asset), quote, timestamp) for signer, quote in zip(signers, quotes, strict=True)
    ]
    return SignedPrice(
        asset_id=asset, price=price, signatures=tuple(sorted(signatures, key=lambda signature: signature.signer_key))
    )
