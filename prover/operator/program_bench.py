"""`freehold bench program`: what each kind of transaction costs the exchange's program.

Steps, hashes, range checks and signatures are counts of the run: they do not depend on the machine. The batches are
built here in the program's input format, with trees, messages and signatures of their own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import click

from prover.algebra.ecdsa import public_key, sign
from prover.algebra.pedersen import pedersen
from prover.cairo.run import Run, run_program
from prover.operator.proving import exchange_program

HEIGHT = 64
BIAS = 1 << 63
NOW = 1_600_000_000
EXPIRATION = 444_500
COLLATERAL = 0x2893294412A4C8F915F75892B395EBBF6859EC246EC365C3B1F56F47C3A0A5D
FEE_POSITION, FEE_KEY = 1, 99
PRICE = 2 << 32
INDEX = 1000
RISK = 150323855
ORACLES = (201, 202, 203, 204, 205)

Document = dict[str, Any]


# Trees.


@cache
def empty_roots(leaf: int, height: int = HEIGHT) -> tuple[int, ...]:
    """Roots of empty trees by height."""
    roots = [leaf]
    for _ in range(height):
        roots.append(pedersen(roots[-1], roots[-1]))
    return tuple(roots)


def tree_root(leaves: dict[int, int], empty_leaf: int, height: int, preimage: dict[str, list[str]]) -> int:
    """The root of a sparse tree; its nodes above the leaves are added to the preimage."""
    empty, level = empty_roots(empty_leaf, height), leaves
    for depth in range(height):
        parents = {}
        for index in {index >> 1 for index in level}:
            children = [level.get(2 * index + side, empty[depth]) for side in (0, 1)]
            parents[index] = pedersen(*children)
            preimage[hex(parents[index])] = [hex(child) for child in children]
        level = parents
    return level.get(0, empty[height])


def position_leaf(position: Document) -> int:
    """perpetual-state 3.2."""
    accumulated = 0
    for asset in position["assets"]:
        word = int(asset["asset_id"], 16) << 64 | int(asset["cached_funding_index"]) + BIAS
        accumulated = pedersen(accumulated, word << 64 | int(asset["balance"]) + BIAS)
    accumulated = pedersen(accumulated, int(position["public_key"], 16))
    return pedersen(accumulated, (int(position["collateral_balance"]) + BIAS) * 2**16 + len(position["assets"]))


EMPTY_POSITION = {"public_key": "0x0", "collateral_balance": "0", "assets": []}


def program_input(config: Document, state: Document, batch: Document) -> Document:
    """The program's input, with roots and preimages of the state's trees."""
    preimage: dict[str, list[str]] = {}
    leaves = {int(key): position_leaf(position) for key, position in state["positions"].items()}
    empty = position_leaf(EMPTY_POSITION)
    positions_root = tree_root(leaves, empty, config["positions_tree_height"], preimage)
    orders = {int(key): int(used) for key, used in state["orders"].items()}
    orders_root = tree_root(orders, 0, config["orders_tree_height"], preimage)
    state = {**state, "positions_root": hex(positions_root), "orders_root": hex(orders_root)}
    return {"config": config, "prev_state": state, "batch": batch, "advice": {"preimage": preimage}}


# Configuration, state, messages.


def asset_id(place: int) -> str:
    return hex(int.from_bytes(f"SYN{place:02}-9".encode().ljust(15, b"\0"), "big"))


def signed_id(place: int, oracle: int) -> int:
    return int.from_bytes(f"SYN{place:02}USD".encode().ljust(16, b"\0"), "big") << 40 | 0x6F30 + oracle


@cache
def key(private_key: int) -> str:
    return hex(public_key(private_key))


def general_config(n_assets: int, height: int = HEIGHT, is_rollup: bool = False) -> Document:
    return {
        "max_funding_rate": "1120",
        "collateral": {"asset_id": hex(COLLATERAL), "resolution": "1000000"},
        "fee_position": {"position_id": str(FEE_POSITION), "public_key": key(FEE_KEY)},
        "positions_tree_height": height,
        "orders_tree_height": HEIGHT,
        "price_validity_period": "31536000",
        "funding_validity_period": "604800",
        "data_availability_mode": int(is_rollup),
        "is_risk_by_balance_only": 0,
        "synthetic_assets": [
            {
                "asset_id": asset_id(place),
                "resolution": "1000000000",
                "risk_segments": [{"upper_bound": str(2**128 - 1), "risk": str(RISK)}],
                "oracle_price_signed_asset_ids": [hex(signed_id(place, oracle)) for oracle in range(4)],
                "oracle_price_quorum": 3,
                "oracle_price_signers": [key(oracle) for oracle in ORACLES],
            }
            for place in range(n_assets)
        ],
    }


def position(private_key: int, collateral: int, balances: dict[int, int]) -> Document:
    """balances by place of the asset; funding was applied one index earlier."""
    assets = [
        {"asset_id": asset_id(place), "balance": str(balance), "cached_funding_index": str(INDEX - 1)}
        for place, balance in sorted(balances.items())
    ]
    return {"public_key": key(private_key), "collateral_balance": str(collateral), "assets": assets}


def state(n_assets: int, positions: dict[int, Document], orders: dict[int, int] | None = None) -> Document:
    fee = {str(FEE_POSITION): position(FEE_KEY, 1_000_000, {})}
    return {
        "positions": {**fee, **{str(key): document for key, document in positions.items()}},
        "orders": {str(key): str(used) for key, used in (orders or {}).items()},
        "funding_indices": [[asset_id(place), str(INDEX)] for place in range(n_assets)],
        "funding_timestamp": str(NOW),
        "oracle_prices": [[asset_id(place), str(PRICE)] for place in range(n_assets)],
        "system_time": str(NOW + 100),
    }


def batch(transactions: list[Document], time: int = NOW + 100, prices: list[Document] | None = None) -> Document:
    return {
        "minimum_expiration_timestamp": str(EXPIRATION - 10),
        "signed_min_prices": prices or [],
        "signed_max_prices": prices or [],
        "new_system_time": str(time),
        "transactions": transactions,
    }


def signed(private_key: int, message: int) -> Document:
    r, s = sign(message, private_key)
    return {"public_key": key(private_key), "signature_r": hex(r), "signature_s": hex(s)}


def chain(*words: int) -> int:
    """h(h(w1, w2), w3)..."""
    accumulated = words[0]
    for word in words[1:]:
        accumulated = pedersen(accumulated, word)
    return accumulated


@dataclass
class Signer:
    """Signs every order with a nonce of its own."""

    nonce: int = field(default=0)

    def _base(self) -> Document:
        self.nonce += 1
        return {"nonce": str(self.nonce), "expiration_timestamp": str(EXPIRATION)}

    def order(
        self, private_key: int, position_id: int, place: int, is_buying: bool, synthetic: int, collateral: int, fee: int
    ) -> Document:
        base = self._base()
        asset = int(asset_id(place), 16)
        sides = [(COLLATERAL, collateral), (asset, synthetic)]
        (sell, amount_sell), (buy, amount_buy) = sides if is_buying else sides[::-1]
        amounts = amount_sell << 160 | amount_buy << 96 | fee << 32 | self.nonce
        last = 3 << 241 | position_id << 177 | position_id << 113 | position_id << 49 | EXPIRATION << 17
        return {
            **base,
            **signed(private_key, chain(sell, buy, COLLATERAL, amounts, last)),
            "amount_synthetic": str(synthetic),
            "amount_collateral": str(collateral),
            "amount_fee": str(fee),
            "synthetic_asset_id": hex(asset),
            "collateral_asset_id": hex(COLLATERAL),
            "position_id": str(position_id),
            "is_buying_synthetic": str(int(is_buying)),
        }

    def withdrawal(self, private_key: int, position_id: int, amount: int, owner: int | None = None) -> Document:
        base = self._base()
        kind = 6 if owner is None else 7
        word = kind << 241 | position_id << 177 | self.nonce << 145 | amount << 81 | EXPIRATION << 49
        message = chain(COLLATERAL, word) if owner is None else chain(COLLATERAL, owner, word)
        return {
            **base,
            **signed(private_key, message),
            "type": "withdrawal",
            "position_id": str(position_id),
            "amount": str(amount),
            "owner_key": key(private_key) if owner is None else hex(owner),
        }

    def transfer(
        self, private_key: int, sender: int, receiver_key: int, receiver: int, amount: int, condition: int = 0
    ) -> Document:
        base = self._base()
        kind = 5 if condition else 4
        positions = sender << 160 | receiver << 96 | sender << 32 | self.nonce
        word = kind << 241 | amount << 177 | EXPIRATION << 81
        conditions = [condition] if condition else []
        message = chain(COLLATERAL, 0, int(key(receiver_key), 16), *conditions, positions, word)
        return {
            **base,
            **signed(private_key, message),
            "type": "cond_transfer" if condition else "transfer",
            "sender_position_id": str(sender),
            "receiver_public_key": key(receiver_key),
            "receiver_position_id": str(receiver),
            "amount": str(amount),
            "asset_id": hex(COLLATERAL),
            **({"condition": hex(condition)} if condition else {}),
        }


def deposit(private_key: int, position_id: int, amount: int) -> Document:
    return {"type": "deposit", "public_key": key(private_key), "position_id": str(position_id), "amount": str(amount)}


def forced_withdrawal(private_key: int, position_id: int, amount: int) -> Document:
    return {**deposit(private_key, position_id, amount), "type": "forced_withdrawal"}


def forced_trade(
    parties: tuple[int, int], positions: tuple[int, int], place: int, synthetic: int, collateral: int
) -> Document:
    """The first party buys."""
    return {
        "type": "forced_trade",
        "public_key_a": key(parties[0]),
        "public_key_b": key(parties[1]),
        "position_id_a": str(positions[0]),
        "position_id_b": str(positions[1]),
        "synthetic_asset_id": asset_id(place),
        "amount_collateral": str(collateral),
        "amount_synthetic": str(synthetic),
        "is_party_a_buying_synthetic": "1",
        "nonce": "5",
    }


def trade(buy: Document, sell: Document, synthetic: int, collateral: int, fee: int = 0) -> Document:
    return {
        "type": "trade",
        "buy_order": buy,
        "sell_order": sell,
        "actual_collateral": str(collateral),
        "actual_synthetic": str(synthetic),
        "actual_buyer_fee": str(fee),
        "actual_seller_fee": str(fee),
    }


def liquidation(order: Document, position_id: int, synthetic: int, collateral: int) -> Document:
    return {
        "type": "liquidate",
        "liquidator_order": order,
        "liquidated_position_id": str(position_id),
        "actual_collateral": str(collateral),
        "actual_synthetic": str(synthetic),
        "actual_liquidator_fee": "0",
    }


def deleverage(
    bankrupt: int, deleverager: int, place: int, synthetic: int, collateral: int, is_buying: bool = True
) -> Document:
    return {
        "type": "deleverage",
        "deleveragable_position_id": str(bankrupt),
        "deleverager_position_id": str(deleverager),
        "synthetic_asset_id": asset_id(place),
        "amount_collateral": str(collateral),
        "amount_synthetic": str(synthetic),
        "deleverager_is_buying_synthetic": str(int(is_buying)),
    }


def funding_tick(n_assets: int, timestamp: int) -> Document:
    indices = [[asset_id(place), str(INDEX + 7)] for place in range(n_assets)]
    return {"type": "funding", "funding_indices": indices, "timestamp": str(timestamp)}


def oracle_tick(n_assets: int, timestamp: int) -> Document:
    prices = [[asset_id(place), str(PRICE)] for place in range(n_assets)]
    return {"type": "oracle", "prices": prices, "timestamp": str(timestamp)}


def signed_price(place: int, n_signatures: int) -> Document:
    """PRICE, signed by the first oracles in the order of their keys."""
    external = PRICE * 10**18 * 1000 >> 32
    oracles = sorted(ORACLES, key=public_key)[:n_signatures]
    signatures = []
    for oracle in oracles:
        name = signed_id(place, oracle % 4)
        r, s = sign(pedersen(name, external << 32 | NOW), oracle)
        signatures.append(
            {
                "signer_key": key(oracle),
                "external_price": str(external),
                "timestamp": str(NOW),
                "signed_asset_id": hex(name),
                "r": hex(r),
                "s": hex(s),
            }
        )
    return {"asset_id": asset_id(place), "price": str(PRICE), "signatures": signatures}


# Measuring.


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


def cost(config: Document, before: Document, transactions: list[Document], **options: Any) -> Cost:
    return Cost.of(run_program(exchange_program(), program_input(config, before, batch(transactions, **options))))


N_ASSETS = 20
ALICE, BOB, CAROL = 11, 12, 13
RICH = 10**12


@dataclass(frozen=True)
class Kind:
    """One row of the table: the original's steps and hashes for positions with 5 assets, and two transactions."""

    name: str
    original_steps: int
    original_hashes: int
    transactions: Callable[[Signer], list[Document]]


def _trade(signer: Signer) -> Document:
    return trade(
        signer.order(ALICE, 2**40 + 7, 0, True, 10**6, 2 * 10**6, 10),
        signer.order(BOB, 2**50 + 9, 0, False, 10**6, 2 * 10**6, 10),
        10**6,
        2 * 10**6,
        10,
    )


A, B, LIQUID, BANKRUPT = 2**40 + 7, 2**50 + 9, 2**60 + 5, 2**61 + 3
KINDS = [
    Kind("deposit", 2929, 142, lambda s: [deposit(ALICE, A, 7)]),
    Kind("withdrawal", 4065, 271, lambda s: [s.withdrawal(ALICE, A, 7)]),
    Kind("withdrawal to another key", 4073, 272, lambda s: [s.withdrawal(ALICE, A, 7, owner=0x1234)]),
    Kind("transfer", 6855, 410, lambda s: [s.transfer(ALICE, A, BOB, B, 7)]),
    Kind("conditional transfer", 6896, 411, lambda s: [s.transfer(ALICE, A, BOB, B, 7, condition=77)]),
    Kind("trade, fresh orders", 10558, 667, lambda s: [_trade(s)]),
    Kind("forced withdrawal, valid", 3007, 142, lambda s: [forced_withdrawal(ALICE, A, 7)]),
    Kind("forced withdrawal, invalid by margin", 4264, 142, lambda s: [forced_withdrawal(ALICE, A, 2 * RICH)]),
    Kind("forced trade, valid", 6332, 277, lambda s: [forced_trade((ALICE, BOB), (A, B), 0, 10**6, 2 * 10**6)]),
    Kind(
        "liquidate",
        11854,
        538,
        lambda s: [liquidation(s.order(ALICE, A, 0, True, 10**6, 2 * 10**6, 0), LIQUID, 10**6, 2 * 10**6)],
    ),
    Kind("deleverage", 9913, 278, lambda s: [deleverage(BANKRUPT, B, 0, 10**6, 2_002_001)]),
]


def five_assets(sign_of_first: int = 1) -> dict[int, int]:
    return {place: (sign_of_first if place == 0 else 1) * 10**9 for place in range(5)}


def table_state() -> Document:
    """Alice long, Bob short in the first asset; one position to liquidate, one one bankrupt."""
    longs = 5 * 2 * 10**9
    return state(
        N_ASSETS,
        {
            A: position(ALICE, RICH, five_assets()),
            B: position(BOB, RICH, five_assets(-1)),
            LIQUID: position(CAROL, -longs + 10**8, five_assets()),
            BANKRUPT: position(CAROL, -longs - 10**7, five_assets()),
        },
    )


def averages(n_trades: int, n_parties: int) -> Cost:
    """Per trade of a batch, without what an empty batch costs; positions hold about four assets, orders are fresh."""
    draw, signer = random.Random(n_trades), Signer()
    parties = {draw.randrange(2**63): 300 + place for place in range(n_parties)}
    positions = {
        place: position(private, RICH, {asset: 10**9 for asset in draw.sample(range(N_ASSETS), 4)})
        for place, private in parties.items()
    }
    transactions = []
    for trade_place in range(n_trades):
        buyer, seller = draw.sample(sorted(parties), 2)
        if trade_place < n_parties:
            buyer = sorted(parties)[trade_place]
            seller = seller if seller != buyer else sorted(parties)[trade_place - 1]
        held = [int(a["asset_id"], 16) for a in positions[seller]["assets"]]
        place = next(place for place in range(N_ASSETS) if int(asset_id(place), 16) == draw.choice(held) or place == 19)
        transactions.append(
            trade(
                signer.order(parties[buyer], buyer, place, True, 10**6, 2 * 10**6, 10),
                signer.order(parties[seller], seller, place, False, 10**6, 2 * 10**6, 10),
                10**6,
                2 * 10**6,
                10,
            )
        )
    config, before = general_config(N_ASSETS), state(N_ASSETS, positions)
    return (cost(config, before, transactions) - cost(config, before, [])) / n_trades


def rows() -> Iterator[tuple[str, Cost, str]]:
    """(what, its cost, the original's steps and hashes)."""
    config, before = general_config(N_ASSETS), table_state()
    nothing = cost(config, before, [])
    for kind in KINDS:
        yield (
            kind.name,
            cost(config, before, kind.transactions(Signer())) - nothing,
            (f"{kind.original_steps:,} / {kind.original_hashes}"),
        )
    later = NOW + 110
    yield (
        "funding tick, 20 assets",
        cost(config, before, [funding_tick(N_ASSETS, later)], time=later) - nothing,
        f"{133 + 87 * N_ASSETS:,} / 0",
    )
    prices = [signed_price(0, 3)]
    signed_nothing = cost(config, before, [], prices=prices)
    yield (
        "oracle tick, 1 asset of 20",
        cost(config, before, [oracle_tick(1, later)], time=later, prices=prices) - signed_nothing,
        "432 / 0",
    )
    yield "one signed price, 3 signatures", (signed_nothing - nothing) / 2, f"{117 + 256 * 3} / 3"
    for n_assets in (1, 20):
        empty = cost(general_config(n_assets), state(n_assets, {}), [])
        yield f"empty batch, {n_assets} assets", empty, f"{1103 + 575 * n_assets:,} / {13 + 17 * n_assets}"
    yield "average of 32 trades, 16 positions", averages(32, 15), "7,460 / 307"
    yield "average of 100 trades, 59 positions", averages(100, 58), "7,425 / 309"


HEADINGS = ["", "steps", "hashes", "range checks", "signatures", "original: steps / hashes"]


def markdown() -> str:
    """The table of docs/program.md."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "| --- | ---: | ---: | ---: | ---: | ---: |"]
    for name, found, original in rows():
        figures = [found.steps, found.hashes, found.range_checks, found.signatures]
        lines.append(f"| {name} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + f" | {original} |")
    return "\n".join(lines) + "\n"


BEGIN, END = "<!-- freehold bench program -->\n", "<!-- end -->\n"


@click.command("program")
@click.option("--document", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Rewrite its table.")
def bench_program(document: Path | None) -> None:
    """Steps, hashes, range checks and signatures of each kind of transaction."""
    table = markdown()
    if document is None:
        click.echo(table, nl=False)
        return
    before, rest = document.read_text().split(BEGIN)
    document.write_text(before + BEGIN + table + END + rest.split(END)[1])
