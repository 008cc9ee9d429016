"""How much memory a proof takes, told from its layout before anything is committed; and how much there is.

A proof that would be killed half way is refused in one line. The figure is no bound: it was 5 to 30 percent above eight
measured peaks from 0.3 to 8 GiB, of both packings and of rates 1/16 and 1/128.
"""

from __future__ import annotations

import resource
from pathlib import Path

from prover.stark.commitment import LOG_SUBTREE
from prover.stark.errors import MemoryTooSmall
from prover.stark.layout import Layout
from prover.stark.parameters import Parameters

CELL_BYTES = 82
"""Of each logical cell: coefficients in 32 bytes, the values of one tree beside them, and what passes through."""
NODE_BYTES = 32
START_BYTES = 160 << 20
"""The interpreter, its modules and the kernel's tables."""

MAPPED_BYTES = 200 << 20
"""Addresses of libraries and stacks, most of which take no memory."""


def memory_needed(layout: Layout, parameters: Parameters) -> int:
    """Bytes at the peak: cells, and the layers of every tree that are kept."""
    cells = sum(len(c.slots) << group.log_height for group in layout.groups for c in group.columns)
    trees = [max(layout.physical_heights(tree)) for tree in layout.trees()]
    leaves = sum(1 << log + parameters.log_blowup for log in [*trees, layout.log_degree])
    return START_BYTES + CELL_BYTES * cells + 2 * NODE_BYTES * (leaves >> LOG_SUBTREE)


def addresses_needed(needed: int) -> int:
    """Where addresses are limited: the kernel reserves a power of two of them from 1 GiB on, beside the rest."""
    return (1 << max(30, (needed - 1).bit_length())) + needed + MAPPED_BYTES


def memory_there() -> int | None:
    """Bytes that this process may have in all, what it holds included; None where the system does not say."""
    limits = [limit for limit in (_machine_limit(), _group_limit()) if limit is not None]
    return min(limits) if limits else None


def check_memory(layout: Layout, parameters: Parameters) -> None:
    """Raises MemoryTooSmall."""
    needed, there = memory_needed(layout, parameters), memory_there()
    if there is not None and needed > there:
        raise MemoryTooSmall(needed, there)


def _machine_limit() -> int | None:
    """What is free or can be freed, and what this process holds (proc(5))."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        held = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    except (OSError, IndexError, ValueError):
        return None
    found = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return 1024 * int(found[0]) + held if found else None


def _group_limit() -> int | None:
    """The control group's limit, which containers have."""
    try:
        text = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
