"""A deposit before it is sent: what would be stuck is refused, and the token is approved where it must be."""

from __future__ import annotations

from freehold.chain.calls import ContractCall
from freehold.chain.exchange import Exchange
from freehold.errors import Refused
from freehold.leaving.deposits import deposit_in
from prover.applications.perpetual.fields import BALANCE_BIAS
from prover.applications.perpetual.state import State
from prover.applications.perpetual.units import PositionId


def refuse_stuck(
    exchange: Exchange, sender: str, stark_key: int, position_id: PositionId, amount: int, for_another: bool
) -> None:
    """Raises Refused for a deposit that no batch could take, or that nobody could ask for back."""
    if exchange.contract.isFrozen():
        raise Refused("the exchange is frozen and takes no deposit")
    if amount == 0:
        raise Refused("--amount 0 deposits nothing")
    owner = exchange.owner_of(stark_key)
    if owner is None:
        raise Refused(
            f"the Stark key {stark_key:#x} is not registered, nobody could ask for the deposit back: "
            "`ape run register` first"
        )
    if owner != sender and not for_another:
        raise Refused(
            f"the Stark key belongs to {owner}, who alone could ask for the deposit back: --for-another if "
            "that is meant"
        )
    height = exchange.contract.getRollupTreeHeight()
    if position_id >> height:
        raise Refused(f"no batch can take it: the exchange has positions below 2^{height}")
    waiting = deposit_in(exchange, stark_key, position_id)
    if (waiting.amount if waiting else 0) + amount >= BALANCE_BIAS:
        raise Refused(f"no batch can take it: a position holds less than {exchange.coins(BALANCE_BIAS)}")
    if waiting and waiting.cancelled_at and owner == sender:
        raise Refused(
            f"a cancelled deposit of {exchange.coins(waiting.amount)} waits in this position, and a deposit would end "
            "its cancellation: `ape run deposit_reclaim` first"
        )


def refuse_by_state(
    exchange: Exchange, last: State | None, stark_key: int, position_id: PositionId, amount: int
) -> None:
    """What the last state says, where its file is at hand: another key's position takes nothing of this one's."""
    if last is None or not exchange.is_last(last):
        return
    held = last.position(position_id)
    if not held.is_empty() and held.public_key != stark_key:
        raise Refused(f"no batch can take it: position {position_id} belongs to the Stark key {held.public_key:#x}")
    if held.collateral_balance + amount >= BALANCE_BIAS:
        raise Refused(f"no batch can take it: a position holds less than {exchange.coins(BALANCE_BIAS)}")


def deposit_calls(
    exchange: Exchange, sender: str, stark_key: int, position_id: PositionId, amount: int, balance: int
) -> list[ContractCall]:
    """The deposit, after an approval if the exchange may not take as much yet. `balance`: the sender's ether.

    Some tokens refuse to change an allowance that is not 0: it is set to 0 first.
    """
    coins, slot = exchange.coins(amount), (stark_key, exchange.asset_type, position_id)
    what = f"deposit {coins} into position {position_id}"
    if exchange.token is None:
        if balance < amount:
            raise Refused(f"{sender} has {exchange.coins(balance)}, less than {coins}")
        return [ContractCall(what, exchange.contract, "depositEth", slot, amount)]
    held = exchange.token.balanceOf(sender)
    if held < amount:
        raise Refused(f"{sender} has {exchange.coins(held)} of {exchange.token.address}, less than {coins}")
    spender = exchange.contract.address
    allowed = exchange.token.allowance(sender, spender)
    approvals = [0, amount] if 0 < allowed < amount else [amount] if allowed < amount else []
    return [
        *(
            ContractCall(
                f"allow the exchange to take {exchange.coins(value)}", exchange.token, "approve", (spender, value)
            )
            for value in approvals
        ),
        ContractCall(what, exchange.contract, "depositERC20", (*slot, amount)),
    ]
