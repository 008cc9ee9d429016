"""Reading words that a program wrote, one after the other, each by the name of what it is."""

from __future__ import annotations

from collections.abc import Sequence

from prover.algebra.field import PRIME
from prover.applications.ledger.fields import bounds_text
from prover.applications.perpetual.errors import NotAscending, OutputCutOff, OutputTooLong, WordOutOfRange


class WordReader:
    """`part` is what the words are of, `place` the next one's, counted from the beginning of the whole output."""

    def __init__(self, words: Sequence[int], part: str) -> None:
        self._words, self._end = words, len(words)
        self.part, self.place = part, 0

    def __bool__(self) -> bool:
        """Whether words are left."""
        return self.place < self._end

    def take(self, name: str, low: int = 0, high: int = PRIME) -> int:
        """low <= word < high. Raises OutputCutOff or WordOutOfRange."""
        if not self:
            raise OutputCutOff(self._name(name), self.place)
        word = self._words[self.place]
        if not low <= word < high:
            raise WordOutOfRange(self._name(name), self.place, word, f"is not in {bounds_text(low, high)}")
        self.place += 1
        return word

    def take_above(self, last: int, name: str, high: int) -> int:
        """last < word < high. Raises NotAscending too."""
        word = self.take(name, 0, high)
        if word <= last:
            raise NotAscending(self._name(name), self.place - 1, word, last)
        return word

    def slice(self, n_words: int, part: str) -> WordReader:
        """A reader of the next `n_words`, which are skipped here. Raises OutputCutOff."""
        if n_words > self._end - self.place:
            raise OutputCutOff(part, self._end)
        inner = WordReader(self._words, part)
        inner.place, inner._end = self.place, self.place + n_words
        self.place = inner._end
        return inner

    def rest(self, part: str) -> WordReader:
        """A reader of all that is left."""
        return self.slice(self._end - self.place, part)

    def end(self) -> None:
        """Raises OutputTooLong where words are left."""
        if self:
            raise OutputTooLong(self.part, self.place, self._end - self.place)

    def _name(self, name: str) -> str:
        return f"{name} of {self.part}"
