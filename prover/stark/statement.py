"""What a proof is about, as the proof system sees it; `prover/cairo/statement.py` says what it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol


class Statement(Protocol):
    """Public words of a run.

    words: as they stand in the header. digest_words: what the transcript absorbs in round 0 after the heights
    (bound to `words` and to the program). values: what the constraints read, by name. accesses: the lookups that
    the verifier itself adds, as (tag, t_1, t_2, ...) used once each. check: raises StatementRefused.
    """

    @property
    def identity(self) -> int: ...

    @property
    def words(self) -> list[int]: ...

    def digest_words(self) -> list[int]: ...

    def values(self) -> dict[str, int]: ...

    def accesses(self) -> Iterable[tuple[int, ...]]: ...

    def check(self, log_heights: tuple[int, ...]) -> None: ...
