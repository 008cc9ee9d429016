"""`freehold bench prove` and `bench trades`: what proofs cost on this machine, of a fixed set and of batches of trades.

How a proof is measured is in `freehold/bench/stages.py`; the batches, in `prover/applications/perpetual/samples.py`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from freehold.arguments import NewFile, NewFolder, existing, parameters_option, trust_option
from freehold.bench.kernel import Limits, limits, machine
from freehold.bench.stages import LARGEST, Case, Result, filling_case, results, show
from freehold.errors import Refused
from freehold.files import read_json, write_work
from freehold.hints import refuse_strange_hints
from freehold.programs import read_program
from prover.applications.perpetual import documents, samples
from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.program import PROGRAM_FILE
from prover.proving.batch import run_batch, run_exchange
from prover.stark.parameters import DEFAULT, NAMED

POSITIONS = 59
POSITION_BITS = 20
"""Positions numbered below a million, as an exchange hands them out; order numbers are hashes and fill their tree."""
PROGRAMS = {
    "loop": "loop only",
    "hashes": "a Pedersen hash in 8 steps",
    "signatures": "a signature in 512 steps",
    "exchange": f"trades among {POSITIONS} positions",
}
"""The fixed set; the last is the exchange's own program."""


def batch_of(count: int) -> Batch:
    """Ticks and `count` trades among POSITIONS positions."""
    return documents.Case.parsed(samples.trades(count, POSITIONS, position_bits=POSITION_BITS)).apply()


def trades_input(count: int) -> dict[str, Any]:
    """The program's input. Raises OutputDiffers where rules and program disagree: no figure is of a wrong batch."""
    batch = batch_of(count)
    run_batch(batch)
    return batch.program_input()


def filling_trades(log_steps: int) -> dict[str, Any]:
    """Input of the largest batch of trades that fits 2^log_steps."""

    def attempt(count: int) -> tuple[dict[str, Any], int]:
        given = batch_of(count).program_input()
        return given, run_exchange(given, max_steps=1 << LARGEST + 1).n_executed_steps

    few, more = attempt(1)[1], attempt(9)[1]
    count = max(1, 1 + 8 * ((1 << log_steps) - few) // (more - few))
    given, steps = attempt(count)
    while steps > 1 << log_steps and count > 1:
        count -= 1
        given, steps = attempt(count)
    while True:
        larger, steps = attempt(count + 1)
        if steps > 1 << log_steps:
            return given
        given, count = larger, count + 1


def _fixed(name: str, log_steps: int) -> Case:
    if name == "exchange":
        return Case(name, PROGRAMS[name], PROGRAM_FILE, partial(filling_trades, log_steps))
    return filling_case(name, PROGRAMS[name], log_steps)


def _numbers(text: str, name: str, low: int, high: int) -> list[int]:
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError as error:
        raise click.ClickException(f"{name} are numbers with commas, not {text!r}") from error
    if not all(low <= number <= high for number in numbers):
        raise click.ClickException(f"{name} must lie in [{low}, {high}]")
    return numbers


def _measure(cases: list[Case], unit: Limits, console: Console) -> list[Result]:
    console.print(f"{machine()}; in cache: {unit.describe()}")
    found = []
    for result in results(cases, unit):
        show(result, console)
        found.append(result)
    return found


@click.command("prove")
@click.option("--sizes", default="14,16,18,20", show_default=True, help="log2 of the steps, with commas.")
@click.option("--only", type=click.Choice(list(PROGRAMS)), help="One program of the set.")
@click.option("--program", "program_file", type=existing, help="Another.")
@click.option("--input", "input_file", type=existing, help="Its input.")
@click.option("--json", "target", type=NewFile(), help="Write the figures here too.")
@trust_option
def bench_prove(
    sizes: str,
    only: str | None,
    program_file: Path | None,
    input_file: Path | None,
    target: Path | None,
    trust_hints: bool,
) -> None:
    """Prove a fixed set of programs at the default parameters: time, cells, memory, and share of the limit by stage."""
    logs = _numbers(sizes, "sizes", 8, LARGEST)
    if (program_file is None) != (input_file is None):
        raise click.UsageError("--program and --input belong together")
    if program_file and input_file:
        program = read_program(program_file)
        refuse_strange_hints(program_file, program, trust_hints)
        given = partial(read_json, input_file.resolve())
        given()
        cases = [Case(program_file.stem, program_file.stem, program_file, given)]
    else:
        names = [only] if only else list(PROGRAMS)
        cases = [_fixed(name, log) for log in logs for name in names]
    unit = limits()
    found = _measure(cases, unit, Console(width=120))
    if target:
        _write(target, unit, {"parameters": DEFAULT.describe(), "results": [asdict(result) for result in found]})


@dataclass(frozen=True)
class TradesResult:
    """`seconds` on the wall from the run to the last opening; `parts`: transactions that carry openings."""

    trades: int
    parameters: str
    steps: int
    log_steps: int
    seconds: float
    cpu_seconds: float
    peak_gib: float
    proof_bytes: int
    parts: int

    @staticmethod
    def of(trades: int, parameters: str, result: Result) -> TradesResult:
        total, chosen = result.total(), NAMED[parameters]
        parts = -(-chosen.n_queries // chosen.part_queries)
        sizes = (result.steps, result.log_steps, total.seconds, total.cpu_seconds, total.peak_gib, result.proof_bytes)
        return TradesResult(trades, parameters, *sizes, parts)


HEADINGS = ("trades", "parameters", "steps", "s", "trades/s", "CPU s", "peak GiB", "proof bytes", "bytes/trade")


def _cells(result: TradesResult) -> list[str]:
    return [
        str(result.trades),
        result.parameters,
        f"{result.steps:,}",
        f"{result.seconds:.1f}",
        f"{result.trades / result.seconds:.2f}",
        f"{result.cpu_seconds:.1f}",
        f"{result.peak_gib:.1f}",
        f"{result.proof_bytes:,}",
        f"{result.proof_bytes / result.trades:,.0f}",
    ]


@click.command("trades")
@click.option("--counts", default="1,10,100", show_default=True, help="Trades of each batch, with commas.")
@parameters_option
@click.option("--json", "target", type=NewFile(), help="Write the figures here too; figures of other sets stay.")
@click.option(
    "--proofs",
    type=NewFolder(),
    help="Keep the proofs in this folder, for `ape run trades_gas`.",
)
def bench_trades(counts: str, set_name: str, target: Path | None, proofs: Path | None) -> None:
    """Prove batches of trades among 59 positions of the sample exchange, with a funding and an oracle tick."""
    numbers = _numbers(counts, "counts", 1, 1000)
    known = read_figures(target) if target and target.is_file() and target.stat().st_size else []
    cases = [
        Case(
            f"{count} trades",
            f"{count} trades, {set_name}",
            PROGRAM_FILE,
            partial(trades_input, count),
            NAMED[set_name],
            proofs and proofs / proof_name(count, set_name),
        )
        for count in numbers
    ]
    console, unit = Console(width=120), limits()
    measured = _measure(cases, unit, console)
    found = [TradesResult.of(count, set_name, result) for count, result in zip(numbers, measured, strict=True)]
    table = Table(*HEADINGS, title=f"batches of trades among {POSITIONS} positions")
    for result in found:
        table.add_row(*_cells(result))
    console.print(table)
    if target:
        _write(target, unit, {"positions": POSITIONS, "results": _merged(known, [asdict(result) for result in found])})


def proof_name(count: int, set_name: str) -> str:
    return f"trades-{count}-{set_name}.proof"


def read_figures(path: Path) -> list[dict[str, Any]]:
    """What was measured already. Raises Refused."""
    try:
        results = read_json(path)["results"]
        for entry in results:
            if _place(entry)[0] not in NAMED:
                raise Refused(f"{path} has figures of the set {entry['parameters']!r}, which is none here")
    except (KeyError, TypeError, IndexError) as error:
        raise Refused(f"{path} holds no figures of `freehold bench trades`: {error!r}") from error
    return list(results)


def _place(entry: dict[str, Any]) -> tuple[str, int]:
    return str(entry["parameters"]), int(entry["trades"])


def _merged(known: list[dict[str, Any]], found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is measured anew replaces what was there of the same batch and set."""
    by_place = {_place(entry): entry for entry in [*known, *found]}
    return [by_place[place] for place in sorted(by_place)]


def _write(target: Path, unit: Limits, figures: dict[str, Any]) -> None:
    document = {"machine": machine(), "limits": asdict(unit), **figures}
    write_work(target, json.dumps(document, indent=1) + "\n")
