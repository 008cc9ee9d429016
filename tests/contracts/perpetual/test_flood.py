"""A flood of forced requests: what asking costs a stranger beside what serving costs the operator.

Gas of the exchange and steps of the program are measured here, in one run. The transactions of a proof are read from
`docs/trades.json`. `-s` prints the table of `docs/forced-requests.md`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from freehold.bench.program import cost
from freehold.testing.kit import BTC, Kit
from freehold.testing.output_words import ROLLUP, VALIDIUM, Output, Trade, Withdrawal
from prover.algebra.keccak import words_to_bytes
from prover.applications.perpetual import samples
from prover.applications.perpetual.samples import RICH, SampleExchange
from prover.applications.perpetual.units import PositionId
from tests.support.paths import ROOT
from tests.support.rollup_kit import PROGRAM, prove

COUNTS = (1, 10, 50, 100, 400)
"""Requests that wait, and that a batch serves."""
FREE = 10
"""Requests of a block without premium."""
POSITION, AMOUNT = 0xFFFFFFFFFFF00000, 0xFEFEFEFEFEFEFEFE
"""`Flooder`'s: few bytes are 0, so they are dear to repeat in an output."""
TRANSACTION_GAS, TRANSACTION_BYTES = 2**24, 2**17
"""What a transaction may use, and what public pools take."""
LARGEST_RUN = 20
"""log2 of the steps: `docs/status.md` has the time and memory of such a proof."""
VERIFIER_WORD = 150
"""Gas that the verifier takes for a word of public memory, beside calldata (`docs/verifier.md`)."""
MODES = {VALIDIUM: "Validium", ROLLUP: "rollup"}


def standard(data: bytes) -> int:
    return 16 * len(data) - 12 * data.count(0)


def record(position: int) -> list[int]:
    """Of a touched position in a rollup's data, no synthetic balance changed: size, id, key, collateral, time."""
    return [4, position, KEY, AMOUNT, 2**31]


def floor(data: bytes) -> int:
    """EIP-7623's."""
    return 40 * len(data) - 30 * data.count(0)


def steps_of_requests(count: int = 20) -> dict[str, int]:
    """Steps a request, by the kind's name: each names other positions, which hold all of 20 assets."""
    exchange = SampleExchange(is_rollup=True)
    ids = [PositionId((1 << 63) + 0x9E3779B97F4A7C15 * i % (1 << 63)) for i in range(2 * count)]
    held = dict.fromkeys(range(exchange.n_assets), 10**9)
    state = exchange.state({place: samples.position(500 + n, RICH, held) for n, place in enumerate(ids)})
    owners = [(500 + n, place) for n, place in enumerate(ids)]
    batches = {
        INVALID.name: [samples.forced_withdrawal(*owner, 2**63) for owner in owners[:count]],
        VALID.name: [samples.forced_withdrawal(*owner, 7) for owner in owners[:count]],
        TRADE.name: [samples.forced_trade(owners[2 * n], owners[2 * n + 1], n) for n in range(count)],
    }
    nothing = cost(exchange, state, []).steps
    steps = {name: round((cost(exchange, state, batch).steps - nothing) / count) for name, batch in batches.items()}
    return steps | {SPREAD.name: steps[VALID.name]}


class Proof:
    """A proof of the largest run with the set `default`: figures of recorded proofs, continued by their growth."""

    def __init__(self) -> None:
        results = json.loads((ROOT / "docs/trades.json").read_text())["results"]
        small, large = (r for r in results if r["parameters"] == "default" and r["trades"] in (1, 100))
        self.header, *openings = large["transactions"]
        before, after = (sum(part["gas"] for part in r["transactions"]) for r in (small, large))
        doublings = LARGEST_RUN - large["log_steps"]
        growth = (after - before) * doublings // (large["log_steps"] - small["log_steps"])
        self.openings = sum(part["gas"] for part in openings) + growth

    def gas(self, words: bytes) -> int:
        """With so many more words in the output: all go through the header's transaction."""
        execution = self.header["gas"] + VERIFIER_WORD * len(words) // 32 + standard(words)
        least = 21_000 + 40 * self.header["bytes"] + floor(words)
        return self.openings + max(execution, least)


@dataclass(frozen=True)
class Kind:
    """A way to flood."""

    name: str
    requests: Callable[[Stranger, int], Sequence[Withdrawal | Trade]]
    change: Callable[[int], tuple[int, int, int]] | None
    """The modification that serving the request adds to the output; None for one that is proven invalid."""
    touched: int = 1
    """Positions, of which a rollup's data has a record each."""


def withdrawals(stranger: Stranger, count: int) -> list[Withdrawal]:
    return [Withdrawal(stranger.key, POSITION, AMOUNT + i) for i in range(count)]


def trades(stranger: Stranger, count: int) -> list[Trade]:
    key = stranger.key
    usual = Trade(key, key, POSITION, POSITION + 1, stranger.kit.asset, BTC, AMOUNT, AMOUNT, True, 0)
    return [replace(usual, nonce=AMOUNT + i) for i in range(count)]


KEY = 2**251 - 2**248 + int.from_bytes(bytes(range(1, 31)), "big")
"""31 bytes and a half, none of them 0."""
INVALID = Kind("invalid withdrawal", withdrawals, None)
VALID = Kind(
    "valid withdrawal, one key",
    withdrawals,
    lambda i: (KEY, POSITION, -AMOUNT - i),
)
SPREAD = Kind(
    "valid withdrawal, each of another key",
    withdrawals,
    lambda i: (KEY + i, POSITION + i, -AMOUNT - i),
)
TRADE = Kind("trade", trades, None, touched=2)
KINDS = (INVALID, VALID, SPREAD, TRADE)


@dataclass
class Flood:
    asking: dict[str, dict[int, int]]
    """Of "withdrawal" and "trade": the queue's length to gas a request, the transaction's own included."""
    premium: int
    withdraw: int
    """Gas of `withdraw`, by which a key's booking becomes empty again."""
    update: dict[tuple[str, int, int], float]
    """Kind's name, mode, requests of a batch: gas a request of `updateState`, the empty batch's taken off."""
    publish: dict[str, float]
    """Kind's name to gas a request of `publish`, which a rollup's output goes through too."""
    empty: int
    steps: dict[str, int]

    def words(self, kind: Kind, mode: int, count: int) -> bytes:
        """What the requests add to the program's output."""
        request = [0, KEY, POSITION, AMOUNT]
        if kind is TRADE:
            request = [1, KEY, KEY, POSITION, POSITION, BTC, AMOUNT, AMOUNT, 1, AMOUNT]
        change = [KEY, POSITION, 2**64 - AMOUNT] if kind.change else []
        data = record(POSITION) * kind.touched if mode == ROLLUP else []
        return words_to_bytes([*request, *change, *data]) * count

    def largest(self, kind: Kind, mode: int) -> int:
        """Requests of a batch: by the run, by gas of `updateState`, by bytes of the header's transaction."""
        by_run = 2**LARGEST_RUN // self.steps[kind.name]
        by_gas = int((TRANSACTION_GAS - self.empty) / self.update[kind.name, mode, COUNTS[-1]])
        by_bytes = (TRANSACTION_BYTES - Proof().header["bytes"]) // len(self.words(kind, mode, 1))
        return min(by_run, by_gas, by_bytes)

    def proof(self, kind: Kind, mode: int) -> float:
        """Gas a request of the proof of a batch at its largest, and of publishing a rollup's data."""
        most = self.largest(kind, mode)
        published = self.publish[kind.name] if mode == ROLLUP else 0
        return Proof().gas(self.words(kind, mode, most)) / most + published

    def serving(self, kind: Kind, mode: int, queue: int) -> float:
        return self.update[kind.name, mode, queue] + self.proof(kind, mode)

    def asked(self, kind: Kind, queue: int) -> float:
        """A booking that a batch finds empty was emptied by `withdraw`, or is its key's first, after a deposit."""
        gas = self.asking["trade" if kind is TRADE else "withdrawal"][queue]
        emptied = {SPREAD.name: 1.0, VALID.name: 1 / queue}.get(kind.name, 0.0)
        return gas + emptied * (self.withdraw - 21_000)


class Stranger:
    """A contract that floods: its address is its key."""

    def __init__(self, kit: Kit, project) -> None:
        self.kit, self.contract = kit, kit.stranger.deploy(project.Flooder)
        self.key = int(self.contract.address, 16)

    def ask(self, kind: str, first: int) -> int:
        """Gas of a block's free requests."""
        kit, by = self.kit, {"sender": self.kit.stranger}
        if kind == "trade":
            return self.contract.trades(kit.exchange, kit.asset, BTC, AMOUNT + first, FREE, **by).gas_used
        return self.contract.withdrawals(kit.exchange, POSITION, AMOUNT + first, FREE, False, **by).gas_used


def measure_asking(stranger: Stranger, kind: str) -> dict[int, int]:
    gas = [stranger.ask(kind, first) // FREE for first in range(0, COUNTS[-1], FREE)]
    return {count: gas[max(0, count // FREE - 1)] for count in COUNTS}


def batch(stranger: Stranger, kind: Kind | None, mode: int, count: int) -> Output:
    changes = [kind.change(i) for i in range(count)] if kind and kind.change else []
    requests = kind.requests(stranger, count) if kind else []
    data = (0xDA7A << 240, len(record(0)) * count)
    return stranger.kit.output(modifications=changes, forced=requests, assets=[], mode=mode, data=data)


def measure_update(stranger: Stranger, kind: Kind | None, mode: int, count: int) -> int:
    kit = stranger.kit
    before = kit.chain.snapshot()
    output = batch(stranger, kind, mode, count)
    kit.declare(output.words(), None if mode == ROLLUP else output.after)
    gas = kit.update(output.words()).gas_used
    kit.chain.restore(before)
    return gas


def measure_publish(stranger: Stranger, adapter, kind: Kind | None, count: int) -> int:
    records = count * kind.touched if kind else 0
    data = [0, *(word for i in range(records) for word in record(POSITION + i))]
    output = batch(stranger, kind, ROLLUP, count)
    prove(stranger.kit, output, data)
    return adapter.publish(output.main_words(), data, sender=stranger.kit.operator).gas_used


def measure_withdraw(kit) -> int:
    """What becomes of one's own booking: nothing is left."""
    before = kit.chain.snapshot()
    kit.serve(kit.give(kit.alice, 5), modifications=[(kit.alice.stark_key, 7, -2)])
    gas = kit.withdraw(kit.alice).gas_used
    kit.chain.restore(before)
    return gas


@pytest.fixture(scope="module")
def flood(project, accounts, chain) -> Flood:
    kit = Kit(project, accounts, chain)
    kit.register(kit.alice)
    kit.deposit(kit.alice, 1)  # the sums that are set apart are not empty
    flooder = Stranger(kit, project)
    adapter = kit.governor.deploy(project.RollupFactAdapter, kit.verifier, PROGRAM)
    withdraw = measure_withdraw(kit)
    asking = {kind: measure_asking(flooder, kind) for kind in ("withdrawal", "trade")}
    premium = flooder.contract.withdrawals(kit.exchange, POSITION, 0, 1, True, sender=kit.stranger).gas_used
    empty = {mode: measure_update(flooder, None, mode, 0) for mode in MODES}
    update = {
        (kind.name, mode, count): (measure_update(flooder, kind, mode, count) - empty[mode]) / count
        for kind in KINDS
        for mode in MODES
        for count in COUNTS
    }
    nothing = measure_publish(flooder, adapter, None, 0)
    count = COUNTS[-1]
    publish = {kind.name: (measure_publish(flooder, adapter, kind, count) - nothing) / count for kind in KINDS}
    return Flood(asking, premium, withdraw, update, publish, empty[VALIDIUM], steps_of_requests())


@pytest.mark.parametrize("mode", MODES, ids=MODES.values())
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("queue", COUNTS)
def test_serving_costs_less_than_asking(flood, kind, mode, queue):
    assert flood.serving(kind, mode, queue) < flood.asked(kind, queue)


def test_asking_does_not_become_cheaper_as_the_queue_grows(flood):
    """Nor the serving dearer, a request."""
    for gas in flood.asking.values():
        assert min(gas.values()) > 0.9 * max(gas.values())
    for kind in KINDS:
        for mode in MODES:
            few, many = (flood.update[kind.name, mode, count] for count in COUNTS[-2:])
            assert many < 1.1 * few, kind.name


def test_a_request_with_premium_costs_more_than_any_service(flood):
    assert flood.premium > 1_000_000
    assert flood.premium > 10 * max(flood.serving(kind, mode, COUNTS[-1]) for kind in KINDS for mode in MODES)


def test_the_table_of_the_page(flood):
    """The page's figures are within a twentieth of what is measured now."""
    rows = table(flood)
    print("\n" + "\n".join("| " + " | ".join(row) + " |" for row in rows))
    page = (ROOT / "docs/forced-requests.md").read_text()
    written = {tuple(cells[:2]): cells[2:] for cells in (row_of(line) for line in page.splitlines()) if len(cells) > 5}
    for name, mode, *figures in rows:
        assert (name, mode) in written
        for now, then in zip(figures, written[name, mode], strict=True):
            assert abs(number(now) - number(then)) <= 0.05 * number(then), (name, mode, now, then)


def number(cell: str) -> int:
    return int(cell.replace(",", ""))


def row_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def table(flood) -> list[list[str]]:
    """Kind, mode, asking, its share of `updateState`, of the proof, both, how many fit a batch, steps of one."""
    most = COUNTS[-1]
    return [
        [kind.name, MODES[mode]]
        + [
            f"{round(figure):,}"
            for figure in (
                flood.asked(kind, most),
                flood.update[kind.name, mode, most],
                flood.proof(kind, mode),
                flood.serving(kind, mode, most),
                flood.largest(kind, mode),
                flood.steps[kind.name],
            )
        ]
        for kind in KINDS
        for mode in MODES
    ]
