"""`freehold bench workers`: proofs an hour of this machine, by how many workers share its cores."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from freehold.arguments import parameters_option
from freehold.bench.kernel import machine
from freehold.bench.proofs import batch_of
from freehold.errors import Refused


@click.command("workers")
@click.option("--proofs", default=4, show_default=True, type=click.IntRange(1, 100), help="How many are made.")
@click.option("--trades", default=20, show_default=True, type=click.IntRange(1, 1000), help="In each batch.")
@click.option("--most", default=2, show_default=True, type=click.IntRange(1, 64), help="Workers, from one on.")
@parameters_option
def bench_workers(proofs: int, trades: int, most: int, set_name: str) -> None:
    """Prove the same number of batches with 1, 2, ... workers at once, as the operator's engine `process` does.

    The proof's own process is measured, from its start to its answer; verifying and storing come on top.
    """
    batch = batch_of(trades)
    given, expected = (json.dumps(one).encode() for one in (batch.program_input(), batch.output()))
    console, table = Console(width=120), Table(title=f"{proofs} proofs of {trades} trades, parameters {set_name}")
    for name in ("workers", "threads each", "s", "s a proof", "proofs an hour", "peak GiB of one"):
        table.add_column(name, justify="right")
    console.print(machine())
    for workers in range(1, most + 1):
        began = time.perf_counter()
        threads, peaks = _proved(proofs, workers, (given, expected, set_name))
        seconds = time.perf_counter() - began
        rate, peak = 3600 * proofs / seconds, max(peaks) / 2**30
        figures = (f"{seconds:.1f}", f"{seconds / proofs:.2f}", f"{rate:,.0f}", f"{peak:.2f}")
        table.add_row(str(workers), str(threads), *figures)
    console.print(table)


def _proved(proofs: int, workers: int, work: tuple[bytes, bytes, str]) -> tuple[int, Sequence[int]]:
    """The kernel's threads of each worker, and the peak of each proof in bytes. Raises Refused."""
    try:
        from freehold.services.operator.children import Child, ChildEnded
        from freehold.services.operator.engines.process import threads_of
        from freehold.services.operator.proving import prove_request
        from freehold.services.operator.worker import PROVER
    except ImportError as error:
        raise Refused(
            f"`freehold bench workers` needs what `pip install freehold[services]` brings: {error}"
        ) from error
    threads = threads_of(workers)

    def peak(_: int) -> int:
        with Child(PROVER, prove_request(*work, None), {"FREEHOLD_THREADS": str(threads)}) as child:
            try:
                return _peak_of(child)
            except ChildEnded as ended:
                raise Refused(f"the proof {ended}") from ended

    with ThreadPoolExecutor(workers) as pool:
        return threads, list(pool.map(peak, range(proofs)))


def _peak_of(child: Any) -> int:
    while True:
        message = child.message(3600.0) or {"refused": "no answer within an hour"}
        if "refused" in message:
            raise Refused(message["refused"])
        if "done" in message:
            return int(message["done"]["peak_bytes"])
