"""The command `freehold`. This file only gathers its commands, and says in one line what none of them caught."""

import errno
from typing import Any

import click

from freehold.bench.kernel import bench_kernel
from freehold.bench.matcher import bench_matcher
from freehold.bench.operator import bench_operator
from freehold.bench.program import bench_program
from freehold.bench.proofs import bench_prove, bench_trades
from freehold.bench.trees import bench_trees
from freehold.bench.workers import bench_workers
from freehold.commands.batch import batch_group
from freehold.commands.committee import committee_group
from freehold.commands.compile import compile_command
from freehold.commands.exchange import exchange_group
from freehold.commands.leave import leave_command
from freehold.commands.operator import operator_group
from freehold.commands.oracle import oracle_group
from freehold.commands.output import output_command
from freehold.commands.proof import prove_command, verify_command
from freehold.commands.security import security_command
from freehold.commands.worker import worker_group
from freehold.errors import Refused
from prover.stark.memory_need import START_BYTES, addresses_needed


class OneLine(click.Group):
    """A group whose commands end in one line when files, memory or what they were given fail them."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Refused as error:
            raise click.ClickException(str(error)) from error
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(("freehold", "prover")):
                raise
            hint = "`pip install 'freehold[services]'` brings what services need"
            raise click.ClickException(f"{error.name} is not installed: {hint}") from error
        except MemoryError as error:
            least = addresses_needed(START_BYTES) / 2**30
            raise click.ClickException(
                f"out of memory ({error}): where addresses are limited (ulimit -v), {least:.1f} GiB are the least"
            ) from error
        except OSError as error:
            if error.errno == errno.EPIPE:  # nobody reads on: click ends silently
                raise
            where = f"{error.filename}: " if error.filename else ""
            raise click.ClickException(f"{where}{error.strerror or error}") from error


@click.group(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="freehold")
def main() -> None:
    """Run, prove, break and leave a self-custodial perpetual exchange.

    Here are the commands that need no chain; `ape run` has those that do. Each exits with 0, with 1 if what it was
    given is refused (one line says why), or with 2 if it was called wrongly.
    """


@main.group()
def bench() -> None:
    """Measure, on this machine."""


for command in (
    bench_kernel,
    bench_matcher,
    bench_operator,
    bench_program,
    bench_prove,
    bench_trades,
    bench_trees,
    bench_workers,
):
    bench.add_command(command)
for command in (
    compile_command,
    prove_command,
    verify_command,
    output_command,
    security_command,
    batch_group,
    committee_group,
    exchange_group,
    leave_command,
    worker_group,
    operator_group,
    oracle_group,
):
    main.add_command(command)
