"""`freehold bench operator`: what the operator's intake and batcher do on this machine."""

from __future__ import annotations

import json
from pathlib import Path

import click

from freehold.errors import Refused


@click.command("operator")
@click.option("--transactions", default=5_000, show_default=True, help="Sent to the intake.")
@click.option("--positions", default=1_000_000, show_default=True, help="Of the batcher's state.")
@click.option("--batches", default=5, show_default=True, help="Of 100 trades.")
@click.option("--past", default=0, show_default=True, help="Past transactions in the store.")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), help="Keeps the batcher's store, or finds it."
)
def bench_operator(transactions: int, positions: int, batches: int, past: int, folder: Path | None) -> None:
    """Transactions that are accepted in a second, and trades that are applied to a large state in a second.

    Prints JSON, with the machine's name. A million positions take minutes to make: --folder keeps them.
    """
    try:
        from freehold.bench.operator_loads import figures
    except ImportError as error:
        raise Refused(f"it needs what `pip install freehold[services]` brings: {error}") from error
    click.echo(json.dumps(figures(transactions, positions, batches, past, folder), indent=1))
