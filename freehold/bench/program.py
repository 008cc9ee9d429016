"""`freehold bench program`: what each kind of transaction costs the exchange's program.

Steps, hashes, range checks and signatures are counts of the run: they do not depend on the machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from freehold.arguments import ROOM, existing
from freehold.bench.pages import Page
from freehold.files import try_place
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual import samples
from prover.applications.perpetual.samples import ALICE, BOB, RICH, A, B, SampleExchange
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import SignedPrice, Transaction
from prover.cairo.execution import Run
from prover.proving.batch import exchange_program, run_exchange


@dataclass(frozen=True)
class Cost:
    """Counts of one run, or of the difference of two."""

    steps: float
    hashes: float
    range_checks: float
    signatures: float

    @staticmethod
    def of(run: Run) -> Cost:
        cells = {name: stop - start for name, (start, stop) in run.segments.items()}
        return Cost(run.n_executed_steps, cells["pedersen"] // 3, cells["range_check"], cells["ecdsa"] // 2)

    def __sub__(self, other: Cost) -> Cost:
        return Cost(
            self.steps - other.steps,
            self.hashes - other.hashes,
            self.range_checks - other.range_checks,
            self.signatures - other.signatures,
        )

    def __truediv__(self, n: int) -> Cost:
        return Cost(self.steps / n, self.hashes / n, self.range_checks / n, self.signatures / n)


def cost(
    exchange: SampleExchange, state: State, transactions: Sequence[Transaction], prices: Sequence[SignedPrice] = ()
) -> Cost:
    return Cost.of(run_exchange(exchange.case(state, transactions, prices).program_input()))


@dataclass(frozen=True)
class Kind:
    """One row of the table: v3.2's steps and hashes for positions with 5 assets, and a transaction."""

    name: str
    original_steps: int
    original_hashes: int
    transaction: Callable[[SampleExchange], Transaction]


KINDS = [
    Kind("deposit", 2929, 142, lambda e: samples.deposit(ALICE, A, 7)),
    Kind("withdrawal", 4065, 271, lambda e: e.withdrawal(ALICE, A, 7)),
    Kind("withdrawal to another key", 4073, 272, lambda e: e.withdrawal(ALICE, A, 7, to=StarkKey(0x1234))),
    Kind("transfer", 6855, 410, lambda e: e.transfer(ALICE, A, BOB, B, 7)),
    Kind("conditional transfer", 6896, 411, lambda e: e.transfer(ALICE, A, BOB, B, 7, condition=77)),
    Kind("trade, fresh orders", 10558, 667, lambda e: e.trade((ALICE, A), (BOB, B), 0)),
    Kind("forced withdrawal, valid", 3007, 142, lambda e: samples.forced_withdrawal(ALICE, A, 7)),
    Kind("forced withdrawal, invalid by margin", 4264, 142, lambda e: samples.forced_withdrawal(ALICE, A, 2 * RICH)),
    Kind("forced trade, valid", 6332, 277, lambda e: samples.forced_trade((ALICE, A), (BOB, B))),
    Kind("liquidate", 11854, 538, lambda e: samples.liquidation(e.order(ALICE, A, 0, True, 10**6, 2 * 10**6))),
    Kind("deleverage", 9913, 278, lambda e: samples.deleverage()),
]


def average(n_trades: int, n_positions: int) -> Cost:
    """Per trade of a batch, without what an empty batch costs; positions hold about four assets, orders are fresh."""
    exchange = SampleExchange()
    state, trades = samples.trades_on(exchange, n_trades, n_positions)
    return (cost(exchange, state, trades) - cost(exchange, state, [])) / n_trades


def tick_costs(n_assets: int) -> tuple[Cost, Cost]:
    """An empty batch, and a funding tick of all assets."""
    exchange = SampleExchange(n_assets)
    state = exchange.state({})
    empty = cost(exchange, state, [])
    return empty, cost(exchange, state, [exchange.funding_tick()]) - empty


def rows() -> Iterator[tuple[str, Cost, str]]:
    """(what, its cost, v3.2's steps and hashes)."""
    exchange = SampleExchange()
    state, n_assets = samples.five_asset_state(exchange), exchange.n_assets
    nothing = cost(exchange, state, [])
    for kind in KINDS:
        original = f"{kind.original_steps:,} / {kind.original_hashes}"
        yield kind.name, cost(exchange, state, [kind.transaction(exchange)]) - nothing, original
    empty, funding = tick_costs(n_assets)
    yield f"funding tick, {n_assets} assets", funding, f"{133 + 87 * n_assets:,} / 0"
    prices = exchange.signed_prices(1)
    signed_nothing = cost(exchange, state, [], prices)
    oracle = cost(exchange, state, [exchange.oracle_tick(1)], prices) - signed_nothing
    yield f"oracle tick, 1 asset of {n_assets}", oracle, "432 / 0"
    yield "one signed price, 3 signatures", (signed_nothing - nothing) / 2, f"{117 + 256 * 3} / 3"
    for count, found in ((1, tick_costs(1)[0]), (n_assets, empty)):
        yield f"empty batch, {count} assets", found, f"{1103 + 575 * count:,} / {13 + 17 * count}"
    yield "average of 32 trades, 16 positions", average(32, 16), "7,460 / 307"
    yield "average of 100 trades, 59 positions", average(100, 59), "7,425 / 309"


HEADINGS = ["", "steps", "hashes", "range checks", "signatures", "v3.2: steps / hashes"]


def markdown() -> str:
    """The table of docs/program.md."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, found, original in rows():
        figures = [found.steps, found.hashes, found.range_checks, found.signatures]
        lines.append(f"| {name} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + f" | {original} |")
    return "\n".join(lines) + "\n"


BEGIN = "<!-- freehold bench program -->\n"


@click.command("program")
@click.option("--document", type=existing, help="Rewrite its table.")
@click.option("--profile", is_flag=True, help="Instead, the steps of each function in a batch of 100 trades.")
def bench_program(document: Path | None, profile: bool) -> None:
    """Steps, hashes, range checks and signatures of each kind of transaction."""
    if profile:
        for steps, name in profile_of(100, 59):
            click.echo(f"{steps:8,}  {name}")
        return
    if document is None:
        click.echo(markdown(), nl=False)
        return
    page = Page.read(document, BEGIN)
    try_place(document, ROOM)
    page.write(markdown())


def profile_of(n_trades: int, n_positions: int) -> list[tuple[int, str]]:
    """(steps, function) of a batch with ticks and trades, the most costly first; their sum comes before."""
    case = samples.trades_case(n_trades, n_positions)
    run = run_exchange(case.program_input())
    identifiers = exchange_program().identifiers
    functions = sorted((entry["pc"], name) for name, entry in identifiers.items() if entry["type"] == "function")
    starts = [start for start, _ in functions]
    # The program is loaded from address 1 on.
    places = (run.registers[: run.n_executed_steps, 0] - 1).tolist()
    found = Counter(functions[bisect_right(starts, place) - 1][1] if place >= starts[0] else "" for place in places)
    steps = sorted(((count, name.removeprefix("__main__.")) for name, count in found.items()), reverse=True)
    return [(run.n_executed_steps, f"{n_trades} trades among {n_positions} positions, with ticks"), *steps]
