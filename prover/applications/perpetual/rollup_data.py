"""A rollup's data: its words both ways, and the positions that follow from them (docs/spec/perpetual-state.md 10.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prover.applications.ledger.fields import ASSET_ID_UPPER_BOUND, TIME_UPPER_BOUND
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.ledger.units import AssetId, Seconds, StarkKey
from prover.applications.perpetual.errors import IndexUnread, TickUnread
from prover.applications.perpetual.fields import BALANCE_BIAS, POSITION_ID_UPPER_BOUND
from prover.applications.perpetual.positions import EMPTY, Asset, Position, leaves
from prover.applications.perpetual.state import SharedState, State, funding_words, take_funding
from prover.applications.perpetual.units import CollateralQuanta, FundingIndex, Indices, PositionId, SyntheticQuanta
from prover.applications.perpetual.words import WordReader

_BALANCE_BITS = 64
_HEAD = 4
"""Words of a record before the changed balances."""


@dataclass(frozen=True)
class FundingTable:
    """All indices as a funding tick left them."""

    indices: Indices
    timestamp: Seconds

    def words(self) -> list[int]:
        return funding_words(self.indices, self.timestamp)


@dataclass(frozen=True)
class PositionRecord:
    """What a batch made of one position: everything but the balances that it left alone.

    `funding_timestamp` is the time of the tick whose indices the position has; 0 if it is empty, or if it was touched
    and could not be funded. A changed balance of 0 is a holding that is gone.
    """

    position_id: PositionId
    public_key: StarkKey
    collateral_balance: CollateralQuanta
    funding_timestamp: Seconds
    changed: tuple[tuple[AssetId, SyntheticQuanta], ...]

    @staticmethod
    def between(position_id: PositionId, old: Position, new: Position, funding_timestamp: Seconds) -> PositionRecord:
        ids = sorted({asset.asset_id for asset in (*old.assets, *new.assets)})
        changed = ((asset_id, new.balance(asset_id)) for asset_id in ids)
        return PositionRecord(
            position_id,
            new.public_key,
            new.collateral_balance,
            funding_timestamp,
            tuple((asset_id, balance) for asset_id, balance in changed if balance != old.balance(asset_id)),
        )

    def words(self) -> list[int]:
        return [
            _HEAD + len(self.changed),
            self.position_id,
            self.public_key,
            self.collateral_balance + BALANCE_BIAS,
            self.funding_timestamp,
            *(asset_id << _BALANCE_BITS | balance + BALANCE_BIAS for asset_id, balance in self.changed),
        ]

    @staticmethod
    def take(reader: WordReader, last_id: int) -> PositionRecord:
        """From the reader's next words, after the record of `last_id`. Raises OutputMalformed."""
        record = reader.slice(reader.take("size of a record", _HEAD), "a position's record")
        position_id = record.take_above(last_id, "position", POSITION_ID_UPPER_BOUND)
        public_key = record.take("key")
        collateral = record.take("biased collateral", 0, 2 * BALANCE_BIAS) - BALANCE_BIAS
        timestamp = record.take("time of its funding", 0, TIME_UPPER_BOUND)
        changed, last_asset = [], -1
        while record:
            word = record.take_above(last_asset, "changed balance", ASSET_ID_UPPER_BOUND << _BALANCE_BITS)
            asset_id, biased = divmod(word, 1 << _BALANCE_BITS)
            last_asset = word | (1 << _BALANCE_BITS) - 1
            changed.append((AssetId(asset_id), SyntheticQuanta(biased - BALANCE_BIAS)))
        return PositionRecord(
            PositionId(position_id),
            StarkKey(public_key),
            CollateralQuanta(collateral),
            Seconds(timestamp),
            tuple(changed),
        )


@dataclass(frozen=True)
class RollupData:
    """One batch's: its funding ticks in order, then each touched position by its id."""

    ticks: tuple[FundingTable, ...]
    records: tuple[PositionRecord, ...]

    def words(self) -> list[int]:
        ticks = (word for tick in self.ticks for word in tick.words())
        return [len(self.ticks), *ticks, *(word for record in self.records for word in record.words())]

    @staticmethod
    def take(reader: WordReader) -> RollupData:
        """From all words that the reader has left. Raises OutputMalformed."""
        ticks = tuple(FundingTable(*take_funding(reader)) for _ in range(reader.take("number of funding ticks")))
        records: list[PositionRecord] = []
        while reader:
            records.append(PositionRecord.take(reader, records[-1].position_id if records else -1))
        return RollupData(ticks, tuple(records))

    @staticmethod
    def read(words: Sequence[int]) -> RollupData:
        """Raises OutputMalformed."""
        return RollupData.take(WordReader(words, "a rollup's data"))


class Published:
    """The positions of a rollup, from data alone.

    Whoever knows the positions and the funding of one state (of the empty one at the beginning, unless told otherwise)
    and reads the data of every batch after it, in order, knows the positions of the last state; from any state on, for
    data say of a position only what its batch changed. A batch that was left out is noticed where a record refers to
    its ticks, and otherwise by `state`, which compares the root: ask for it before a position counts. Orders are not
    among the data; who leaves needs none.
    """

    def __init__(
        self,
        positions: Mapping[PositionId, Position] | None = None,
        funding: Sequence[FundingTable] = (),
    ) -> None:
        self.positions: dict[PositionId, Position] = dict(positions or {})
        self._indices = {table.timestamp: dict(table.indices) for table in funding}

    @staticmethod
    def after(state: State) -> Published:
        """A reader who knows this state."""
        return Published(state.positions, [FundingTable(state.funding_indices, state.funding_timestamp)])

    def read(self, words: Sequence[int]) -> None:
        """One batch's data. Raises OutputMalformed, TickUnread or IndexUnread, and has then read nothing."""
        data = RollupData.read(words)
        indices = {**self._indices, **{tick.timestamp: dict(tick.indices) for tick in data.ticks}}
        touched = {record.position_id: self._position(record, indices) for record in data.records}
        self._indices = indices
        self.positions |= touched

    def _position(self, record: PositionRecord, indices: Mapping[Seconds, Mapping[AssetId, FundingIndex]]) -> Position:
        before = {asset.asset_id: asset for asset in self.positions.get(record.position_id, EMPTY).assets}
        balances = {asset_id: asset.balance for asset_id, asset in before.items()} | dict(record.changed)
        held = sorted((asset_id, balance) for asset_id, balance in balances.items() if balance)
        time = record.funding_timestamp
        if held and time and time not in indices:
            raise TickUnread(record.position_id, time)
        kept = {asset_id: asset.cached_funding_index for asset_id, asset in before.items()}
        known = indices.get(time, {}) if time else kept
        for asset_id, _ in held:
            if asset_id not in known:
                raise IndexUnread(record.position_id, asset_id, time)
        assets = tuple(Asset(asset_id, balance, known[asset_id]) for asset_id, balance in held)
        return Position(record.public_key, record.collateral_balance, assets)

    def root(self, height: int) -> int:
        """Of the tree of positions. Raises ValueError for a position outside it."""
        held = {key: position for key, position in self.positions.items() if not position.is_empty()}
        return MerkleTree(height, EMPTY.leaf(), dict(zip(held, leaves(held.values()), strict=True))).root

    def state(self, shared: SharedState) -> State:
        """The state on chain, with these positions. Raises PositionsDiffer."""
        return State.known(self.positions, shared)
