"""The input of a program that was given none."""

from __future__ import annotations

from typing import Any, NoReturn

from prover.cairo.errors import RunFailed


class NoInput:
    """Stands for `program_input`; whatever a hint asks of it is the program's refusal."""

    def _refuse(self, *_: Any) -> NoReturn:
        raise RunFailed("the program reads `program_input`, and none was given (--input FILE)")

    __getitem__ = __iter__ = __len__ = __contains__ = __bool__ = _refuse

    def __getattr__(self, name: str) -> NoReturn:
        self._refuse()
