"""Our run beside the reference machine's."""

from __future__ import annotations

from typing import Any

from prover.cairo.execution import Run


def assert_same_run(ours: Run, theirs: Any) -> None:
    """Registers, memory up to the end of the stack, output.

    Its builtin segments have full capacity, so pointers past the stack stand elsewhere there.
    """
    steps = ours.n_executed_steps
    places = [(row.pc, row.ap, row.fp) for row in theirs.relocated_trace[:steps]]
    assert [tuple(map(int, row)) for row in ours.registers[:steps]] == places
    execution_end = int(ours.registers[-1][1])
    for address in range(1, execution_end):
        mine, other = ours.memory[address], theirs.relocated_memory.get(address)
        points_past_the_stack = execution_end <= (mine or 0) <= len(ours.memory)
        assert mine == other or points_past_the_stack, address
    assert list(ours.output) == [
        theirs.vm_memory[theirs.builtin_runners["output_builtin"].base + i] for i in range(len(ours.output))
    ]
