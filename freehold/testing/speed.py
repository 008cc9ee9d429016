"""Work that Ape does for each transaction of a test and nobody reads, left out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, cast

import ape_test.accounts
from ape_ethereum.trace import Trace


@contextmanager
def no_idle_work() -> Iterator[None]:
    """Nobody prints the call tree of an expected refusal, and a test account's keys are derived once."""
    module, kind = cast(Any, ape_test.accounts), cast(Any, Trace)
    derive, show = module.generate_dev_accounts, kind.show
    module.generate_dev_accounts = cache(derive)
    kind.show = lambda *_, **__: None
    try:
        yield
    finally:
        module.generate_dev_accounts, kind.show = derive, show
