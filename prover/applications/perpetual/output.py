"""What the program writes, word for word: the main page, which the contract reads, and a rollup's data after it
(docs/spec/perpetual-state.md 10). Both ways: what was written is read, and what was read is written again alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from prover.applications.ledger.fields import ASSET_ID_UPPER_BOUND, HOURS_UPPER_BOUND
from prover.applications.ledger.units import AssetId, Hours, StarkKey
from prover.applications.perpetual.errors import KindUnknown, WordOutOfRange
from prover.applications.perpetual.fields import POSITION_ID_UPPER_BOUND, SYSTEM_ASSETS_UPPER_BOUND
from prover.applications.perpetual.rollup_data import RollupData
from prover.applications.perpetual.state import SharedState
from prover.applications.perpetual.transactions import FORCED_KINDS, ForcedTrade, ForcedWithdrawal
from prover.applications.perpetual.units import CollateralQuanta, PositionId
from prover.applications.perpetual.words import WordReader

VALIDIUM, ROLLUP = 0, 1
"""Availability modes."""
DIFFERENCE_BIAS = 1 << 64


class Modification(NamedTuple):
    """What the contract books: a deposit that was taken, or a withdrawal that `owner_key` may claim."""

    owner_key: StarkKey
    position_id: PositionId
    biased_difference: int

    @staticmethod
    def of(owner_key: StarkKey, position_id: PositionId, difference: CollateralQuanta) -> Modification:
        return Modification(owner_key, position_id, DIFFERENCE_BIAS + difference)

    @property
    def difference(self) -> CollateralQuanta:
        """Positive for a deposit, negative for a withdrawal."""
        return CollateralQuanta(self.biased_difference - DIFFERENCE_BIAS)


@dataclass(frozen=True)
class MainPage:
    """What the contract reads.

    `asset_hashes` are of all configured assets, ascending. Modifications, forced requests and conditions stand in the
    order of execution. Whether a forced request was valid is not said: an invalid one changed nothing.
    """

    config_hash: int
    data_availability_mode: int
    asset_hashes: tuple[tuple[AssetId, int], ...]
    before: SharedState
    after: SharedState
    minimum_expiration: Hours
    modifications: tuple[Modification, ...]
    forced: tuple[ForcedWithdrawal | ForcedTrade, ...]
    conditions: tuple[int, ...]

    def words(self) -> list[int]:
        before, after = self.before.words(), self.after.words()
        forced = [word for request in self.forced for word in request.action_words()]
        return [
            self.config_hash,
            self.data_availability_mode,
            len(self.asset_hashes),
            *(word for pair in self.asset_hashes for word in pair),
            len(before),
            *before,
            len(after),
            *after,
            self.minimum_expiration,
            len(self.modifications),
            *(word for modification in self.modifications for word in modification),
            len(forced),
            len(self.forced),
            *forced,
            len(self.conditions),
            *self.conditions,
        ]

    @staticmethod
    def take(reader: WordReader) -> MainPage:
        """From the reader's next words. Raises OutputMalformed."""
        config_hash = reader.take("configuration's hash")
        mode = reader.take("availability mode")
        if mode not in (VALIDIUM, ROLLUP):
            raise KindUnknown("availability mode of " + reader.part, reader.place - 1, mode)
        return MainPage(
            config_hash,
            mode,
            _take_asset_hashes(reader),
            _take_state(reader, "the state before"),
            _take_state(reader, "the state after"),
            Hours(reader.take("minimum expiration", 0, HOURS_UPPER_BOUND)),
            tuple(_take_modification(reader) for _ in range(reader.take("number of modifications"))),
            _take_forced(reader),
            tuple(reader.take("condition") for _ in range(reader.take("number of conditions"))),
        )

    @staticmethod
    def read(words: Sequence[int]) -> MainPage:
        """From all of these words. Raises OutputMalformed."""
        reader = WordReader(words, "the main page")
        page = MainPage.take(reader)
        reader.end()
        return page


def _take_asset_hashes(reader: WordReader) -> tuple[tuple[AssetId, int], ...]:
    hashes, last_id = [], -1
    for _ in range(reader.take("number of assets", 0, SYSTEM_ASSETS_UPPER_BOUND)):
        last_id = reader.take_above(last_id, "configured asset", ASSET_ID_UPPER_BOUND)
        hashes.append((AssetId(last_id), reader.take("hash of a configured asset")))
    return tuple(hashes)


def _take_state(reader: WordReader, part: str) -> SharedState:
    words = reader.slice(reader.take(f"size of {part}"), part)
    state = SharedState.take(words)
    words.end()
    return state


def _take_modification(reader: WordReader) -> Modification:
    return Modification(
        StarkKey(reader.take("owner of a modification")),
        PositionId(reader.take("position of a modification", 0, POSITION_ID_UPPER_BOUND)),
        reader.take("biased difference of a modification", 1, 2 * DIFFERENCE_BIAS),
    )


def _take_forced(reader: WordReader) -> tuple[ForcedWithdrawal | ForcedTrade, ...]:
    size, count = reader.take("size of the forced requests"), reader.take("number of forced requests")
    words = reader.slice(size, "the forced requests")
    requests = tuple(_take_request(words) for _ in range(count))
    words.end()
    return requests


def _take_request(reader: WordReader) -> ForcedWithdrawal | ForcedTrade:
    word = reader.take("kind")
    kind = FORCED_KINDS.get(word)
    if kind is None:
        raise KindUnknown("kind of " + reader.part, reader.place - 1, word)
    place = reader.place
    fields = {name: reader.take(name) for name in kind.output_fields}
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        fault = error.errors()[0]
        name = str(fault["loc"][0])
        part, place = f"{name} of {reader.part}", place + kind.output_fields.index(name)
        raise WordOutOfRange(part, place, fields[name], fault["msg"].removeprefix("Value error, ")) from error


@dataclass(frozen=True)
class ProgramOutput:
    """All that the program wrote: `data` in rollup mode, None in Validium mode."""

    main: MainPage
    data: RollupData | None

    def words(self) -> list[int]:
        return [*self.main.words(), *(self.data.words() if self.data else ())]

    @staticmethod
    def read(words: Sequence[int]) -> ProgramOutput:
        """Raises OutputMalformed."""
        reader = WordReader(words, "the output")
        main = MainPage.take(reader)
        if main.data_availability_mode == ROLLUP:
            return ProgramOutput(main, RollupData.take(reader.rest("a rollup's data")))
        reader.end()
        return ProgramOutput(main, None)
