"""`freehold leave`: an escape planned from a state file alone."""

from __future__ import annotations

import json
from pathlib import Path

import click

from freehold.arguments import existing
from freehold.files import read_json
from freehold.leaving.plan import EscapePlan, NothingToTake, plan_from_state
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.units import PositionId


@click.command("leave")
@click.argument("state_file", type=existing, metavar="STATE")
@click.option("--position", required=True, type=click.IntRange(0, (1 << 64) - 1), help="The position's id.")
@click.option("--json", "as_json", is_flag=True, help="Print the plan as JSON, with the calls' data in hex.")
def leave_command(state_file: Path, position: int, as_json: bool) -> None:
    """Say what a position of a frozen exchange is worth in STATE, its last state, and which three calls take it out.

    Nothing is sent and nobody is asked: any wallet can send the calls, in this order, and anybody may. `ape run escape`
    sends them for you. STATE is the file that the committee keeps, that the exchange's record has, or that
    `ape run last_state` makes of what a rollup published.
    """
    try:
        collateral, state = LastState.to_leave_with(read_json(state_file))
        plan = plan_from_state(collateral, state, PositionId(position))
    except InputRefused as error:
        raise click.ClickException(f"{state_file}: {error}") from error
    except NothingToTake as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(document_of(plan)))
        return
    click.echo(f"position {plan.position_id} of Stark key {plan.stark_key:#x} is worth {plan.worth:,} quanta")
    click.echo(
        f"in the state that hashes to 0x{plan.state_hash.hex()} (`sharedStateHash()` of the exchange must say so)"
    )
    for number, one in enumerate(plan.calls, start=1):
        click.echo(f"{number}. to {one.to}: {one.signature}, {len(one.data):,} bytes; --json prints them")


def document_of(plan: EscapePlan) -> dict[str, object]:
    calls = [{"to": one.to, "signature": one.signature, "data": "0x" + one.data.hex()} for one in plan.calls]
    return {
        "position": plan.position_id,
        "stark_key": hex(plan.stark_key),
        "worth": plan.worth,
        "shared_state_hash": "0x" + plan.state_hash.hex(),
        "calls": calls,
    }
