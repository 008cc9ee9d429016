"""`freehold bench trees`: what loading many positions and updating some of them costs."""

from __future__ import annotations

import time

import click

from prover.applications.ledger.merkle import MerkleTree
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.positions import EMPTY, Position, leaves
from prover.applications.perpetual.units import CollateralQuanta

HEIGHT = 64


@click.command("trees")
@click.option(
    "--positions", "n_positions", type=click.IntRange(1), default=1_000_000, show_default=True, help="How many."
)
@click.option(
    "--updates", "n_updates", type=click.IntRange(1), default=1_000, show_default=True, help="How many change."
)
def bench_trees(n_positions: int, n_updates: int) -> None:
    """Hash positions with ids in a row to a tree of height 64, then update some: wall and CPU seconds."""
    positions = [_position(number, number + 5) for number in range(n_positions)]
    EMPTY.leaf()  # the hash's table is made once in a process
    clock = _Clock()
    values = leaves(positions)
    clock.report(f"leaves of {n_positions:,} positions")
    tree = MerkleTree(HEIGHT, EMPTY.leaf(), dict(enumerate(values)))
    clock.report(f"tree of {len(tree.nodes):,} nodes")
    touched = range(0, n_positions, max(1, n_positions // n_updates))[:n_updates]
    changed = leaves([_position(number, number + 6) for number in touched])
    tree.update(dict(zip(touched, changed, strict=True)))
    clock.report(f"update of {len(touched):,} positions")


def _position(number: int, collateral: int) -> Position:
    return Position(StarkKey(1 + number), CollateralQuanta(collateral))


class _Clock:
    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def report(self, what: str) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        click.echo(f"{what}: {wall - self._wall:.2f} s, {cpu - self._cpu:.2f} CPU s")
        self._wall, self._cpu = wall, cpu
