"""Instruction words (docs/spec/cairo-machine.md 2)."""

from __future__ import annotations

from dataclasses import dataclass

from prover.cairo.errors import RunFailed

BIAS = 1 << 15
OP1_FROM_OP0, OP1_IMMEDIATE, OP1_FP, OP1_AP = 0, 1, 2, 4
RES_OP1, RES_ADD, RES_MUL, RES_UNCONSTRAINED = 0, 1, 2, 4
PC_REGULAR, PC_JUMP, PC_JUMP_RELATIVE, PC_JNZ = 0, 1, 2, 4
AP_REGULAR, AP_ADD, AP_ADD1 = 0, 1, 2
NOP, CALL, RET, ASSERT_EQ = 0, 1, 2, 4


@dataclass(frozen=True, slots=True)
class Instruction:
    """Offsets are signed; `size` is 2 with an immediate."""

    off_dst: int
    off_op0: int
    off_op1: int
    dst_fp: bool
    op0_fp: bool
    op1_source: int
    res_logic: int
    pc_update: int
    ap_update: int
    opcode: int

    @property
    def size(self) -> int:
        return 2 if self.op1_source == OP1_IMMEDIATE else 1


class InstructionMalformed(RunFailed):
    def __init__(self, word: int, reason: str) -> None:
        super().__init__(f"{word:#x} is no instruction: {reason}")


def decode(word: int) -> Instruction:
    """Raises InstructionMalformed."""
    if not 0 <= word < 1 << 63:
        raise InstructionMalformed(word, "it is not below 2^63")
    off_dst, off_op0, off_op1 = ((word >> 16 * i & 0xFFFF) - BIAS for i in range(3))
    flags = word >> 48
    op1_source, res_logic, pc_update = flags >> 2 & 7, flags >> 5 & 3, flags >> 7 & 7
    ap_update, opcode = flags >> 10 & 3, flags >> 12 & 7
    for name, bits, allowed in (
        ("op1 source", op1_source, (0, 1, 2, 4)),
        ("res", res_logic, (0, 1, 2)),
        ("pc update", pc_update, (0, 1, 2, 4)),
        ("ap update", ap_update, (0, 1, 2)),
        ("opcode", opcode, (0, 1, 2, 4)),
    ):
        if bits not in allowed:
            raise InstructionMalformed(word, f"two flags of {name} are set")
    if pc_update == PC_JNZ:
        if res_logic or opcode or ap_update == AP_ADD:
            raise InstructionMalformed(word, "a conditional jump allows no res, opcode or ap += res")
        res_logic = RES_UNCONSTRAINED
    if op1_source == OP1_IMMEDIATE and off_op1 != 1:
        raise InstructionMalformed(word, "an immediate stands at pc + 1")
    if opcode == CALL and ap_update != AP_REGULAR:
        raise InstructionMalformed(word, "a call moves ap by itself")
    registers = bool(flags & 1), bool(flags & 2)
    return Instruction(off_dst, off_op0, off_op1, *registers, op1_source, res_logic, pc_update, ap_update, opcode)
