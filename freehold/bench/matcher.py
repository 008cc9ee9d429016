"""`freehold bench matcher`: orders a second through the matcher's engine, and what one of them waits."""

from __future__ import annotations

import json

import click

from freehold.errors import Refused


@click.command("matcher")
@click.option("--orders", default=50_000, show_default=True, type=click.IntRange(100), help="Without signatures.")
@click.option("--signed", default=3_000, show_default=True, type=click.IntRange(100), help="With signatures.")
@click.option("--positions", default=1_000, show_default=True, type=click.IntRange(4), help="That trade.")
@click.option("--at-once", default=32, show_default=True, type=click.IntRange(1), help="Signatures checked together.")
@click.option("--taking", default=10, show_default=True, type=click.IntRange(0, 100), help="Of a hundred orders.")
def bench_matcher(orders: int, signed: int, positions: int, at_once: int, taking: int) -> None:
    """Orders a second on one core, with the margin of each looked at and each fill judged by the rules.

    Some orders take at once what they find, the others go to the book. After three of five orders somebody cancels one.
    Prints JSON, with the machine's name. No network, no disk: what carries events to the engine comes on top.
    """
    try:
        from freehold.bench.matcher_loads import figures
    except ImportError as error:
        raise Refused(f"it needs what `pip install freehold[services]` brings: {error}") from error
    click.echo(json.dumps(figures(orders, signed, positions, at_once, taking), indent=1))
