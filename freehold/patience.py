"""How nodes are asked that fail, each in its own way: again after a pause, and for fewer blocks at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from freehold.errors import Refused

SPAN, NARROWEST = 5_000, 16
"""Blocks in one question for logs. Nodes limit them, or the answer's size, each in its own way and words."""
TRIES, PAUSE = 8, 0.5
"""Failures in a row until a node is given up, and seconds to wait after the first of them."""

Answer = TypeVar("Answer")
Progress = Callable[[int, int], None]
"""Told how many blocks were read, and of how many."""


class NodeFails(Refused):
    """The node did not answer, or not what can be an answer."""


def patiently(ask: Callable[[], Answer]) -> Answer:
    """Asks again after a pause, a longer one each time. Raises NodeFails."""
    for failures in range(1, TRIES + 1):
        try:
            return ask()
        except Exception as error:  # each kind of node fails in its own way
            if failures == TRIES:
                raise NodeFails(f"the node failed {TRIES} times in a row: {one_line(error)}") from error
            time.sleep(PAUSE * failures)
    raise AssertionError("there is always a last try")


def in_spans(
    ask: Callable[[int, int], Sequence[Answer]], start: int, end: int, progress: Progress | None = None
) -> Iterator[Answer]:
    """What `ask(first, after the last)` answers of the blocks from `start` to `end - 1`, in their order.

    Raises NodeFails.
    """
    first, span, failures = start, SPAN, 0
    while start < end:
        stop = min(start + span, end)
        try:
            found = ask(start, stop)
        except Exception as error:  # too wide a span and a busy node look alike
            failures += 1
            if failures == TRIES:
                raise NodeFails(f"the node gives no logs of blocks {start} to {stop - 1}: {one_line(error)}") from error
            span = narrower(span)
            time.sleep(PAUSE * failures)
            continue
        failures = 0
        yield from found
        if progress is not None:
            progress(stop - first, end - first)
        start = stop


def narrower(span: int) -> int:
    """After a failure."""
    return max(span // 4, NARROWEST)


def one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
