"""Pages with a table that a command writes, between two lines of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from freehold.errors import Refused
from freehold.files import write_work

END = "<!-- end -->\n"


@dataclass(frozen=True)
class Page:
    """What stands around the table."""

    path: Path
    before: str
    after: str

    @staticmethod
    def read(path: Path, begin: str) -> Page:
        """Raises Refused for a page without the table that `begin` opens."""
        try:
            text = path.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"{path} cannot be read: {error}") from error
        before, opened, rest = text.partition(begin)
        _, closed, after = rest.partition(END)
        if not (opened and closed):
            raise Refused(f"{path} has no table to rewrite: it needs the lines {begin!r} and {END!r}")
        return Page(path, before + begin, END + after)

    def write(self, table: str) -> None:
        write_work(self.path, self.before + table + self.after)
