"""Draws docs/trades.svg and writes the table of docs/trades.md from the figures of `freehold bench trades --json`."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from freehold.bench.pages import Page
from freehold.files import read_json, write_work

WIDTH, HEIGHT, LEFT, GAP, TOP, BOTTOM = 760, 340, 60, 90, 40, 50
PANEL = (WIDTH - LEFT - GAP - 40) / 2
COLOURS = {"fast": "#3a7d44", "default": "#1b6ca8", "final": "#c2571a"}
BEGIN = "<!-- freehold bench trades -->\n"

Entry = dict[str, Any]


def gas_per_trade(entry: Entry) -> float | None:
    """Proof and state update; None for a proof that was not submitted."""
    if "transactions" not in entry:
        return None
    gas: int = sum(transaction["gas"] for transaction in entry["transactions"]) + entry["state_update_gas"]
    return gas / int(entry["trades"])


def trades_per_second(entry: Entry) -> float:
    return int(entry["trades"]) / float(entry["seconds"])


def panel(entries: list[Entry], left: float, title: str, value: Callable[[Entry], float | None]) -> Iterator[str]:
    """One diagram, both axes logarithmic, a line for each parameter set."""
    points: dict[str, list[tuple[int, float]]] = {}
    for entry in entries:
        if (found := value(entry)) is not None:
            points.setdefault(entry["parameters"], []).append((entry["trades"], found))
    values = [found for line in points.values() for _, found in line]
    counts = sorted({entry["trades"] for entry in entries})
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))

    def x(count: int) -> float:
        return left + math.log(count / counts[0]) / max(1e-9, math.log(counts[-1] / counts[0])) * PANEL

    def y(number: float) -> float:
        return HEIGHT - BOTTOM - (math.log10(number) - low) / max(1, high - low) * (HEIGHT - TOP - BOTTOM)

    yield f'<text x="{left}" y="{TOP - 16}">{title}</text>'
    for power in range(low, high + 1):
        at = y(10**power)
        yield f'<line x1="{left}" x2="{left + PANEL}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>'
        yield f'<text x="{left - 8}" y="{at + 4:.1f}" text-anchor="end">{_short(10**power)}</text>'
    for count in counts:
        yield f'<text x="{x(count):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{count}</text>'
    for name, line in points.items():
        colour = COLOURS.get(name, "#555")
        path = " ".join(f"{x(count):.1f},{y(found):.1f}" for count, found in line)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for count, found in line:
            yield f'<circle cx="{x(count):.1f}" cy="{y(found):.1f}" r="3" fill="{colour}"/>'
        count, found = line[-1]
        yield f'<text x="{x(count) - 6:.1f}" y="{y(found) - 8:.1f}" text-anchor="end" fill="{colour}">{name}</text>'


def _short(number: float) -> str:
    for size, unit in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{unit}"
    return f"{number:g}"


def draw(document: Entry) -> str:
    entries, caption = document["results"], f"trades in a batch; both axes logarithmic; {document['machine']}"
    lines = [
        *panel(entries, LEFT, "trades proven a second", trades_per_second),
        *panel(entries, LEFT + PANEL + GAP, "gas a trade", gas_per_trade),
        f'<text x="{LEFT}" y="{HEIGHT - 12}">{caption}</text>',
    ]
    body = "\n".join(lines)
    style = 'font-family="sans-serif" font-size="12"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {style}>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


HEADINGS = (
    "trades",
    "set",
    "steps",
    "seconds",
    "CPU s",
    "trades/s",
    "peak GiB",
    "proof bytes",
    "transactions: bytes, gas",
    "state update",
    "gas a trade",
)


def table(document: Entry) -> str:
    lines = ["| " + " | ".join(HEADINGS) + " |", "| ---: | --- |" + " ---: |" * (len(HEADINGS) - 2)]
    for entry in document["results"]:
        gas = gas_per_trade(entry)
        sent = [f"{one['bytes']:,}, {one['gas']:,}" for one in entry.get("transactions", [])]
        cells = (
            str(entry["trades"]),
            f"`{entry['parameters']}`",
            f"{entry['steps']:,}",
            f"{entry['seconds']:.1f}",
            f"{entry['cpu_seconds']:.1f}",
            f"{trades_per_second(entry):.2f}",
            f"{entry['peak_gib']:.1f}",
            f"{entry['proof_bytes']:,}",
            "<br>".join(sent),
            f"{entry['state_update_gas']:,}" if gas else "",
            f"{gas:,.0f}" if gas else "",
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    if len(sys.argv) != 4:
        raise SystemExit("usage: python -m freehold.bench.trades_plot FIGURES PICTURE PAGE")
    document, page = read_json(Path(sys.argv[1])), Page.read(Path(sys.argv[3]), BEGIN)
    write_work(Path(sys.argv[2]), draw(document))
    page.write(table(document))


if __name__ == "__main__":
    main()
