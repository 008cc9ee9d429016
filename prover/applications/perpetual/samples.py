"""Sample batches: an exchange of many assets whose people trade, for figures, for proofs and for tests.

`trades` and `every_kind` give documents that `freehold batch run` takes. `SampleExchange` builds others: it names what
its people and oracles agree on. Private keys here are small numbers that everybody knows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from prover.applications.ledger.units import AssetId, CollateralId, Hours, Seconds, StarkKey
from prover.applications.perpetual.config import Collateral, FeePosition, GeneralConfig, RiskSegment, SyntheticAsset
from prover.applications.perpetual.documents import BatchDocument, Case, StateDocument
from prover.applications.perpetual.fields import RISK_BOUND_MAX
from prover.applications.perpetual.messages import signed_asset_id
from prover.applications.perpetual.positions import Asset, Position
from prover.applications.perpetual.signing import Holder, Signer, sign_price, stark_key
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    ConditionalTransfer,
    Deleverage,
    Deposit,
    ForcedTrade,
    ForcedWithdrawal,
    FundingTick,
    LimitOrder,
    Liquidate,
    OracleTick,
    SignedPrice,
    Trade,
    Transaction,
    Transfer,
    Withdrawal,
)
from prover.applications.perpetual.units import (
    CollateralQuanta,
    ExternalPrice,
    FundingIndex,
    PositionId,
    Price,
    Risk,
    SyntheticQuanta,
)

Json = dict[str, Any]

COLLATERAL = CollateralId(0x2893294412A4C8F915F75892B395EBBF6859EC246EC365C3B1F56F47C3A0A5D)
TIME = Seconds(1_600_000_000)
PRICE = Price(2 << 32)
"""Of one quantum of every asset: two collateral quanta."""
INDEX = FundingIndex(1000)
"""Of every asset; holdings were funded at one less."""
RISK = Risk(150323855)
"""3.5 %, rounded down."""
RICH = CollateralQuanta(10**12)
ALICE, BOB, CAROL, FEE_KEEPER, HEIR = 11, 12, 13, 99, 14
ORACLES = (201, 202, 203, 204, 205)
QUORUM = 3
FEES = PositionId(1)
A, B, LIQUID, BANKRUPT = (PositionId(place) for place in (2**40 + 7, 2**50 + 9, 2**60 + 5, 2**61 + 3))
"""Positions of Alice, of Bob, and two of Carol's: one below its margin, one that owes more than it has."""


@cache
def key(private_key: int) -> StarkKey:
    return stark_key(private_key)


def asset_id(place: int) -> AssetId:
    """Of SYN00-9 and so on, padded to 13 bytes: the figures of the documents were measured with these."""
    return AssetId(int.from_bytes(f"SYN{place:02}-9".encode().ljust(13, b"\0"), "big"))


def oracle_asset_id(place: int, oracle: int) -> int:
    return signed_asset_id(b"SYN%02dUSD" % place, b"ora%02d" % oracle)


@dataclass
class SampleExchange:
    """Every asset has the same price, index and risk. `time` is the state's, in seconds; ticks come 10 seconds later.
    `position_bits`: positions of `trades` are drawn below 2^position_bits; the fewer bits, the more of their paths is
    shared.

    Orders expire a week after `time`, each has a nonce of its own.
    """

    n_assets: int = 20
    time: Seconds = TIME
    collateral: CollateralId = COLLATERAL
    is_rollup: bool = False
    height: int = 64
    position_bits: int = 64
    signer: Signer = field(init=False)

    def __post_init__(self) -> None:
        self.signer = Signer(self.collateral, self.expiration)

    @property
    def tick_time(self) -> Seconds:
        return Seconds(self.time + 10)

    @property
    def expiration(self) -> Hours:
        return Hours(self.time // 3600 + 7 * 24)

    def config(self) -> GeneralConfig:
        return GeneralConfig(
            collateral=Collateral(asset_id=self.collateral),
            fee_position=FeePosition(position_id=FEES, public_key=key(FEE_KEEPER)),
            positions_tree_height=self.height,
            data_availability_mode=int(self.is_rollup),
            synthetic_assets=tuple(_synthetic(place) for place in range(self.n_assets)),
        )

    def state(self, positions: Mapping[PositionId, Position]) -> State:
        """With a fee position, and nothing used of any order."""
        places = range(self.n_assets)
        indices = tuple((asset_id(place), INDEX) for place in places)
        prices = tuple((asset_id(place), PRICE) for place in places)
        fees = position(FEE_KEEPER, 10**6)
        return State.of(
            self.config(),
            {FEES: fees, **positions},
            {},
            indices,
            self.time,
            prices,
            self.time,
        )

    def case(
        self, state: State, transactions: Sequence[Transaction], prices: Sequence[SignedPrice] = (), name: str = ""
    ) -> Case:
        """`prices` are both the least and the greatest that ticks may set."""
        batch = BatchDocument(
            minimum_expiration_timestamp=self.expiration - 1,
            signed_min_prices=tuple(prices),
            signed_max_prices=tuple(prices),
            transactions=tuple(transactions),
        )
        return Case(name=name, config=self.config(), prev_state=StateDocument.of(state), batch=batch)

    # What people sign. An owner is a private key here.

    def order(
        self,
        owner: int,
        position_id: PositionId,
        place: int,
        is_buying: bool,
        synthetic: int,
        collateral: int,
        fee: int = 0,
    ) -> LimitOrder:
        amounts = SyntheticQuanta(synthetic), CollateralQuanta(collateral), CollateralQuanta(fee)
        return self.signer.order(Holder(owner, position_id), asset_id(place), is_buying, *amounts)

    def withdrawal(self, owner: int, position_id: PositionId, amount: int, to: StarkKey | None = None) -> Withdrawal:
        """`to` is the key that may claim it, the owner's by default."""
        receiver = key(owner) if to is None else to
        return self.signer.withdrawal(Holder(owner, position_id), CollateralQuanta(amount), receiver)

    def transfer(
        self,
        owner: int,
        sender: PositionId,
        receiver: int,
        position_id: PositionId,
        amount: int,
        condition: int | None = None,
    ) -> Transfer | ConditionalTransfer:
        """To `receiver`'s key at `position_id`; conditional if there is a condition."""
        parties = Holder(owner, sender), Holder(receiver, position_id)
        return self.signer.transfer(*parties, CollateralQuanta(amount), condition)

    def trade(
        self,
        buyer: tuple[int, PositionId],
        seller: tuple[int, PositionId],
        place: int,
        synthetic: int = 10**6,
        fee: int = 10,
    ) -> Trade:
        """Two fresh orders, each filled whole at the price; buyer and seller are (owner, position)."""
        collateral = synthetic * PRICE >> 32
        return Trade(
            buy_order=self.order(*buyer, place, True, synthetic, collateral, fee),
            sell_order=self.order(*seller, place, False, synthetic, collateral, fee),
            actual_synthetic=synthetic,
            actual_collateral=collateral,
            actual_buyer_fee=fee,
            actual_seller_fee=fee,
        )

    # What nobody signs, and what oracles do.

    def funding_tick(self) -> FundingTick:
        indices = tuple((asset_id(place), INDEX + 7) for place in range(self.n_assets))
        return FundingTick(funding_indices=indices, timestamp=self.tick_time)

    def oracle_tick(self, n_assets: int) -> OracleTick:
        """The first `n_assets` keep their price, as `signed_prices` lets them."""
        prices = tuple((asset_id(place), PRICE) for place in range(n_assets))
        return OracleTick(prices=prices, timestamp=self.tick_time)

    def signed_prices(self, n_assets: int, n_signatures: int = QUORUM) -> list[SignedPrice]:
        """PRICE, signed by the first oracles in the order of their keys."""
        external = ExternalPrice(PRICE * 10**18 * 1000 >> 32)
        oracles = sorted(ORACLES, key=key)[:n_signatures]
        return [
            SignedPrice(
                asset_id=asset_id(place),
                price=PRICE,
                signatures=tuple(
                    sign_price(oracle, oracle_asset_id(place, oracle % 4), external, self.time) for oracle in oracles
                ),
            )
            for place in range(n_assets)
        ]


def _synthetic(place: int) -> SyntheticAsset:
    return SyntheticAsset(
        asset_id=asset_id(place),
        resolution=10**9,
        risk_segments=(RiskSegment(upper_bound=RISK_BOUND_MAX, risk=RISK),),
        oracle_price_signed_asset_ids=tuple(oracle_asset_id(place, oracle) for oracle in range(4)),
        oracle_price_quorum=QUORUM,
        oracle_price_signers=tuple(key(oracle) for oracle in ORACLES),
    )


def position(owner: int, collateral: int, balances: dict[int, int] | None = None) -> Position:
    """Balances by place of the asset."""
    index = FundingIndex(INDEX - 1)
    holdings = sorted((balances or {}).items())
    assets = tuple(Asset(asset_id(place), SyntheticQuanta(held), index) for place, held in holdings)
    return Position(key(owner), CollateralQuanta(collateral), assets)


# What people ask the contract for.


def deposit(owner: int, position_id: PositionId, amount: int) -> Deposit:
    return Deposit(public_key=key(owner), position_id=position_id, amount=amount)


def forced_withdrawal(owner: int, position_id: PositionId, amount: int) -> ForcedWithdrawal:
    return ForcedWithdrawal(public_key=key(owner), position_id=position_id, amount=amount)


# Batches.


def trades(count: int, positions: int, **exchange: Any) -> Json:
    """The document of `trades_case`."""
    return _document(trades_case(count, positions, **exchange))


def trades_case(count: int, positions: int, **exchange: Any) -> Case:
    """A funding tick of all assets, an oracle tick of four, then `count` trades among `positions` positions.

    One of them is the fee position; every other one holds four assets before, and takes its turn in the trades before
    anybody comes again. Orders are fresh and pay fees; sellers sell what they hold. `exchange` are fields of
    SampleExchange.
    """
    sample = SampleExchange(**exchange)
    state, transactions = trades_on(sample, count, positions)
    ticks: list[Transaction] = [sample.funding_tick(), sample.oracle_tick(4)]
    return sample.case(state, [*ticks, *transactions], sample.signed_prices(4), f"{count} trades")


def trades_on(sample: SampleExchange, count: int, positions: int) -> tuple[State, list[Trade]]:
    """The state and the trades of `trades_case`. Raises ValueError where there are too few positions."""
    if positions < 3:
        raise ValueError(f"a trade takes 3 positions with the one for fees, not {positions}")
    draw = random.Random(count)
    owners = {
        PositionId(draw.randrange(FEES + 1, 1 << min(sample.position_bits, sample.height))): 300 + place
        for place in range(positions - 1)
    }
    holdings = {place: draw.sample(range(sample.n_assets), min(4, sample.n_assets)) for place in owners}
    state = sample.state(
        {place: position(owner, RICH, dict.fromkeys(holdings[place], 10**9)) for place, owner in owners.items()}
    )
    parties = [place for _ in range(-(-2 * count // len(owners))) for place in owners]
    transactions = []
    for buyer, seller in zip(parties[0 : 2 * count : 2], parties[1 : 2 * count : 2], strict=True):
        traded = draw.choice(holdings[seller])
        transactions.append(sample.trade((owners[buyer], buyer), (owners[seller], seller), traded))
    return state, transactions


def five_assets(sign_of_first: int = 1) -> dict[int, int]:
    return {place: (sign_of_first if place == 0 else 1) * 10**9 for place in range(5)}


def five_asset_state(sample: SampleExchange) -> State:
    """Alice long and Bob short in the first asset, and Carol's two positions in trouble; each holds five assets."""
    longs = 5 * 2 * 10**9
    return sample.state(
        {
            A: position(ALICE, RICH, five_assets()),
            B: position(BOB, RICH, five_assets(-1)),
            LIQUID: position(CAROL, -longs + 10**8, five_assets()),
            BANKRUPT: position(CAROL, -longs - 10**7, five_assets()),
        }
    )


def forced_trade(buyer: tuple[int, PositionId], seller: tuple[int, PositionId], nonce: int = 5) -> ForcedTrade:
    """10^6 quanta of the first asset at the price; buyer and seller are (owner, position)."""
    return ForcedTrade(
        public_key_a=key(buyer[0]),
        public_key_b=key(seller[0]),
        position_id_a=buyer[1],
        position_id_b=seller[1],
        synthetic_asset_id=asset_id(0),
        amount_collateral=2 * 10**6,
        amount_synthetic=10**6,
        is_party_a_buying_synthetic=1,
        nonce=nonce,
    )


def liquidation(order: LimitOrder, position_id: PositionId = LIQUID) -> Liquidate:
    """The order is filled whole."""
    return Liquidate(
        liquidator_order=order,
        liquidated_position_id=position_id,
        actual_collateral=order.amount_collateral,
        actual_synthetic=order.amount_synthetic,
        actual_liquidator_fee=0,
    )


def deleverage(collateral: int = 2_002_001) -> Deleverage:
    """10^6 quanta of the first asset from BANKRUPT to B; the default is the fair amount before any other change."""
    return Deleverage(
        deleveragable_position_id=BANKRUPT,
        deleverager_position_id=B,
        synthetic_asset_id=asset_id(0),
        amount_collateral=collateral,
        amount_synthetic=10**6,
        deleverager_is_buying_synthetic=1,
    )


def every_kind(condition: int = 77, **exchange: Any) -> Json:
    """All eleven kinds, forced requests of both outcomes, a withdrawal to another key.

    `condition` is the conditional transfer's; `exchange` are fields of SampleExchange.
    """
    sample = SampleExchange(**{"n_assets": 5, **exchange})
    transactions: list[Transaction] = [
        sample.funding_tick(),
        sample.oracle_tick(1),
        deposit(ALICE, A, 7),
        sample.withdrawal(ALICE, A, 7),
        sample.withdrawal(ALICE, A, 8, to=key(HEIR)),
        sample.transfer(ALICE, A, BOB, B, 7),
        sample.transfer(ALICE, A, BOB, B, 7, condition=condition),
        sample.trade((ALICE, A), (BOB, B), 0),
        forced_withdrawal(ALICE, A, 9),
        forced_withdrawal(ALICE, A, 2 * RICH),
        forced_trade((ALICE, A), (BOB, B)),
        forced_trade((ALICE, A), (CAROL, B), nonce=6),
        liquidation(sample.order(ALICE, A, 0, True, 10**6, 2 * 10**6)),
        deleverage(),
    ]
    return _document(sample.case(five_asset_state(sample), transactions, sample.signed_prices(1), "every kind"))


def _document(case: Case) -> Json:
    return case.model_dump(mode="json")
