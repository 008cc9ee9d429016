"""One batch with all eleven kinds of transactions."""

from __future__ import annotations

from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.transactions import Deleverage, OracleTick
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
}


def every_kind(mode: int) -> Batch:
    """Funding twice, a new price, every other kind, forced requests of both outcomes."""
    config = configured(data_availability_mode=mode)
    low, high = signed_price(ETH, ONE // 2), signed_price(ETH, 2 * ONE)
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
        Deleverage(
            deleveragable_position_id=10,
            deleverager_position_id=8,
            synthetic_asset_id=ETH,
            amount_synthetic=400,
            amount_collateral=405,
            deleverager_is_buying_synthetic=1,
        ),
        forced_withdrawal(ALICE, 11, 77),
        forced_withdrawal(ALICE, 11, 1),
        forced_trade((ALICE, 7), (BOB, 8), False, 100, 101),
        forced_trade((ALICE, 7), (CAROL, 8), True, 100, 100),
        funding(NOW + 120, indices={ETH: 11, SOL: -4}),
    ]
    return apply(world(POSITIONS, config), *transactions, config=config, low=[low], high=[high])
