"""`freehold bench prove`: what each stage of a proof costs on this machine, beside what its arithmetic alone would."""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from prover.algebra.ecdsa import public_key, sign
from prover.cairo.program import Program
from prover.cairo.prove import key_of, prove_run
from prover.cairo.run import run_program
from prover.kernel.bench import Limits, limits, machine
from prover.stark.layout import make_layout
from prover.stark.parameters import DEFAULT
from prover.stark.work import Work, work_of

FOLDER = Path(__file__).with_name("bench")
PROGRAMS = {"loop": "loop only", "hashes": "a Pedersen hash in 8 steps", "signatures": "a signature in 512 steps"}
LARGEST = 22
existing = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass
class Stage:
    """Wall and CPU seconds (of all cores); `limit`: CPU seconds of its arithmetic; peak of memory so far."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_gib: float
    cells: int = 0
    limit: float | None = None


@dataclass
class Result:
    program: str
    log_steps: int
    steps: int
    proof_bytes: int
    stages: list[Stage] = field(default_factory=list)

    def total(self) -> Stage:
        return Stage(
            "total",
            sum(stage.seconds for stage in self.stages),
            sum(stage.cpu_seconds for stage in self.stages),
            max(stage.peak_gib for stage in self.stages),
            max(stage.cells for stage in self.stages),
            sum(stage.limit or 0 for stage in self.stages),
        )


class _Clock:
    """Collects a stage at each call: it ends what came before."""

    def __init__(self) -> None:
        self.stages: list[Stage] = []
        self._name, self._since = "", (0.0, 0.0)

    def __call__(self, name: str) -> None:
        now = time.perf_counter(), time.process_time()
        if self._name:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            self.stages.append(Stage(self._name, now[0] - self._since[0], now[1] - self._since[1], peak))
        self._name, self._since = name, now


def _program_input(program: Program, log_steps: int) -> tuple[dict[str, Any], int]:
    """The input that fills 2^log_steps, and the turns that it asks for: steps grow evenly with n."""
    shared = {"signature": [public_key(7), 1000, *sign(1000, 7)]}
    few, more = (run_program(program, {**shared, "n": n}).n_executed_steps for n in (1, 2))
    turns = ((1 << log_steps) - 1 - few) // (more - few) + 1
    return {**shared, "n": turns}, turns


def measure(name: str, path: Path, program_input: Any, log_steps: int, unit: Limits) -> Result:
    """Run and prove once. In a process of its own, so that its peak of memory is its own."""
    program = Program.from_json(json.loads(path.read_text()))
    if program_input is None:
        program_input, _ = _program_input(program, log_steps)
    key = key_of(tuple(program.builtins))
    clock = _Clock()
    clock("run")
    run = run_program(program, program_input, max_steps=1 << LARGEST)
    proof = prove_run(run, progress=clock)
    clock("")
    heights = tuple(proof.header[: len(key.shape.tables)])
    layout = make_layout(key.shape, heights, DEFAULT)
    work = work_of(key.shape, layout, DEFAULT, proof.header[-1])
    main = work["main columns"].cells
    for stage in clock.stages:
        done = work.get(stage.name, Work(cells=main))
        stage.cells = done.cells
        stage.limit = unit.seconds(done.butterflies, done.permutations, done.products) if stage.name in work else None
    log_proven = (run.n_steps - 1).bit_length()
    return Result(name, log_proven, run.n_executed_steps, len(proof.to_bytes()), clock.stages)


def results(cases: list[tuple[str, Path, Any, int]], unit: Limits) -> Iterator[Result]:
    for case in cases:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            yield alone.submit(measure, *case, unit).result()


def show(result: Result, console: Console) -> None:
    table = Table(
        title=f"{PROGRAMS.get(result.program, result.program)}: {result.steps:,} steps (2^{result.log_steps})"
    )
    for name in ("stage", "s", "CPU s", "cells", "CPU ns/cell", "limit CPU s", "share", "peak GiB"):
        table.add_column(name, justify="left" if name == "stage" else "right")
    for stage in [*result.stages, result.total()]:
        per_cell = f"{stage.cpu_seconds / stage.cells * 1e9:,.0f}" if stage.cells else ""
        limit = f"{stage.limit:.2f}" if stage.limit else ""
        share = f"{stage.limit / stage.cpu_seconds:.0%}" if stage.limit and stage.cpu_seconds > 0.01 else ""
        table.add_row(
            stage.name,
            f"{stage.seconds:.2f}",
            f"{stage.cpu_seconds:.2f}",
            f"{stage.cells / 1e6:.2f}" if stage.cells else "",
            per_cell,
            limit,
            share,
            f"{stage.peak_gib:.2f}",
        )
    console.print(table)


@click.command("prove")
@click.option("--sizes", default="14,16,18,20", show_default=True, help="log2 of the steps, with commas.")
@click.option("--only", type=click.Choice(list(PROGRAMS)), help="One program of the set.")
@click.option(
    "--program", "program_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another."
)
@click.option("--input", "input_file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Its input.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here too.")
def bench_prove(
    sizes: str, only: str | None, program_file: Path | None, input_file: Path | None, target: Path | None
) -> None:
    """Prove a fixed set of programs at the default parameters: time, cells, memory, and share of the limit by stage."""
    try:
        logs = [int(size) for size in sizes.split(",")]
    except ValueError as error:
        raise click.ClickException(f"sizes are numbers with commas, not {sizes!r}") from error
    if not all(8 <= log <= LARGEST for log in logs):
        raise click.ClickException(f"sizes must lie in [8, {LARGEST}]")
    if (program_file is None) != (input_file is None):
        raise click.UsageError("--program and --input belong together")
    if program_file:
        cases = [(program_file.stem, program_file, json.loads(input_file.read_text()), 0)]
    else:
        names = [only] if only else list(PROGRAMS)
        cases = [(name, FOLDER / f"{name}.json", None, log) for log in logs for name in names]
    console, found, unit = Console(), [], limits()
    console.print(f"{machine()}; in cache: {unit.describe()}")
    for result in results(cases, unit):
        show(result, console)
        found.append(asdict(result))
    if target:
        document = {"machine": machine(), "limits": asdict(unit), "parameters": DEFAULT.describe(), "results": found}
        target.write_text(json.dumps(document, indent=1) + "\n")
