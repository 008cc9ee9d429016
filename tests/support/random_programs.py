"""Valid Cairo instruction sequences from lists of small choices, for Hypothesis to draw and to shrink.

`Body` writes main's words and keeps a model of what its cells hold, so that every instruction has its operands and
every branch is known. Calls, jumps over words that are no instructions, holes and output are among the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

from prover.algebra.field import PRIME
from prover.cairo.machine.instruction import BIAS
from prover.cairo.program import AP_ADD_IMMEDIATE, CALL_IMMEDIATE, JUMP_IMMEDIATE

DST_FP, OP0_FP, OP1_IMM, OP1_FP, OP1_AP, RES_ADD, RES_MUL, JUMP_REL = (1 << i for i in (0, 1, 2, 3, 4, 5, 6, 8))
JNZ, AP_ADD1, ASSERT_EQ = 1 << 9, 1 << 11, 1 << 14
RET = 0x208B7FFF7FFF7FFE
SQUARE = (0x48507FFD7FFD8000, RET)
"""A function: `[ap] = [fp - 3] * [fp - 3]; ap++; ret`."""

Step = tuple[int, int, int, int]
"""(which, i, j, number): what it means is for `Body` to say, modulo what there is."""

number = st.one_of(st.sampled_from([0, 1, 2, PRIME - 1, 2**251, 2**128]), st.integers(0, PRIME - 1))
step = st.tuples(st.integers(0, 12), st.integers(0, 40), st.integers(0, 40), number)
steps = st.lists(step, min_size=1, max_size=40)


def instruction(dst: int, op0: int, op1: int, flags: int) -> int:
    return dst + BIAS | op0 + BIAS << 16 | op1 + BIAS << 32 | flags << 48


class Body:
    """`cells`: values by offset from fp; pointers and holes are left out."""

    def __init__(self) -> None:
        self.words: list[int] = []
        self.cells: dict[int, int] = {}
        self.holes: list[int] = []
        self.calls: list[int] = []
        self.ap = 0
        self.output: list[int] = []

    def take(self, which: int, i: int, j: int, value: int) -> None:
        junk = [value] * (j % 4)
        steps: list[tuple[Callable[..., None], tuple[Any, ...]]] = [
            (self.push_number, (value,)),
            (self.binary, (i, j, False)),
            (self.binary, (i, j, True)),
            (self.with_number, (i, value, False)),
            (self.with_number, (i, value, True)),
            (self.deduce, (i, j, False)),
            (self.deduce, (i, j, True)),
            (self.branch, (i, junk, value)),
            (self.jump, (junk,)),
            (self.fill_hole, (i,)),
            (self.call, (i,)),
            (self.write_output, (i,)),
            (self.read_output, (i,)),
        ]
        write, arguments = steps[which]
        write(*arguments)

    def known(self, which: int) -> int:
        if not self.cells:
            self.push_number(7)
        return list(self.cells)[which % len(self.cells)]

    def push_number(self, value: int) -> None:
        self._emit(instruction(0, -1, 1, OP0_FP | OP1_IMM | ASSERT_EQ | AP_ADD1), value)
        self._pushed(value)

    def binary(self, i: int, j: int, multiply: bool) -> None:
        a, b = self.known(i), self.known(j)
        x, y = self.cells[a], self.cells[b]
        op0, flag0 = self._from_either(a, i, OP0_FP)
        op1, flag1 = self._op1(b, j)
        self._emit(instruction(0, op0, op1, flag0 | flag1 | (RES_MUL if multiply else RES_ADD) | ASSERT_EQ | AP_ADD1))
        self._pushed(x * y if multiply else x + y)

    def with_number(self, i: int, value: int, multiply: bool) -> None:
        a = self.known(i)
        op0, flag0 = self._from_either(a, i, OP0_FP)
        self._emit(
            instruction(0, op0, 1, flag0 | OP1_IMM | (RES_MUL if multiply else RES_ADD) | ASSERT_EQ | AP_ADD1), value
        )
        self._pushed(self.cells[a] * value if multiply else self.cells[a] + value)

    def deduce(self, i: int, j: int, multiply: bool) -> None:
        """`dst = [ap] + op1` or `dst = op0 * [ap]`: the machine solves for the new cell."""
        d, b = self.known(i), self.known(j)
        multiply = multiply and self.cells[b] != 0
        dst, flag = self._from_either(d, i, DST_FP)
        if multiply:
            op0, flag0 = self._from_either(b, j, OP0_FP)
            self._emit(instruction(dst, op0, 0, flag | flag0 | OP1_AP | RES_MUL | ASSERT_EQ | AP_ADD1))
            self._pushed(self.cells[d] * pow(self.cells[b], -1, PRIME))
        else:
            op1, flag1 = self._op1(b, j)
            self._emit(instruction(dst, 0, op1, flag | flag1 | RES_ADD | ASSERT_EQ | AP_ADD1))
            self._pushed(self.cells[d] - self.cells[b])

    def branch(self, i: int, skipped: list[int], distance: int) -> None:
        """Jump over `skipped` where the cell is not 0; where it is, the distance may be anything."""
        a = self.known(i)
        dst, flag = self._from_either(a, i, DST_FP)
        taken = self.cells[a] != 0
        self._emit(instruction(dst, -1, 1, flag | OP0_FP | OP1_IMM | JNZ), 2 + len(skipped) if taken else distance)
        self.words += skipped if taken else []

    def jump(self, skipped: list[int]) -> None:
        self._emit(instruction(-1, -1, 1, DST_FP | OP0_FP | OP1_IMM | JUMP_REL), 2 + len(skipped))
        self.words += skipped

    def leave_hole(self, size: int) -> None:
        self._emit(AP_ADD_IMMEDIATE, size)
        self.holes += range(self.ap, self.ap + size)
        self.ap += size

    def fill_hole(self, i: int) -> None:
        if not self.holes:
            return self.leave_hole(2)
        a, hole = self.known(i), self.holes.pop()
        op1, flag1 = self._op1(a, i)
        self._emit(instruction(hole, -1, op1, DST_FP | OP0_FP | flag1 | ASSERT_EQ))
        self.cells[hole] = self.cells[a]

    def call(self, i: int) -> None:
        """Square a copy of cell i."""
        a = self.known(i)
        op1, flag1 = self._op1(a, i)
        self._emit(instruction(0, -1, op1, OP0_FP | flag1 | ASSERT_EQ | AP_ADD1))
        self._pushed(self.cells[a])
        self.calls.append(len(self.words) + 1)
        self._emit(CALL_IMMEDIATE, 0)
        self.ap += 2
        self._pushed(self.cells[a] ** 2)

    def write_output(self, i: int) -> None:
        a = self.known(i)
        dst, flag = self._from_either(a, i, DST_FP)
        self._emit(instruction(dst, -3, len(self.output), flag | OP0_FP | ASSERT_EQ))
        self.output.append(self.cells[a])

    def read_output(self, i: int) -> None:
        if not self.output:
            return self.write_output(i)
        place = i % len(self.output)
        self._emit(instruction(0, -3, place, OP0_FP | ASSERT_EQ | AP_ADD1))
        self._pushed(self.output[place])

    def finish(self) -> list[int]:
        """Main's words: the body, the return of the output's end, and the function."""
        self._emit(instruction(0, -3, 1, OP0_FP | OP1_IMM | RES_ADD | ASSERT_EQ | AP_ADD1), len(self.output))
        self._emit(RET)
        for place in self.calls:
            self.words[place] = len(self.words) - (place - 1)
        return [*self.words, *SQUARE]

    def _emit(self, *words: int) -> None:
        self.words += words

    def _pushed(self, value: int) -> None:
        self.cells[self.ap] = value % PRIME
        self.ap += 1

    def _from_either(self, cell: int, choice: int, fp_flag: int) -> tuple[int, int]:
        """Relative to fp or to ap."""
        return (cell, fp_flag) if choice % 2 else (cell - self.ap, 0)

    def _op1(self, cell: int, choice: int) -> tuple[int, int]:
        return (cell, OP1_FP) if choice % 2 else (cell - self.ap, OP1_AP)


def write_body(choices: Sequence[Step]) -> Body:
    body = Body()
    for choice in choices:
        body.take(*choice)
    return body


def document_of(body: Body) -> dict[str, Any]:
    """A compiled program with `body` as main."""
    data = [AP_ADD_IMMEDIATE, 1, CALL_IMMEDIATE, 4, JUMP_IMMEDIATE, 0, *body.finish()]
    return {
        "prime": hex(PRIME),
        "data": [hex(word) for word in data],
        "builtins": ["output"],
        "hints": {},
        "main_scope": "__main__",
        "compiler_version": "0.14.0.1",
        "identifiers": {
            "__main__.main": {"type": "function", "decorators": [], "pc": 6},
            "__main__.__start__": {"type": "label", "pc": 0},
            "__main__.__end__": {"type": "label", "pc": 4},
        },
        "reference_manager": {"references": []},
    }
