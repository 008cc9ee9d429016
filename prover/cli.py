"""The command `freehold`. Each command lives beside what it drives; this file only gathers them."""

import click

from prover.cairo.compile import compile_command
from prover.cairo.proof_commands import prove_command, verify_command
from prover.cairo.security_command import security_command
from prover.kernel.bench import bench_kernel
from prover.operator.batch_commands import batch_group
from prover.operator.program_bench import bench_program
from prover.operator.proof_bench import bench_prove, bench_trades
from prover.perpetual.trees_bench import bench_trees


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="freehold")
def main() -> None:
    """Run, prove, break and leave a self-custodial perpetual exchange.

    Here are the commands that need no chain; `ape run` has those that do. Each exits with 0, with 1 if what it was
    given is refused (one line says why), or with 2 if it was called wrongly.
    """


@main.group()
def bench() -> None:
    """Measure, on this machine."""


for command in (bench_kernel, bench_program, bench_prove, bench_trades, bench_trees):
    bench.add_command(command)
for command in (compile_command, prove_command, verify_command, security_command, batch_group):
    main.add_command(command)
