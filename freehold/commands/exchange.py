"""`freehold exchange`: a whole exchange on this machine."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click
from rich.console import Console


@click.group("exchange")
def exchange_group() -> None:
    """Run a whole exchange on this machine, to look at and to try things on."""


@exchange_group.command("run")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="End by itself, with a summary.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".build/exchange"),
    show_default=True,
    help="Where it stands; a second start goes on with what is there.",
)
@click.option("--port", type=click.IntRange(1024, 65_000), default=7000, show_default=True, help="First of five.")
@click.option(
    "--rate", type=click.FloatRange(0, 100, min_open=True), default=2.0, show_default=True, help="Trades a second."
)
@click.option("--seed", default="freehold", show_default=True, help="Prices and people's keys follow from it.")
def run_command(minutes: float | None, folder: Path, port: int, rate: float, seed: str) -> None:
    """Start a chain, deploy, start oracle, operator, prover and committee, and let people trade.

    Needs the source tree: the contracts are deployed from it. Ctrl-C stops all of it; started again, it goes on.
    """
    from freehold.local.exchange import LocalExchange, refuse_taken
    from freehold.local.setting_up import Home, Ports

    home = Home(folder.resolve(), Ports(port), seed)
    refuse_taken(home)
    home.folder.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    found = LocalExchange(home, rate, Console()).run(stop, minutes)
    if found is not None and not found["balance_sheet"]["adds_up"]:
        raise click.ClickException("the balance sheet does not add up")
