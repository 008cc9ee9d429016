"""`freehold security`: the named parameter sets, what each is worth, and what a proof under it weighs."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table

from prover.cairo.shapes import PROVABLE_BUILTINS, BuiltinNotProvable, shape_of
from prover.cairo.sizes import typical_heights
from prover.stark.optimise import Unreachable, choose
from prover.stark.parameters import GENEROUS, NAMED, Parameters
from prover.stark.proof_size import ProofSize, committed_cells, expected_size
from prover.stark.shape import Shape

SOURCES = (
    "proven: Johnson bound; Haboeck 2022/1216 theorem 8 and BCHKS 2025/2055 theorem 4.2, lists at the slack rate",
    "gas: EIP-7623's floor, 40 a non-zero byte of calldata and 21,000, in one transaction",
)
STATEMENT_WORDS = 12


@dataclass(frozen=True)
class Rated:
    """A parameter set and what it costs; without a name where the search found it."""

    name: str
    parameters: Parameters
    size: ProofSize
    cells: int

    def figures(self) -> dict[str, object]:
        """For programs."""
        return {
            "name": self.name or None,
            "parameters": self.parameters.describe(),
            "proven_bits": round(self.parameters.proven_bits(), 1),
            "terms": {term: round(bits, 1) for term, bits in self.parameters.terms(GENEROUS).items()},
            "bytes": round(self.size.bytes),
            "calldata_gas": round(self.size.calldata_gas()),
            "cells": self.cells,
        }


def _row(table: Table, one: Rated) -> None:
    parameters = one.parameters
    table.add_row(
        one.name,
        f"1/{1 << parameters.log_blowup}",
        str(parameters.n_queries),
        str(parameters.grinding_bits),
        f"{1 << parameters.log_arity}, 2^{parameters.log_last}",
        " ".join(str(1 << kappa) for kappa in parameters.log_packing),
        f"{parameters.proven_bits():.1f}",
        f"{one.size.bytes:,.0f}",
        f"{one.size.calldata_gas() / 1e6:.2f} M",
        f"{one.cells / 1e6:.0f} M",
    )


def _table(title: str) -> Table:
    table = Table(title=title)
    for name in ("set", "rate", "queries", "grinding", "fold, last", "packing", "proven"):
        table.add_column(name)
    for name in ("bytes", "gas", "cells"):
        table.add_column(name, justify="right")
    return table


@click.command("security")
@click.option("--optimise", is_flag=True, help="Search packing, fold and last layer for the fewest bytes at each rate.")
@click.option(
    "--bits",
    default=100.0,
    show_default=True,
    type=click.FloatRange(1, 128),
    help="Proven bits that the search must reach.",
)
@click.option("--grinding", default=24, show_default=True, type=click.IntRange(0, 40), help="Grinding bits, for it.")
@click.option("--log-steps", default=16, show_default=True, type=click.IntRange(6, 24), help="log2 of the run's steps.")
@click.option(
    "--builtins",
    default="output,pedersen,range_check",
    show_default=True,
    help=f"Of the program, separated by commas; known: {', '.join(PROVABLE_BUILTINS)}.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON, and every proven error term's bits.")
def security_command(optimise: bool, bits: float, grinding: int, log_steps: int, builtins: str, as_json: bool) -> None:
    """State what each parameter set is worth and what a proof under it weighs, by the byte model."""
    if math.isnan(bits):
        raise click.UsageError("--bits is not a number")
    names = tuple(name for name in builtins.split(",") if name)
    try:
        shape = shape_of(names)
        heights = typical_heights(shape, log_steps)
        rated = _optimised(shape, heights, bits, grinding) if optimise else _named(shape, heights)
    except (BuiltinNotProvable, Unreachable) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        rows = [one.figures() for one in rated]
        click.echo(json.dumps({"log_steps": log_steps, "builtins": names, "sets": rows}, indent=1))
        return
    title = f"2^{log_steps} steps, {', '.join(names) or 'no builtins'}"
    table = _table(f"{title}: fewest bytes at {bits:g} proven bits, one part" if optimise else title)
    for one in rated:
        _row(table, one)
    console = Console(width=140)
    console.print(table)
    if not optimise:
        console.print(_terms())
    for source in SOURCES:
        console.print(source)


def _named(shape: Shape, heights: tuple[int, ...]) -> list[Rated]:
    return [
        Rated(
            name,
            parameters,
            expected_size(shape, heights, parameters, STATEMENT_WORDS),
            committed_cells(shape, heights, parameters),
        )
        for name, parameters in NAMED.items()
    ]


def _optimised(shape: Shape, heights: tuple[int, ...], bits: float, grinding: int) -> list[Rated]:
    """The best of each rate. Raises Unreachable."""
    choices = (choose(shape, heights, STATEMENT_WORDS, bits, log_blowup, grinding) for log_blowup in range(2, 9))
    return [Rated("", choice.parameters, choice.size, choice.cells) for choice in choices]


def _terms() -> Table:
    """Each proven error term of the named sets."""
    table = Table(title=f"Bits of each proven error term, for H up to 2^{GENEROUS.log_degree}")
    table.add_column("term")
    for name in NAMED:
        table.add_column(name, justify="right")
    for term in NAMED["default"].terms(GENEROUS):
        table.add_row(term, *(f"{parameters.terms(GENEROUS)[term]:.1f}" for parameters in NAMED.values()))
    return table
