"""Steps of the demonstration: who does what, at what cost, and whose tokens move. Writes .build/demo.json."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ape.api.transactions import ReceiptAPI
from rich.console import Console
from rich.table import Table

Balances = dict[str, int]
Result = TypeVar("Result")


class Deviation(AssertionError):
    """A number is not what the scenario says."""


def expect(what: str, found: Any, expected: Any) -> None:
    if found != expected:
        raise Deviation(f"{what}: {found}, expected {expected}")


class Report:
    """Prints each step as it happens; `balances` reads the tokens of all."""

    def __init__(self, balances: Callable[[], Balances]) -> None:
        self._balances, self._console = balances, Console(highlight=False)
        self.steps: list[dict[str, Any]] = []
        self._known, self._began = balances(), time.perf_counter()

    def step(self, name: str, actor: str, act: Callable[[], Result]) -> Result:
        """Runs `act`; gas is that of the receipts it returns (one, a list, or none)."""
        began, before = time.perf_counter(), self._known
        result = act()
        seconds, after = time.perf_counter() - began, self._balances()
        gas = sum(receipt.gas_used for receipt in _receipts(result))
        self._known = after
        self.steps.append(
            {
                "name": name,
                "actor": actor,
                "gas": gas,
                "seconds": round(seconds, 2),
                "balances": {"before": before, "after": after},
            }
        )
        moved = ", ".join(f"{who} {after[who] - before[who]:+,}" for who in after if after[who] != before[who])
        self._console.print(
            f"[bold]{actor:>9}[/bold]  {name:<52} {gas:>11,} gas {seconds:6.1f} s  {moved}", soft_wrap=True
        )
        return result

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.perf_counter() - self._began

    def note_balances(self) -> None:
        """Somebody new holds tokens from here on."""
        self._known = self._balances()

    def sheet(self, title: str, rows: dict[str, int], total_name: str, total: int) -> None:
        """A balance sheet that must add up."""
        table = Table(title=title)
        table.add_column("what")
        table.add_column("tokens", justify="right")
        for name, amount in rows.items():
            table.add_row(name, f"{amount:,}")
        table.add_section()
        table.add_row(total_name, f"{total:,}")
        self._console.print(table)
        expect(title, sum(rows.values()), total)

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.steps, indent=2) + "\n")


def _receipts(result: Any) -> list[ReceiptAPI]:
    if isinstance(result, ReceiptAPI):
        return [result]
    if isinstance(result, list | tuple):
        return [receipt for item in result for receipt in _receipts(item)]
    return []
