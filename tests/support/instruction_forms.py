"""Every form an instruction can have, and programs that run it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from prover.algebra.field import PRIME
from prover.cairo.machine.instruction import BIAS, InstructionMalformed, decode
from prover.cairo.program import HEAD_WORDS

PUSH, ADVANCE, CALL, RET = 0x480680017FFF8000, 0x40780017FFF7FFF, 0x1104800180018000, 0x208B7FFF7FFF7FFE
HEAD = [ADVANCE, 0, CALL, 4, 0x10780017FFF7FFF, 0]
OUTER = [ADVANCE, 40, CALL, 3, RET, CALL, 3, RET]
"""Two calls on the way, the first from a high ap, so that small numbers taken from the saved fp leave an address."""
SAVED_FP, RETURN_PC = -2, -1
THREE, TWO, STACK, CODE, FIVE, SIX, FORWARD, ZERO = range(8)
"""Cells of the frame: 3, 2, the caller's fp, the return address, 5 = 3 + 2, 6 = 3 * 2, a jump from CODE, 0."""
N_CELLS = 8
UNKNOWN = N_CELLS
"""The first cells that nobody has written: at ap."""
FIELD = 60


def copy_of(cell: int) -> int:
    """[ap] = [fp + cell]; ap++"""
    return 0x480A00007FFF8000 | cell + BIAS << 32


FORWARD_JUMP = 18
"""From the return address, the last word of OUTER, over the preamble's 14 words into the field."""
PREAMBLE = [PUSH, 3, PUSH, 2, copy_of(SAVED_FP), copy_of(RETURN_PC), PUSH, 5, PUSH, 6, PUSH, FORWARD_JUMP, PUSH, 0]
START = HEAD_WORDS + len(OUTER) + len(PREAMBLE)


@dataclass(frozen=True)
class Form:
    """One value for each flag group, as the word holds them; `op1` 0: through op0, 1: immediate, 2: fp, 4: ap."""

    dst_fp: int
    op0_fp: int
    op1: int
    res: int
    pc: int
    ap: int
    opcode: int

    def flags(self) -> int:
        return (
            self.dst_fp
            | self.op0_fp << 1
            | self.op1 << 2
            | self.res << 5
            | self.pc << 7
            | self.ap << 10
            | self.opcode << 12
        )

    def variants(self) -> Iterator[list[int]]:
        """Programs that have this form as their instruction, with other operands each."""
        op1_cells = {0: (1, 3, 8, 0, -2), 1: (1,), 2: (TWO, FORWARD, CODE, RETURN_PC, UNKNOWN + 2)}
        op1_cells[4] = op1_cells[2]
        immediates = (2, FORWARD_JUMP) if self.op1 == 1 else (None,)
        for dst, op0, op1, immediate in itertools.product(
            (FIVE, SIX, ZERO, THREE, UNKNOWN, SAVED_FP),
            (THREE, STACK, CODE, UNKNOWN + 1),
            op1_cells[self.op1],
            immediates,
        ):
            offsets = dst - (0 if self.dst_fp else N_CELLS), op0 - (0 if self.op0_fp else N_CELLS)
            offset_1 = op1 - (N_CELLS if self.op1 == 4 else 0)
            word = sum(offset + BIAS << 16 * i for i, offset in enumerate((*offsets, offset_1))) | self.flags() << 48
            yield [*HEAD, *OUTER, *PREAMBLE, word, *([] if immediate is None else [immediate]), *[RET] * FIELD]


def well_formed(form: Form) -> bool:
    try:
        decode(next(form.variants())[START])
        return True
    except InstructionMalformed:
        return False


GROUPS = (0, 1), (0, 1), (0, 1, 2, 4), (0, 1, 2), (0, 1, 2, 4), (0, 1, 2), (0, 1, 2, 4)
FORMS = [form for form in itertools.starmap(Form, itertools.product(*GROUPS)) if well_formed(form)]


def document(words: list[int]) -> dict:
    identifiers = {
        "__main__.main": {"decorators": [], "pc": HEAD_WORDS, "type": "function"},
        "__main__.__start__": {"pc": 0, "type": "label"},
        "__main__.__end__": {"pc": 4, "type": "label"},
    }
    return {
        "prime": hex(PRIME),
        "data": [hex(word) for word in words],
        "builtins": [],
        "hints": {},
        "identifiers": identifiers,
        "reference_manager": {"references": []},
        "main_scope": "__main__",
        "compiler_version": "0.14.0.1",
    }
