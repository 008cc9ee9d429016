"""`freehold worker run`: proves for an operator, on any machine that reaches its store."""

from __future__ import annotations

import os
import signal
from types import FrameType

import click

from freehold.errors import Refused

GIB = 1 << 30


@click.group("worker")
def worker_group() -> None:
    """Prove what an operator orders."""


@worker_group.command("run")
@click.option(
    "--store",
    "url",
    required=True,
    envvar="FREEHOLD_STORE__URL",
    help="URL of the operator's store, as SQLAlchemy writes it; in the environment, no list of processes shows it.",
)
@click.option("--once", is_flag=True, help="Prove one job, or none if none waits, and end.")
@click.option("--memory", type=click.FloatRange(0.25), help="GiB that a proof may take; the machine's without it.")
@click.option("--name", help="Under which jobs are claimed; this machine's and the process's without it.")
@click.option(
    "--lease", type=click.FloatRange(1), default=60.0, show_default=True, help="Seconds until others take over."
)
@click.option("--threads", type=click.IntRange(1), help="Of the kernel; all cores without it.")
def run_command(
    url: str, once: bool, memory: float | None, name: str | None, lease: float, threads: int | None
) -> None:
    """Claim proofs from a store and make them, one after the other, until Ctrl-C gives back what is at work.

    Each proof is made in one process and verified in another before it is stored. With --once the exit code is 1 if a
    job was claimed and not proved.

    \b
    freehold worker run --store postgresql+psycopg://operator@db/freehold
    """
    try:
        from freehold.services.operator.store import open_operating_store
        from freehold.services.operator.worker import Outcome, Worker
    except ImportError as error:
        raise Refused(f"`freehold worker` needs what `pip install freehold[services]` brings: {error}") from error
    if threads:
        os.environ["FREEHOLD_THREADS"] = str(threads)
    store = open_operating_store(url)
    worker = Worker(store, name, int(memory * GIB) if memory else None, lease)

    def stop(number: int, _: FrameType | None) -> None:
        """Once; the second time it ends as it would anyway."""
        click.echo("stopping", err=True)
        worker.stop.set()
        signal.signal(number, signal.SIG_DFL)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if not once:
            worker.run()
            return
        outcome = worker.work()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        store.close()
    if outcome not in (Outcome.DONE, Outcome.NOTHING):
        raise click.ClickException(f"the job was not proved: {outcome.value}")
    click.echo(outcome.value)
