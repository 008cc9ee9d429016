"""`freehold bench kernel`: what each function of the kernel costs on this machine."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.table import Table

from freehold.arguments import NewFile
from freehold.files import write_work
from prover import kernel
from prover.algebra import ecdsa
from prover.algebra.curve import GENERATOR
from prover.kernel import Op

LOG_SIZE = 16
COLUMNS = 8
REPEATS = 7
SIGNATURES = 256


@dataclass(frozen=True)
class Case:
    """A function at work: `operations` of `unit`, `n_bytes` of memory read and written."""

    name: str
    unit: str
    run: Callable[[], object]
    operations: int
    n_bytes: int


@dataclass(frozen=True)
class Figure:
    """CPU nanoseconds per operation on each path, the best of a few runs; GB of memory per CPU second on the first."""

    name: str
    unit: str
    ns: dict[str, float]
    gb_per_s: float


def paths() -> list[str]:
    """The compiled paths of this machine, the fastest first; plain Python where there are none."""
    found = []
    for name in ("vector", "scalar", "reference"):
        with kernel.backend(name) as path:
            found += [path] if path == name else []
    return found[:2] if len(found) > 1 else found


def _figure(case: Case, names: list[str]) -> Figure:
    """Paths take turns, so that what else the machine does falls on all of them."""
    best = dict.fromkeys(names, float("inf"))
    for _ in range(REPEATS):
        for name in names:
            with kernel.backend(name):
                began = time.process_time()
                case.run()
                best[name] = min(best[name], time.process_time() - began)
    ns = {name: seconds / case.operations * 1e9 for name, seconds in best.items()}
    return Figure(case.name, case.unit, ns, case.n_bytes / best[names[0]] / 1e9)


def cases() -> Iterator[Case]:
    n = 1 << LOG_SIZE
    a = kernel.powers(3, 5, n * COLUMNS)
    columns = a.reshape(COLUMNS, n, 4)
    out = np.empty_like(a)
    size = a.nbytes
    for name in ("add", "sub", "mul"):
        function = getattr(kernel, name)
        yield Case(name, "element", partial(function, a, a, out), len(a), 3 * size)
    yield Case("inverse", "element", lambda: kernel.inverse(a), len(a), 2 * size)
    butterflies = COLUMNS * n // 2 * LOG_SIZE
    extended = np.empty_like(columns)
    yield Case(
        "evaluate_coset", "butterfly", lambda: kernel.evaluate_coset(columns, 7, out=extended), butterflies, 2 * size
    )
    yield Case("interpolate", "butterfly", lambda: kernel.interpolate(columns), butterflies, 2 * size)
    yield Case("hash_rows", f"row of {COLUMNS}", lambda: kernel.hash_rows(list(columns), 25), n, size)
    leaves = kernel.hash_rows(list(columns), 25)
    yield Case("merkle_layer", "node", lambda: kernel.merkle_layer(leaves, None, 25), n // 2, leaves.nbytes)
    program = np.array(
        [(Op.LOAD, 0, 0, 0), (Op.LOAD, 1, 1, 1), *[(Op.MUL, 0, 0, 1), (Op.ADD, 1, 1, 0)] * 20, (Op.STORE, 0, 0, 0)],
        dtype=np.int32,
    )
    target = np.empty((1, n, 4), dtype=np.uint64)
    one = kernel.from_ints([1])
    yield Case(
        "run_program",
        "op and row",
        lambda: kernel.run_program(program, 2, one, list(columns[:2]), list(target)),
        len(program) * n,
        3 * 32 * n,
    )
    weights = kernel.powers(7, 1, COLUMNS)
    yield Case("linear_combination", "term", lambda: kernel.linear_combination(list(columns), weights), len(a), size)
    yield Case("evaluate_at", "coefficient", lambda: kernel.evaluate_at(list(columns), [11]), len(a), size)
    yield Case("divide_out", "coefficient", lambda: kernel.divide_out([columns[0]], 11), n, 64 * n)
    yield Case("grind", "hash", lambda: kernel.grind(bytes(64), 16), kernel.grind(bytes(64), 16) + 1, 0)
    pairs = np.ascontiguousarray(a[: 2 << 10]).reshape(-1, 2, 4)
    yield Case("pedersen", "hash", lambda: kernel.pedersen(pairs), len(pairs), pairs.nbytes)
    yield from _of_signatures()


def _of_signatures() -> Iterator[Case]:
    """A group of the operator's intake, what of its work is the kernel's, and multiples one by one."""
    signed = [ecdsa.Signed(m, *ecdsa.sign(m, 7), ecdsa.public_key(7)) for m in range(1, 1 + SIGNATURES)]
    scalars = [one.r for one in signed]
    points = kernel.from_ints([*ecdsa.public_point(7)] * SIGNATURES).reshape(-1, 2, 4)
    size = points.nbytes
    yield Case("curve_multiples", "multiple", lambda: kernel.curve_multiples(points, scalars), SIGNATURES, 2 * size)
    joint = partial(kernel.joint_multiples, GENERATOR, points, scalars, scalars)
    yield Case("joint_multiples", "pair", joint, SIGNATURES, 2 * size)
    yield Case("ecdsa.verify_all", "signature", lambda: ecdsa.verify_all(signed), SIGNATURES, size)


@dataclass(frozen=True)
class Limits:
    """CPU nanoseconds of one core, all in cache: a butterfly, a Keccak permutation, a product of an evaluation."""

    butterfly: float
    permutation: float
    product: float

    def seconds(self, butterflies: int, permutations: int, products: int) -> float:
        total = butterflies * self.butterfly + permutations * self.permutation + products * self.product
        return total / 1e9

    def describe(self) -> str:
        return f"butterfly {self.butterfly:.2f}, permutation {self.permutation:.1f}, product {self.product:.2f} CPU ns"


def limits() -> Limits:
    """What the kernel reaches where memory is no hindrance."""

    def best(run: Callable[[], object], operations: int) -> float:
        run()
        spent = []
        for _ in range(20):
            began = time.process_time()
            run()
            spent.append(time.process_time() - began)
        return min(spent) / operations * 1e9

    n, n_points, repeats = 1 << 15, 8, 1 << 8
    column = kernel.powers(3, 5, n)
    nonces = kernel.grind(bytes(64), 16) + 1
    return Limits(
        best(lambda: kernel.butterflies(repeats), repeats * kernel.BUTTERFLIES),
        best(lambda: kernel.grind(bytes(64), 16), nonces),
        best(lambda: kernel.evaluate_at([column], list(range(2, 2 + n_points))), n * n_points),
    )


def machine() -> str:
    """Processor, cores, compiler of this Python."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores"


@click.command("kernel")
@click.option("--json", "target", type=NewFile(), help="Write the figures here too.")
def bench_kernel(target: Path | None) -> None:
    """CPU nanoseconds per operation of every kernel function on each path, how they compare, and GB per CPU second."""
    names = paths()
    table = Table(title=machine())
    for name in ("function", "per", *[f"{name} ns" for name in names], *["ratio"] * (len(names) - 1), "GB/s"):
        table.add_column(name, justify="left" if name in ("function", "per") else "right")
    found = []
    for case in cases():
        figure = _figure(case, names)
        found.append(figure)
        ns = [figure.ns[name] for name in names]
        ratios = [f"{slower / ns[0]:.1f}" for slower in ns[1:]]
        table.add_row(figure.name, figure.unit, *[f"{x:,.1f}" for x in ns], *ratios, f"{figure.gb_per_s:.2f}")
    Console().print(table)
    if target:
        write_work(target, json.dumps({"machine": machine(), "figures": [asdict(f) for f in found]}, indent=2) + "\n")
