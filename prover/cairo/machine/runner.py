"""Run a program in proof mode (docs/spec/cairo-machine.md 9) and lay its memory out for the prover.

`prover.cairo.run` is what others call: it hands in the checks that ask for a witness of each instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed
from prover.cairo.execution import MIN_STEPS, Run
from prover.cairo.machine.builtins import Builtin, Ecdsa, ProvableCheck, make_builtin
from prover.cairo.machine.machine import Log, Machine
from prover.cairo.machine.segments import (
    FIRST_ADDRESS,
    Memory,
    address,
    describe,
    is_address,
    offset_of,
    segment_of,
)
from prover.cairo.program import END_OFFSET, Program
from prover.kernel import Words

STACK_SEGMENT = 1


def execute(
    program: Program, program_input: Any, checks: Mapping[str, ProvableCheck], min_steps: int, max_steps: int
) -> Run:
    """`checks` by the builtin's name. Raises RunFailed with the step and the reason."""
    memory = Memory()
    program_base, stack = memory.add_segment(), memory.add_segment()  # segments 0 and 1
    builtins = {name: make_builtin(name, segment_of(memory.add_segment())) for name in program.builtins}
    for offset, word in enumerate(program.data):
        memory[program_base + offset] = word
    frame = [stack + 2, 0, *(builtin.base for builtin in builtins.values())]
    for offset, word in enumerate(frame):
        memory[stack + offset] = word

    machine = Machine(program, memory, builtins, program_base)
    machine.set_hint_globals(program_input=program_input)
    machine.pc, machine.ap, machine.fp = program_base, stack + 2, stack + 2
    machine.run_until(program_base + END_OFFSET, max_steps)
    n_executed = machine.n_steps
    machine.step()
    for name, builtin in builtins.items():
        builtin.check(memory, checks.get(name))
    stops = _stop_pointers(memory, builtins, machine.ap)
    return _relocated(program, machine, builtins, stops, n_executed, max(min_steps, MIN_STEPS))


def _stop_pointers(memory: Memory, builtins: dict[str, Builtin], final_ap: int) -> dict[str, int]:
    """The last cells before ap; every used cell must lie before them, for nothing beyond is proven."""
    stops = {}
    for index, (name, builtin) in enumerate(builtins.items()):
        stop = memory[final_ap - len(builtins) + index]
        if not is_address(stop) or segment_of(stop) != segment_of(builtin.base):
            raise RunFailed(f"the program returns {describe(stop)} as the end of {name}")
        used, length = len(memory.segments[segment_of(builtin.base)]), offset_of(stop)
        if used > length:
            raise RunFailed(f"the program used {used} cells of {name} and returns an end after {length}")
        if length % builtin.cells:
            raise RunFailed(f"the program returns an end within an instance of {name}")
        stops[name] = length
    return stops


def _registers(log: Log, bases: list[int], min_steps: int) -> Words:
    """(n, 3), relocated; the last row, which stands in the closing loop, repeated up to a power of two.

    The rows of each block in the log are the block's own, moved by where ap stood.
    """
    blocks, aps, fps, counts = log
    distinct = {id(block): block for block in blocks}
    lengths = np.array([len(block.pcs) for block in distinct.values()])
    first = dict(zip(distinct, (np.cumsum(lengths) - lengths).tolist(), strict=True))
    pcs = np.array([_relocated_place(pc, bases) for block in distinct.values() for pc in block.pcs], dtype=np.uint64)
    moves = np.array([move for block in distinct.values() for move in block.moves], dtype=np.uint64)

    stack = bases[STACK_SEGMENT]
    ap, fp = (
        np.array(
            [
                stack + place if block.code else _relocated_place(place, bases)
                for block, place in zip(blocks, places, strict=True)
            ],
            dtype=np.uint64,
        )
        for places in (aps, fps)
    )
    done = np.array(counts)
    n_rows = int(done.sum())
    starts = np.array([first[id(block)] for block in blocks])
    template = np.arange(n_rows) + np.repeat(starts - (np.cumsum(done) - done), done)
    made = np.stack([pcs[template], np.repeat(ap, done) + moves[template], np.repeat(fp, done)], axis=1)
    n_steps = 1 << (max(min_steps, n_rows) - 1).bit_length()
    return np.concatenate([made, np.tile(made[-1:], (n_steps - n_rows, 1))])


def _relocated_place(value: int, bases: list[int]) -> int:
    return bases[segment_of(value)] + offset_of(value)


def _relocated(
    program: Program,
    machine: Machine,
    builtins: dict[str, Builtin],
    stops: dict[str, int],
    n_executed: int,
    min_steps: int,
) -> Run:
    memory = machine.memory
    used = [len(cells) for cells in memory.segments]
    for name, builtin in builtins.items():
        used[segment_of(builtin.base)] = stops[name]
    bases, place = [], 1
    for size in used:
        bases.append(place)
        place += size

    def relocate(value: int) -> int:
        return _relocated_place(value, bases) % PRIME

    flat: list[int | None] = [None] * place
    for segment, cells in enumerate(memory.segments):
        flat[bases[segment] : bases[segment] + len(cells)] = [
            cell if cell is None or cell < FIRST_ADDRESS else relocate(cell) for cell in cells
        ]
    registers = _registers(machine.log, bases, min_steps)
    segments = {
        name: (bases[segment_of(b.base)], bases[segment_of(b.base)] + stops[name]) for name, b in builtins.items()
    }
    start, stop = segments.get("output", (1, 1))
    output = tuple(word or 0 for word in flat[start:stop]) if "output" in segments else ()
    initial_ap = bases[segment_of(address(1))] + 2
    ecdsa = builtins.get("ecdsa")
    given = ecdsa.signatures if isinstance(ecdsa, Ecdsa) else {}
    signatures = {relocate(place): signature for place, signature in given.items()}
    return Run(program, registers, flat, n_executed, initial_ap, int(registers[-1][1]), segments, output, signatures)
