"""What each stage of a proof costs on this machine, beside what its arithmetic alone would.

The commands that measure with it, and the exchange's batches, are in `freehold/bench/proofs.py`.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from freehold.bench.kernel import Limits
from freehold.errors import Refused
from freehold.files import write_work
from freehold.programs import read_program
from prover.algebra.ecdsa import public_key, sign
from prover.cairo.errors import CairoError
from prover.cairo.proof_file import ProofFile
from prover.cairo.prove import key_of, prove_run
from prover.cairo.run import run_program
from prover.cairo.shapes import BuiltinNotProvable
from prover.cairo.statement import program_identity
from prover.stark.errors import StarkError
from prover.stark.layout import make_layout
from prover.stark.parameters import DEFAULT, Parameters
from prover.stark.work import Work, work_of

FOLDER = Path(__file__).with_name("programs")
LARGEST = 22


@dataclass(frozen=True)
class Case:
    """One proof to measure. `make_input` is called in the process that measures, and must be importable there."""

    name: str
    title: str
    program: Path
    make_input: Callable[[], Any]
    parameters: Parameters = DEFAULT
    keep: Path | None = None
    """Where the proof goes."""


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
    title: str
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


def filling_input(path: Path, log_steps: int) -> dict[str, Any]:
    """The input that fills 2^log_steps: steps grow evenly with n."""
    program = read_program(path)
    shared = {"signature": [public_key(7), 1000, *sign(1000, 7)]}
    few, more = (run_program(program, {**shared, "n": n}).n_executed_steps for n in (1, 2))
    return {**shared, "n": ((1 << log_steps) - 1 - few) // (more - few) + 1}


def filling_case(name: str, title: str, log_steps: int) -> Case:
    """A program of `bench/` that is asked for as many turns as fill 2^log_steps."""
    path = FOLDER / f"{name}.json"
    return Case(name, title, path, partial(filling_input, path, log_steps))


def measure(case: Case, unit: Limits) -> Result:
    """Run and prove once. In a process of its own, so that its peak of memory is its own. Raises Refused."""
    try:
        return _measured(case, unit)
    except (CairoError, StarkError, BuiltinNotProvable) as error:
        raise Refused(f"{case.title}: {error}") from None  # as text: not every error goes from process to process


def _measured(case: Case, unit: Limits) -> Result:
    program, program_input = read_program(case.program), case.make_input()
    key = key_of(tuple(program.builtins), case.parameters)
    clock = _Clock()
    clock("run")
    run = run_program(program, program_input, max_steps=1 << LARGEST)
    proof = prove_run(run, case.parameters, clock)
    clock("")
    if case.keep:
        write_work(case.keep, ProofFile(program_identity(key.shape, program.data), case.parameters, proof).to_bytes())
    heights = tuple(proof.header[: len(key.shape.tables)])
    layout = make_layout(key.shape, heights, case.parameters)
    work = work_of(key.shape, layout, case.parameters, proof.header[-1])
    main = work["main columns"].cells
    for stage in clock.stages:
        done = work.get(stage.name, Work(cells=main))
        stage.cells = done.cells
        stage.limit = unit.seconds(done.butterflies, done.permutations, done.products) if stage.name in work else None
    log_proven = (run.n_steps - 1).bit_length()
    return Result(case.name, case.title, log_proven, run.n_executed_steps, len(proof.to_bytes()), clock.stages)


def results(cases: Iterable[Case], unit: Limits) -> Iterator[Result]:
    for case in cases:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as alone:
            try:
                yield alone.submit(measure, case, unit).result()
            except BrokenProcessPool as error:
                raise Refused(f"{case.title}: the system ended its process, most likely for want of memory") from error


def show(result: Result, console: Console) -> None:
    table = Table(title=f"{result.title}: {result.steps:,} steps (2^{result.log_steps})")
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
