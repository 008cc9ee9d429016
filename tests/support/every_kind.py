"""One batch with all kinds of transactions: eleven in version 1, twelve in version 2."""

from __future__ import annotations

from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.signing import cancellation
from prover.applications.perpetual.transactions import Deleverage, OracleTick, Transaction
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    FEE_KEEPER,
    FEES,
    NOW,
    ONE,
    SOL,
    USD,
    apply,
    configured,
    deposit,
    forced_trade,
    forced_withdrawal,
    funding,
    holds,
    liquidate,
    order,
    signed_price,
    trade,
    transfer,
    withdrawal,
    world,
)

POSITIONS = {
    FEES: holds(FEE_KEEPER, 100),
    7: holds(ALICE, 10**6, {ETH: 500}),
    8: holds(BOB, 10**6, {ETH: -5000, SOL: 30}),
    9: holds(CAROL, -1960, {BTC: 1000}),
    10: holds(CAROL, -1010, {ETH: 1000}),
    11: holds(ALICE, 77),
    13: holds(CAROL, -650, {SOL: -25}),
}
FAR = signed_price(ETH, ONE // 2), signed_price(ETH, 2 * ONE)


def deleverage(bankrupt: int, other: int, asset: int, size: int, collateral: int, buys: int) -> Deleverage:
    return Deleverage(
        deleveragable_position_id=bankrupt,
        deleverager_position_id=other,
        synthetic_asset_id=asset,
        amount_synthetic=size,
        amount_collateral=collateral,
        deleverager_is_buying_synthetic=buys,
    )


def version_2() -> list[Transaction]:
    closing = order(BOB, 8, True, 50, 50, reduce_only=1, fill_or_kill=1, nonce=5)
    resting = order(ALICE, 7, True, 1000, 1000, amount_fee=10)
    return [
        trade(closing, order(ALICE, 7, False, 50, 50, nonce=5), 50, 50),
        cancellation(resting, ALICE, USD),
        deleverage(13, 8, SOL, 25, -650, buys=0),
    ]


def every_kind(mode: int, version: int = 1) -> Batch:
    """Funding twice, a new price, every other kind, forced requests of both outcomes; in version 2 also flags, a
    cancellation, and a deleverage that the other side pays for."""
    config = configured(data_availability_mode=mode, limits=Limits() if version == 2 else None)
    low, high = (signed_price(ETH, ONE - 5), signed_price(ETH, ONE)) if version == 2 else FAR
    more = version_2() if version == 2 else []
    transactions = [
        funding(NOW + 60, indices={ETH: 9}),
        OracleTick(prices=((ETH, ONE - 5),), timestamp=NOW + 90),
        deposit(ALICE, 7, 1000),
        withdrawal(BOB, 8, 300, to=0xABCDEF),
        transfer(ALICE, 7, BOB, 8, 40),
        transfer(ALICE, 7, CAROL, 12, 50, condition=99, nonce=2),
        trade(
            order(ALICE, 7, True, 1000, 1000, amount_fee=10),
            order(BOB, 8, False, 2000, 1900, amount_fee=20),
            600,
            590,
            (5, 6),
        ),
        liquidate(order(BOB, 8, True, 1000, 2000, synthetic_asset_id=BTC), 9, 500, 980),
        forced_withdrawal(ALICE, 11, 77),
        forced_withdrawal(ALICE, 11, 1),
        forced_trade((ALICE, 7), (BOB, 8), False, 100, 101),
        forced_trade((ALICE, 7), (CAROL, 8), True, 100, 100),
        deleverage(10, 8, ETH, 400, 405, buys=1),
        *more,
        funding(NOW + 120, indices={ETH: 11, SOL: -4}),
    ]
    return apply(world(POSITIONS, config), *transactions, config=config, low=[low], high=[high])
