"""What each transaction does to the carried state, or the rule that forbids it (docs/spec/perpetual-state.md 6, 7).

`Carried.execute` takes one transaction after the other. It leaves everything that concerns the batch as a whole
(configuration, signed prices, trees, output) to `batch.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from prover.algebra import ecdsa
from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import AssetId, Hours, Seconds, StarkKey
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import (
    Code,
    FundingRefused,
    OrderRefused,
    PositionRefused,
    PriceRefused,
    RequestRefused,
    RuleBroken,
    TimeRefused,
    UpdateRefused,
)
from prover.applications.perpetual.limits import check_liquidation, check_move
from prover.applications.perpetual.margin import Change, Market, Status, Update, funded, status, update_position
from prover.applications.perpetual.output import Modification
from prover.applications.perpetual.positions import Position
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import (
    CancelOrder,
    ConditionalTransfer,
    Deleverage,
    Deposit,
    ForcedTrade,
    ForcedWithdrawal,
    FundingTick,
    LimitOrder,
    Liquidate,
    OracleTick,
    Signed,
    Trade,
    Transaction,
    Transfer,
    Withdrawal,
)
from prover.applications.perpetual.units import (
    NO_COLLATERAL,
    CollateralQuanta,
    OrderId,
    PositionId,
    Price,
    Quanta,
    SyntheticQuanta,
    Used,
)


@dataclass(frozen=True)
class PositionChange:
    """One change of a position, by the transaction at `place`.

    `before` and `after` are what was stored, `code` what the update gave there.
    """

    place: int
    position_id: PositionId
    before: Position
    after: Position
    code: Code
    market: Market

    def before_funded(self) -> Position:
        return funded(self.before, self.market) or self.before


@dataclass
class Carried:
    """The state while a batch executes. `bounds` are the signed minimum and maximum prices."""

    state: State
    config: GeneralConfig
    minimum_expiration_timestamp: Hours
    bounds: tuple[Mapping[AssetId, Price], Mapping[AssetId, Price]]
    market: Market
    system_time: Seconds
    positions: dict[PositionId, Position] = field(default_factory=dict)
    orders: dict[OrderId, Used] = field(default_factory=dict)
    funding_timestamps: dict[PositionId, Seconds] = field(default_factory=dict)
    modifications: list[Modification] = field(default_factory=list)
    forced: list[ForcedWithdrawal | ForcedTrade] = field(default_factory=list)
    served: list[Code] = field(default_factory=list)
    conditions: list[int] = field(default_factory=list)
    funding_ticks: list[FundingTick] = field(default_factory=list)
    changes: list[PositionChange] = field(default_factory=list)
    has_deleveraged: bool = False
    place: int = 0
    known_signatures: set[ecdsa.Signed] = field(default_factory=set)
    """Found valid before, many at once."""

    def execute(self, transaction: Transaction) -> None:
        """Raises RuleBroken, with the transaction's place in it; the carried state is then of no use."""
        try:
            if not isinstance(transaction, FundingTick | OracleTick):
                self._check_funding_age()
            _EXECUTORS[type(transaction)](self, transaction)
        except RuleBroken as broken:
            broken.place, broken.transaction = self.place, transaction.type
            raise
        self.place += 1

    def _check_funding_age(self) -> None:
        limit = self.market.funding_timestamp + self.config.funding_validity_period
        if self.system_time > limit:
            detail = f"system time {self.system_time} is past the funding's validity at {limit}"
            raise TimeRefused(Code.INVALID_FUNDING_TICK_TIMESTAMP, detail)

    def copied(self) -> Carried:
        """One that goes its own way: what it executes changes nothing here."""
        twin = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list):
                setattr(twin, name, copy(value))
        return twin

    # --- positions

    def position(self, position_id: PositionId) -> Position:
        known = self.positions.get(position_id)
        return self.state.position(position_id) if known is None else known

    def _check_id(self, position_id: PositionId) -> None:
        height = self.config.positions_tree_height
        if position_id >> height:
            raise RequestRefused("POSITION_ID", f"position {position_id} is outside a tree of height {height}")

    def store(self, position_id: PositionId, position: Position, timestamp: Seconds | None, code: Code) -> None:
        """`timestamp` is what rollup data says of the position's indices; None keeps what this batch said before."""
        self.changes.append(
            PositionChange(self.place, position_id, self.position(position_id), position, code, self.market)
        )
        self.positions[position_id] = position
        known = self.funding_timestamps.get(position_id, Seconds(0))
        self.funding_timestamps[position_id] = known if timestamp is None else timestamp

    def attempt(self, position_id: PositionId, change: Change) -> Update:
        self._check_id(position_id)
        fees = self.config.fee_position
        owner = fees.public_key if position_id == fees.position_id else None
        return update_position(self.position(position_id), change, self.market, owner)

    def update(self, position_id: PositionId, change: Change) -> Update:
        """Changes the position. Raises UpdateRefused with the update's code."""
        update = self.attempt(position_id, change)
        if update.code != Code.SUCCESS:
            raise UpdateRefused(update.code, position_id, _asked(change, update.funded))
        self.store(position_id, update.result, update.funding_timestamp, update.code)
        return update

    # --- signed orders (6)

    def check_signature(self, order: Signed) -> None:
        message = order.message_hash(self.config.collateral.asset_id)
        signature = ecdsa.Signed(message, order.signature_r, order.signature_s, order.public_key)
        if signature not in self.known_signatures and not ecdsa.verify(*signature):
            raise OrderRefused(Code.INVALID_SIGNATURE, f"message {message:#x}, key {order.public_key:#x}")

    def leaf(self, order: Signed) -> tuple[OrderId, Used]:
        """The order's leaf, and how much of it is used."""
        order_id = order.order_id(self.config.collateral.asset_id)
        height = self.config.orders_tree_height
        if order_id >> height:
            raise OrderRefused("ORDER_ID", f"order {order_id} is outside a tree of height {height}")
        return order_id, self.orders[order_id] if order_id in self.orders else self.state.used(order_id)

    def use_order(self, order: Signed, amount: Quanta) -> None:
        """Checks signature and expiration, and uses up `amount` of what the order allows."""
        self.check_signature(order)
        if order.expiration_timestamp < self.minimum_expiration_timestamp:
            detail = f"expires at hour {order.expiration_timestamp}, the batch's minimum is "
            raise OrderRefused("ORDER_EXPIRED", detail + str(self.minimum_expiration_timestamp))
        order_id, used = self.leaf(order)
        if used + amount > order.full_amount():
            detail = f"{amount} asked, {used} of {order.full_amount()} used, order {order_id}"
            raise OrderRefused(Code.INVALID_FULFILLMENT_INFO, detail)
        self.orders[order_id] = Used(used + amount)

    def execute_leg(
        self, order: LimitOrder, synthetic: SyntheticQuanta, collateral: CollateralQuanta, fee: CollateralQuanta
    ) -> None:
        """One limit order's part of a trade or liquidation (6.3): limits, order, fee, position."""
        self.check_order(order)
        _check_limits(order, synthetic, collateral, fee)
        sign = 1 if order.is_buying_synthetic else -1
        change = Change(
            order.public_key,
            CollateralQuanta(-sign * collateral - fee),
            order.synthetic_asset_id,
            SyntheticQuanta(sign * synthetic),
        )
        _check_flags(order, self.position(order.position_id), synthetic, change.synthetic_delta)
        self.use_order(order, synthetic)
        fee_position = self.config.fee_position
        self.update(fee_position.position_id, Change(fee_position.public_key, fee))
        self.update(order.position_id, change)

    def check_order(self, order: LimitOrder | CancelOrder) -> None:
        """What a limit order must be, and one that is cancelled."""
        if order.position_id == self.config.fee_position.position_id:
            raise RequestRefused(Code.SAME_POSITION_ID, f"position {order.position_id} collects the fees")
        collateral_id = self.config.collateral.asset_id
        if order.collateral_asset_id != collateral_id:
            detail = f"{order.collateral_asset_id:#x} is not the collateral"
            raise OrderRefused(Code.INVALID_COLLATERAL_ASSET_ID, detail)
        if order.flags():
            self.check_version_2("an order with flags")

    def check_version_2(self, what: str) -> None:
        if self.config.limits is None:
            raise RequestRefused("NOT_IN_VERSION_1", what)

    def modify(self, owner_key: StarkKey, position_id: PositionId, difference: CollateralQuanta) -> None:
        self.modifications.append(Modification.of(owner_key, position_id, difference))

    def funded(self, position_id: PositionId) -> Position:
        self._check_id(position_id)
        base = funded(self.position(position_id), self.market)
        if base is None:
            raise UpdateRefused(Code.OUT_OF_RANGE_BALANCE, position_id, "funding takes its collateral out of 64 bits")
        return base

    def funded_totals(self, position_id: PositionId) -> tuple[Position, Status]:
        """A position with funding applied, and its totals. Raises UpdateRefused where they are out of range."""
        base = self.funded(position_id)
        totals = status(base, self.market)
        if isinstance(totals, Code):
            raise UpdateRefused(totals, position_id, f"it holds {base.collateral_balance} and {base.assets}")
        return base, totals


def _asked(change: Change, position: Position) -> str:
    fits = change.public_key is None or position.public_key in (0, change.public_key)
    key = "" if fits else f", key {change.public_key:#x}"
    synthetic = "" if change.asset_id is None else f" and {change.synthetic_delta:+} of {change.asset_id:#x}"
    return f"{change.collateral_delta:+} collateral{synthetic}{key}, to one that holds {_holdings(position)}"


def _holdings(position: Position) -> str:
    assets = "".join(f" and {asset.balance} of {asset.asset_id:#x}" for asset in position.assets)
    return f"{position.collateral_balance}{assets}"


def _different(first: PositionId, second: PositionId) -> None:
    if first == second:
        raise RequestRefused(Code.SAME_POSITION_ID, f"position {first} on both sides")


# --- collateral


def _deposit(carried: Carried, deposit: Deposit) -> None:
    carried.update(deposit.position_id, Change(deposit.public_key, deposit.amount))
    carried.modify(deposit.public_key, deposit.position_id, deposit.amount)


def _withdrawal(carried: Carried, withdrawal: Withdrawal) -> None:
    carried.use_order(withdrawal, withdrawal.amount)
    taken = CollateralQuanta(-withdrawal.amount)
    carried.update(withdrawal.position_id, Change(withdrawal.public_key, taken))
    carried.modify(withdrawal.owner_key, withdrawal.position_id, taken)


def _transfer(carried: Carried, transfer: Transfer | ConditionalTransfer) -> None:
    _different(transfer.sender_position_id, transfer.receiver_position_id)
    if transfer.asset_id != carried.config.collateral.asset_id:
        raise RequestRefused(Code.INVALID_COLLATERAL_ASSET_ID, f"{transfer.asset_id:#x} is not the collateral")
    carried.use_order(transfer, transfer.amount)
    carried.update(transfer.sender_position_id, Change(transfer.public_key, CollateralQuanta(-transfer.amount)))
    carried.update(transfer.receiver_position_id, Change(transfer.receiver_public_key, transfer.amount))


def _conditional_transfer(carried: Carried, transfer: ConditionalTransfer) -> None:
    _transfer(carried, transfer)
    carried.conditions.append(transfer.condition)


# --- trades


def _check_limits(
    order: LimitOrder,
    synthetic: SyntheticQuanta,
    collateral: CollateralQuanta,
    fee: CollateralQuanta,
) -> None:
    """The signed price and fee hold, up to one unit of collateral for each fill."""
    if order.amount_collateral == 0 or synthetic == 0:
        detail = f"{synthetic} synthetic filled of an order for {order.amount_collateral} collateral, neither may be 0"
        raise OrderRefused(Code.OUT_OF_RANGE_POSITIVE_AMOUNT, detail)
    signed = f"signed {order.amount_collateral} for {order.amount_synthetic}"
    if fee * order.amount_collateral > order.amount_fee * collateral:
        detail = f"fee {fee} on {collateral}, {signed} and a fee of {order.amount_fee}"
        raise OrderRefused(Code.INVALID_FULFILLMENT_FEE_RATIO, detail)
    if order.is_buying_synthetic:
        fair = collateral == 0 or (collateral - 1) * order.amount_synthetic < order.amount_collateral * synthetic
    else:
        fair = synthetic * order.amount_collateral < order.amount_synthetic * (collateral + 1)
    if not fair:
        verb = "pays" if order.is_buying_synthetic else "gets"
        raise OrderRefused(Code.INVALID_FULFILLMENT_ASSETS_RATIO, f"{verb} {collateral} for {synthetic}, {signed}")


def _check_flags(order: LimitOrder, held: Position, synthetic: SyntheticQuanta, delta: SyntheticQuanta) -> None:
    if order.reduce_only and not _closes(held, order.synthetic_asset_id, delta):
        detail = f"{delta:+} of {order.synthetic_asset_id:#x}, position {order.position_id} holds {_holdings(held)}"
        raise OrderRefused("REDUCE_ONLY", detail)
    if order.fill_or_kill and synthetic != order.amount_synthetic:
        raise OrderRefused("FILL_OR_KILL", f"{synthetic} filled of {order.amount_synthetic}")


def _closes(position: Position, asset_id: AssetId, delta: SyntheticQuanta) -> bool:
    """Whether the delta brings a holding nearer to 0, and not across it."""
    held = position.balance(asset_id)
    return delta == 0 or (held * delta < 0 and abs(delta) <= abs(held))


def _trade(carried: Carried, trade: Trade) -> None:
    buy, sell = trade.buy_order, trade.sell_order
    if (buy.is_buying_synthetic, sell.is_buying_synthetic) != (1, 0):
        flags = f"{buy.is_buying_synthetic} and {sell.is_buying_synthetic}"
        raise RequestRefused("TRADE_SIDES", f"is_buying_synthetic is {flags}, must be 1 and 0")
    if buy.synthetic_asset_id != sell.synthetic_asset_id:
        detail = f"{buy.synthetic_asset_id:#x} is bought, {sell.synthetic_asset_id:#x} sold"
        raise RequestRefused("TRADE_ASSETS", detail)
    _different(buy.position_id, sell.position_id)
    carried.execute_leg(buy, trade.actual_synthetic, trade.actual_collateral, trade.actual_buyer_fee)
    carried.execute_leg(sell, trade.actual_synthetic, trade.actual_collateral, trade.actual_seller_fee)


def _liquidate(carried: Carried, liquidate: Liquidate) -> None:
    order, position_id = liquidate.liquidator_order, liquidate.liquidated_position_id
    _different(order.position_id, position_id)
    base, totals = carried.funded_totals(position_id)
    if totals.is_well_leveraged():
        detail = f"position {position_id}: total value {totals.total_value}, total risk {totals.total_risk}"
        raise PositionRefused(Code.UNLIQUIDATABLE_POSITION, detail)
    # The liquidated side takes the opposite of the order.
    sign = -1 if order.is_buying_synthetic else 1
    synthetic = SyntheticQuanta(sign * liquidate.actual_synthetic)
    collateral = CollateralQuanta(-sign * liquidate.actual_collateral)
    _check_closes(base, position_id, order.synthetic_asset_id, synthetic)
    carried.update(position_id, Change(None, collateral, order.synthetic_asset_id, synthetic))
    if carried.config.limits is not None:
        _, after = carried.funded_totals(position_id)
        price = carried.market.prices[order.synthetic_asset_id]
        check_liquidation(carried.config.limits, position_id, totals, after, price, liquidate.actual_synthetic)
    carried.execute_leg(order, liquidate.actual_synthetic, liquidate.actual_collateral, liquidate.actual_liquidator_fee)


def _check_closes(position: Position, position_id: PositionId, asset_id: AssetId, delta: SyntheticQuanta) -> None:
    if not _closes(position, asset_id, delta):
        detail = f"position {position_id} holds {position.balance(asset_id)} of {asset_id:#x}, "
        detail += f"{delta:+} would not close it"
        raise PositionRefused("CLOSES_NO_HOLDING", detail)


def _deleverage(carried: Carried, request: Deleverage) -> None:
    bankrupt_id, other_id = request.deleveragable_position_id, request.deleverager_position_id
    if request.amount_collateral < 0 and carried.config.limits is None:
        raise RequestRefused(Code.OUT_OF_RANGE_AMOUNT, f"{request.amount_collateral} collateral in version 1")
    carried.has_deleveraged = True
    _different(bankrupt_id, other_id)
    _, before = carried.funded_totals(bankrupt_id)
    other = carried.funded(other_id)
    sign = 1 if request.deleverager_is_buying_synthetic else -1
    gives, takes = (
        Change(
            None,
            CollateralQuanta(-side * request.amount_collateral),
            request.synthetic_asset_id,
            SyntheticQuanta(side * request.amount_synthetic),
        )
        for side in (-sign, sign)
    )
    update = carried.update(bankrupt_id, gives)
    carried.update(other_id, takes)
    _check_closes(other, other_id, request.synthetic_asset_id, takes.synthetic_delta)
    if not before.is_deleveragable():
        detail = f"position {bankrupt_id}: total value is {before.total_value}, not negative"
        raise PositionRefused(Code.UNDELEVERAGABLE_POSITION, detail)
    after = status(update.result, carried.market)
    assert isinstance(after, Status), "an update that succeeded has totals in range"
    if before.total_value * after.total_risk <= (after.total_value - FXP32) * before.total_risk:
        detail = f"{request.amount_collateral} for {request.amount_synthetic} favours position {bankrupt_id}: total "
        detail += f"value {before.total_value} to {after.total_value}, risk {before.total_risk} to {after.total_risk}"
        raise PositionRefused(Code.UNFAIR_DELEVERAGE, detail)


def _cancel_order(carried: Carried, cancel: CancelOrder) -> None:
    """The order's leaf is used up. No leaf ever falls: an order with more used under this id is another one."""
    carried.check_version_2(cancel.type)
    carried.check_order(cancel)
    carried.check_signature(cancel)
    if carried.position(cancel.position_id).public_key != cancel.public_key:
        detail = f"key {cancel.public_key:#x} does not own it, so it cancels none of its orders"
        raise UpdateRefused(Code.INVALID_PUBLIC_KEY, cancel.position_id, detail)
    order_id, used = carried.leaf(cancel)
    if used > cancel.amount_synthetic:
        detail = f"{used} used of {cancel.amount_synthetic}, order {order_id}"
        raise OrderRefused(Code.INVALID_FULFILLMENT_INFO, detail)
    carried.orders[order_id] = Used(cancel.amount_synthetic)
    carried.update(cancel.position_id, Change(cancel.public_key, NO_COLLATERAL))


# --- forced requests


def _claimed(request: ForcedWithdrawal | ForcedTrade, code: Code) -> None:
    if request.is_valid is not None and bool(request.is_valid) != (code == Code.SUCCESS):
        detail = f"declared is_valid = {request.is_valid}, the update gives {code.name}"
        raise RequestRefused("FORCED_OUTCOME", detail)


def _check_before_deleverage(carried: Carried) -> None:
    """A deleverage is unsigned and takes what its operator chooses: put first, it could make a request invalid."""
    if carried.has_deleveraged and carried.config.limits is not None:
        raise RequestRefused("FORCED_AFTER_DELEVERAGE", "requests come before all deleverages of a batch")


def _forced_withdrawal(carried: Carried, request: ForcedWithdrawal) -> None:
    _check_before_deleverage(carried)
    taken = CollateralQuanta(-request.amount)
    update = carried.attempt(request.position_id, Change(request.public_key, taken))
    _claimed(request, update.code)
    carried.store(request.position_id, update.result, update.funding_timestamp, update.code)
    if update.code == Code.SUCCESS:
        carried.modify(request.public_key, request.position_id, taken)
    carried.forced.append(request)
    carried.served.append(update.code)


def _forced_trade(carried: Carried, request: ForcedTrade) -> None:
    """Both sides change, or neither does beyond its funding. The buyer's code is told first."""
    _check_before_deleverage(carried)
    _different(request.position_id_a, request.position_id_b)
    a, b = (request.position_id_a, request.public_key_a), (request.position_id_b, request.public_key_b)
    sides = ((a, 1), (b, -1)) if request.is_party_a_buying_synthetic else ((b, 1), (a, -1))
    updates = []
    for (position_id, key), sign in sides:
        change = Change(
            key,
            CollateralQuanta(-sign * request.amount_collateral),
            request.synthetic_asset_id,
            SyntheticQuanta(sign * request.amount_synthetic),
        )
        updates.append((position_id, carried.attempt(position_id, change)))
    code = next((update.code for _, update in updates if update.code != Code.SUCCESS), Code.SUCCESS)
    _claimed(request, code)
    for position_id, update in updates:
        if code != Code.SUCCESS and update.code == Code.SUCCESS:
            carried.store(position_id, update.funded, carried.market.funding_timestamp, code)
        else:
            carried.store(position_id, update.result, update.funding_timestamp, update.code)
    carried.forced.append(request)
    carried.served.append(code)


# --- ticks


def _moved_to(carried: Carried, timestamp: Seconds) -> int:
    """The seconds since the last tick."""
    elapsed = timestamp - carried.system_time
    if elapsed < 0:
        raise TimeRefused("SYSTEM_TIME", f"a tick to {timestamp} goes back from {carried.system_time}")
    carried.system_time = timestamp
    return elapsed


def _funding_tick(carried: Carried, tick: FundingTick) -> None:
    _moved_to(carried, tick.timestamp)
    market, new = carried.market, dict(tick.funding_indices)
    elapsed = tick.timestamp - market.funding_timestamp
    for asset_id, old in market.indices.items():
        if asset_id not in new:
            raise FundingRefused(Code.MISSING_GLOBAL_FUNDING_INDEX, f"the tick leaves out {asset_id:#x}")
        if asset_id not in market.prices:
            raise FundingRefused(Code.MISSING_ORACLE_PRICE, f"no price limits the funding of {asset_id:#x}")
        limit = carried.config.max_funding_rate * market.prices[asset_id] * elapsed
        if abs(new[asset_id] - old) * FXP32 > limit:
            detail = f"{asset_id:#x} moves from {old} to {new[asset_id]}, at most {limit // FXP32} in {elapsed} s"
            raise FundingRefused("FUNDING_RATE", detail)
    for asset_id in new:
        if asset_id not in market.assets:
            detail = f"{asset_id:#x} is not configured, and funding would keep it for ever"
            raise FundingRefused(Code.MISSING_SYNTHETIC_ASSET_ID, detail)
    carried.market = replace(market, indices=new, funding_timestamp=tick.timestamp)
    carried.funding_ticks.append(tick)


def _oracle_tick(carried: Carried, tick: OracleTick) -> None:
    elapsed = _moved_to(carried, tick.timestamp)
    low, high = carried.bounds
    limits, known = carried.config.limits, carried.market.prices
    for asset_id, price in tick.prices:
        if asset_id not in low or asset_id not in high:
            raise PriceRefused("PRICE_NOT_SIGNED", f"no signed range for {asset_id:#x}")
        if limits is not None and asset_id in known:
            check_move(limits, asset_id, known[asset_id], price, (low[asset_id], high[asset_id]), elapsed)
        elif not low[asset_id] <= price <= high[asset_id]:
            detail = f"{price} for {asset_id:#x}, signed are {low[asset_id]} to {high[asset_id]}"
            raise PriceRefused(Code.INVALID_ASSET_ORACLE_PRICE, detail)
    carried.market = replace(carried.market, prices={**carried.market.prices, **dict(tick.prices)})


_EXECUTORS: dict[type, Callable[[Carried, Any], None]] = {
    Deposit: _deposit,
    Withdrawal: _withdrawal,
    Transfer: _transfer,
    ConditionalTransfer: _conditional_transfer,
    Trade: _trade,
    Liquidate: _liquidate,
    Deleverage: _deleverage,
    CancelOrder: _cancel_order,
    ForcedWithdrawal: _forced_withdrawal,
    ForcedTrade: _forced_trade,
    FundingTick: _funding_tick,
    OracleTick: _oracle_tick,
}
