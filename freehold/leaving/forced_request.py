"""What a forced withdrawal would come to by the last state, before it is sent."""

from __future__ import annotations

from freehold.chain.exchange import Exchange
from prover.applications.ledger.fields import FXP32
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import Code, RuleBroken
from prover.applications.perpetual.margin import funded, margin_left, totals
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import ForcedTrade, ForcedWithdrawal
from prover.applications.perpetual.units import PositionId


def warning_of(
    exchange: Exchange, last: tuple[GeneralConfig, State] | None, request: ForcedWithdrawal | ForcedTrade
) -> str:
    """What there is to say against the request by the last state; empty if nothing is, or if nobody knows the state."""
    if last is None:
        return ""
    config, state = last
    if not exchange.is_last(state):
        return "the state file is not the state on chain: nobody knows what the request would come to"
    try:
        batch = apply_batch(config, state, [request], Hours(0))
    except RuleBroken as error:
        return f"in the last state nothing can be served: {error}"
    (code,) = batch.served
    if code != Code.SUCCESS:
        return f"in the last state this would be proven invalid ({code.name})"
    if not isinstance(request, ForcedWithdrawal):
        return ""
    found = (could_be_deleveraged(batch, request.position_id), thin_margin(exchange, batch, request.position_id))
    return "; ".join(text for text in found if text)


def could_be_deleveraged(batch: Batch, position_id: PositionId) -> str:
    """A winner's holding can be closed without a signature at the price of a bankrupt position on the other side, in a
    batch before the request's: what is then left may be too little for it."""
    market = batch.before.market(batch.config)
    before = funded(batch.before.position(position_id), market)
    if before is None or not before.assets:
        return ""
    names = ", ".join(asset_name(asset.asset_id) for asset in before.assets)
    return (
        f"the position holds {names}: a deleverage against a bankrupt position, which nobody signs, could come first "
        "and make the request invalid. A forced trade first closes it"
    )


def thin_margin(exchange: Exchange, batch: Batch, position_id: PositionId) -> str:
    """Who takes what the margin allows and keeps the risk is soon liquidated (S4-11): a forced trade goes first.

    Said where the position's value would be less than twice what it must be.
    """
    position, market = batch.after.position(position_id), batch.after.market(batch.config)
    left = margin_left(position, market)
    if left * FXP32**2 >= totals(position, market).total_risk:
        return ""
    return (
        f"the position would keep its synthetic assets and be worth {exchange.coins(left)} more than its margin: "
        "after a greater loss the operator may liquidate it. A forced trade first closes the risk"
    )
