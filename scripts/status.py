"""`ape run status`: what an exchange says of itself, and who waits for it."""

import json

import click

from freehold.chain.contracts import address_of
from freehold.chain.exchange import Exchange, Trade, Withdrawal, date, open_exchange, span
from freehold.chain.managers import chain
from freehold.chain.network import network_name
from freehold.chain.record import place_of
from freehold.leaving.account import history, keys_of, told
from freehold.leaving.deposits import WaitingDeposit, waiting_deposits
from prover.applications.perpetual.names import asset_name
from scripts._arguments import Script, exchange_option, progress_on_stderr, stark_key_of


@click.command(cls=Script)
@exchange_option
@click.option("--stark-key", help="Show too what the chain tells of this Stark key: deposits, requests, payments.")
@click.option("--owner", help="The same for every Stark key of this account.")
@click.option("--json", "as_json", is_flag=True, help="As JSON: amounts in quanta, times in seconds since 1970.")
def cli(deployment: str | None, stark_key: str | None, owner: str | None, as_json: bool) -> None:
    """Show an exchange's state and every pending forced request, with the time its operator has left.

    With --stark-key or --owner also where a user's money is, as far as the chain tells.
    """
    exchange = open_exchange(place_of(deployment))
    facts, requests, keys = facts_of(exchange), exchange.requests(), _keys(exchange, stark_key, owner)
    if as_json:
        click.echo(json.dumps(document(exchange, facts, requests, keys), indent=2))
        return
    for name, fact in facts.items():
        click.echo(f"{name:<16} {fact}")
    click.echo(f"{'forced requests':<16} {len(requests) or 'none is pending'}")
    for request in requests:
        click.echo(f"  {request_text(exchange, request)}, {left(exchange, request)}")
    for key in keys:
        tell_key(exchange, key)


def facts_of(exchange: Exchange) -> dict[str, str]:
    contract, frozen = exchange.contract, exchange.contract.isFrozen()
    state_hash = exchange.extra("sharedStateHash")
    return {
        "exchange": f"{contract.address} on {network_name()}",
        "begun": exchange.beginning(),
        "time": f"{date(chain.blocks.head.timestamp)}, block {chain.blocks.head.number}",
        "frozen": f"yes; it may resume at {date(exchange.unfreeze_time())} if nobody escapes" if frozen else "no",
        "updates": f"{contract.getSequenceNumber()}, the last batch is {contract.getLastBatchId()}",
        "shared state": "its hash is not told" if state_hash is None else "0x" + bytes(state_hash).hex(),
        "positions root": hex(contract.getRollupVaultRoot()),
        "configuration": "0x" + bytes(contract.globalConfigurationHash()).hex(),
        "verifiers": ", ".join(contract.getRegisteredVerifiers()) or "none",
        "availability": ", ".join(contract.getRegisteredAvailabilityVerifiers()) or "none",
        "collateral held": held(exchange),
        "grace period": span(contract.FREEZE_GRACE_PERIOD()),
    }


def held(exchange: Exchange) -> str:
    address = exchange.contract.address
    if exchange.token is not None:
        return f"{exchange.coins(exchange.token.balanceOf(address))} of {exchange.token.address}"
    return f"{exchange.coins(exchange.contract.balance)} ether" if exchange.asset_type else "none is named yet"


def request_text(exchange: Exchange, request: Withdrawal | Trade) -> str:
    if isinstance(request, Withdrawal):
        return f"position {request.position_id}, key {request.stark_key:#x}: {exchange.coins(request.amount)}"
    trade = request.trade
    side = "buys" if trade.is_party_a_buying_synthetic else "sells"
    return (
        f"position {trade.position_id_a}, key {trade.public_key_a:#x}: trade with position {trade.position_id_b}, "
        f"{side} {trade.amount_synthetic} quanta of {asset_name(trade.synthetic_asset_id)} for "
        f"{exchange.coins(trade.amount_collateral)}, nonce {trade.nonce}"
    )


def left(exchange: Exchange, request: Withdrawal | Trade) -> str:
    """What becomes of a request."""
    if exchange.contract.isFrozen():
        return "the exchange is frozen: nobody serves it"
    if request.left > 0:
        return f"{span(request.left)} left, until {date(request.deadline)}"
    return "outlasted by a freeze: make it anew" if request.is_outlived else "late: anyone may freeze the exchange"


def tell_key(exchange: Exchange, key: int) -> None:
    """Where a key's money is, as far as the chain tells."""
    frozen, collateral = exchange.contract.isFrozen(), exchange.asset_type
    waits = exchange.contract.getWithdrawalBalance(key, collateral)
    click.echo(f"Stark key {key:#x} of {exchange.owner_of(key) or 'nobody: `ape run register` gives it an owner'}")
    if waits:
        click.echo(f"  {exchange.coins(waits)} waits: `ape run withdraw --stark-key {key:#x}` pays it")
    for deposit in _deposits(exchange, key):
        what = f"a deposit of {exchange.coins(deposit.amount)} into position {deposit.position_id} waits"
        click.echo(f"  {what}: {deposit.advice(frozen)}")
    steps = history(exchange, key, progress_on_stderr("logs"))
    for step in steps:
        click.echo(f"  {told(step)}")
    if not steps:
        click.echo("  the chain tells nothing of it")
    click.echo("  a withdrawal that was signed for the operator is not on chain before a batch takes it out")


def document(
    exchange: Exchange, facts: dict[str, str], requests: list[Withdrawal | Trade], keys: list[int]
) -> dict[str, object]:
    """For programs: what `facts` say, with numbers where there are any."""
    contract = exchange.contract
    return {
        **{name.replace(" ", "_"): fact for name, fact in facts.items()},
        "exchange": contract.address,
        "network": network_name(),
        "time": chain.blocks.head.timestamp,
        "block": chain.blocks.head.number,
        "frozen": contract.isFrozen(),
        "sequence_number": contract.getSequenceNumber(),
        "last_batch_id": contract.getLastBatchId(),
        "grace_period": contract.FREEZE_GRACE_PERIOD(),
        "forced_requests": [_request_document(exchange, request) for request in requests],
        "stark_keys": [_key_document(exchange, key) for key in keys],
    }


def _request_document(exchange: Exchange, request: Withdrawal | Trade) -> dict[str, object]:
    times = {"requested_at": request.requested_at, "deadline": request.deadline}
    if isinstance(request, Trade):
        return {"kind": "trade", **request.trade.model_dump(mode="json", exclude={"type"}), **times}
    fields = {"stark_key": hex(request.stark_key), "position_id": request.position_id, "amount": request.amount}
    return {"kind": "withdrawal", **fields, **times, "freezes": left(exchange, request).startswith("late")}


def _key_document(exchange: Exchange, key: int) -> dict[str, object]:
    return {
        "stark_key": hex(key),
        "owner": exchange.owner_of(key),
        "waits_to_be_withdrawn": int(exchange.contract.getWithdrawalBalance(key, exchange.asset_type)),
        "deposits": [
            {
                "position_id": deposit.position_id,
                "amount": deposit.amount,
                "cancelled_at": deposit.cancelled_at or None,
                "reclaimable_at": deposit.reclaimable_at,
            }
            for deposit in _deposits(exchange, key)
        ],
        "history": [vars(step) for step in history(exchange, key)],
    }


def _deposits(exchange: Exchange, key: int) -> list[WaitingDeposit]:
    return waiting_deposits(exchange, key, progress=progress_on_stderr("deposits"))


def _keys(exchange: Exchange, stark_key: str | None, owner: str | None) -> list[int]:
    named = [stark_key_of(stark_key)] if stark_key else []
    return [*named, *(keys_of(exchange, address_of(owner, "--owner")) if owner else ())]
