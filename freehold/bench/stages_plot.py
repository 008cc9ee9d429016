"""Draws docs/performance.svg from the figures of `freehold bench prove --json`: CPU seconds over steps.

python -m freehold.bench.stages_plot docs/performance.json docs/performance.svg
"""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

from freehold.files import read_json, write_work

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 400, 60, 200, 20, 50
COLOURS = {"loop": "#1b6ca8", "hashes": "#c2571a", "signatures": "#3a7d44", "exchange": "#7b3fa0"}


def series(document: dict[str, Any]) -> dict[str, list[tuple[int, float]]]:
    """(log2 of the steps, CPU seconds of all stages) of each program, by size."""
    points: dict[str, list[tuple[int, float]]] = {}
    for result in document["results"]:
        total = sum(stage["cpu_seconds"] for stage in result["stages"])
        points.setdefault(result["program"], []).append((result["log_steps"], total))
    return {name: sorted(values) for name, values in points.items()}


def draw(points: dict[str, list[tuple[int, float]]], titles: dict[str, str], machine: str) -> str:
    logs = [log for values in points.values() for log, _ in values]
    seconds = [s for values in points.values() for _, s in values]
    x0, x1 = min(logs), max(logs)
    y0, y1 = math.floor(math.log2(min(seconds))), math.ceil(math.log2(max(seconds)))

    def x(log: float) -> float:
        return LEFT + (log - x0) / max(1, x1 - x0) * (WIDTH - LEFT - RIGHT)

    def y(value: float) -> float:
        return HEIGHT - BOTTOM - (math.log2(value) - y0) / max(1, y1 - y0) * (HEIGHT - TOP - BOTTOM)

    lines = []
    for power in range(y0, y1 + 1):
        lines.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(2**power):.1f}" y2="{y(2**power):.1f}" stroke="#ddd"/>'
        )
        lines.append(f'<text x="{LEFT - 8}" y="{y(2**power) + 4:.1f}" text-anchor="end">{2**power:g}</text>')
    for log in range(x0, x1 + 1):
        lines.append(f'<text x="{x(log):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">2^{log}</text>')
    for name, values in points.items():
        colour = COLOURS.get(name, "#555")
        path = " ".join(f"{x(log):.1f},{y(s):.1f}" for log, s in values)
        lines.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x(log):.1f}" cy="{y(s):.1f}" r="3" fill="{colour}"/>' for log, s in values]
        log, s = values[-1]
        label = f"{titles[name]}: {s:.1f} s"
        lines.append(f'<text x="{x(log) + 8:.1f}" y="{y(s) + 4:.1f}" fill="{colour}">{label}</text>')
    lines.append(f'<text x="{LEFT}" y="{HEIGHT - 12}">steps; CPU seconds, both axes logarithmic; {machine}</text>')
    body = "\n".join(lines)
    style = 'font-family="sans-serif" font-size="12"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" {style}>\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def main() -> None:
    if len(sys.argv) != 3:
        raise SystemExit("usage: python -m freehold.bench.stages_plot FIGURES.json PICTURE.svg")
    document = read_json(Path(sys.argv[1]))
    titles = {result["program"]: result.get("title", result["program"]) for result in document["results"]}
    write_work(Path(sys.argv[2]), draw(series(document), titles, document["machine"]))


if __name__ == "__main__":
    main()
