"""Straight runs of instructions as Python functions: what the machine executes often, it executes as generated code.

A block begins where the machine stands and ends with the first jump, or before an instruction that has hints, an
unusual form or no known word. Its function takes ap and fp as offsets in the stack's segment and does the common case
of each instruction. Where anything else turns up (a value that neither stands in memory nor follows, an assertion that
fails, a sum of two addresses) it stops *before* that instruction, having written nothing that the step itself would
not, and the machine does that one step: all errors, and all that is rare, have one home in `machine.py`.

Memory is written once, so a value that a block has read or written stays in a local variable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed
from prover.cairo.machine import segments
from prover.cairo.machine.instruction import (
    AP_ADD,
    AP_ADD1,
    AP_REGULAR,
    ASSERT_EQ,
    CALL,
    OP1_AP,
    OP1_FROM_OP0,
    OP1_IMMEDIATE,
    PC_JNZ,
    PC_JUMP,
    PC_JUMP_RELATIVE,
    PC_REGULAR,
    RES_ADD,
    RES_MUL,
    RES_OP1,
    RET,
    Instruction,
    decode,
)
from prover.cairo.machine.segments import FIRST_ADDRESS, MAX_OFFSET

LONGEST = 256
"""Instructions in a block."""
FARTHEST = 1 << 15
"""A block moves ap by less: nothing that it reads or writes lies far away."""

Outcome = tuple[int, int, int] | int
"""(pc, ap, fp) after the block, ap and fp as offsets; or the number of its instructions that were done."""


Factory = Callable[..., Callable[[int, int], Outcome]]
"""Binds a run's own objects (the stack's cells, and what the machine lends) to a block's function."""


@dataclass(frozen=True)
class Block:
    """`pcs` and `moves` (ap less the first ap) of each instruction; `code` makes the function.

    The function takes fp <= ap, and a stack with more cells than the first ap and `reach` together.
    """

    pcs: tuple[int, ...]
    moves: tuple[int, ...]
    code: Factory | None
    reach: int = 0


def single(pc: int) -> Block:
    """An instruction that the machine does itself."""
    return Block((pc,), (0,), None)


class Stop(Exception):
    """An instruction has no generated form; the block ends before it."""


def compile_block(
    word_at: Callable[[int], int | None], pc: int, is_boundary: Callable[[int], bool], stack: int
) -> Block:
    """The block at pc; without code where not even its first instruction has a generated form.

    `word_at(pc)` is the program's word or None; `is_boundary(pc)` says where hints stand, or the run ends; `stack` is
    the address of the stack's segment.
    """
    writer = _Writer(word_at, stack)
    while len(writer.pcs) < LONGEST and not writer.closed and not (writer.pcs and is_boundary(pc)):
        try:
            pc = writer.instruction(pc)
        except (Stop, RunFailed):  # a malformed word is the machine's to refuse, when it comes to it
            break
    if not writer.pcs:
        return single(pc)
    return Block(tuple(writer.pcs), tuple(writer.moves), writer.finish(pc), writer.reach)


class _Writer:
    """Collects the lines of one block. A cell is (base, offset): base "a" or "f", from the first ap or fp."""

    def __init__(self, word_at: Callable[[int], int | None], stack: int) -> None:
        self._word_at, self._stack = word_at, stack
        self.pcs: list[int] = []
        self.moves: list[int] = []
        self.closed = False
        self._lines: list[str] = []
        self._known: dict[tuple[str, int], str] = {}
        self._move = 0
        self._n_names = 0
        self._lowest = {"a": 0, "f": 0}
        self.reach = 0

    def instruction(self, pc: int) -> int:
        """Appends the one at pc and returns where the next one stands. Raises Stop, with nothing appended."""
        word = self._word_at(pc)
        if word is None:
            raise Stop
        ins = decode(word)
        known, lines, lowest = dict(self._known), list(self._lines), dict(self._lowest)
        move = self._move
        try:
            self._write(ins, pc)
        except Stop:
            self._known, self._lines, self._lowest, self._move = known, lines, lowest, move
            raise
        self.pcs.append(pc)
        self.moves.append(move)
        return pc + ins.size

    def finish(self, pc: int) -> Factory:
        """The factory of the function: it binds the run's own objects."""
        if not self.closed:
            self._emit(f"return {pc}, a + {self._move}, f")
        limits = " or ".join(f"{base} < {-low}" for base, low in self._lowest.items() if low < 0)
        guard = [f"if {limits}: return 0"] if limits else []
        body = "\n".join(" " * 8 + line for line in [*guard, *self._lines])
        text = f"def bind(stack, peek, poke, add, sub, quotient):\n    def block(a, f):\n{body}\n    return block\n"
        scope: dict[str, Any] = {"P": PRIME, "FIRST": FIRST_ADDRESS}
        exec(compile(text, f"<block at {segments.describe(self.pcs[0])}>", "exec"), scope)
        bind: Factory = scope["bind"]
        return bind

    # --- lines

    def _emit(self, line: str) -> None:
        self._lines.append(line)

    def _give_up(self) -> str:
        return f"return {len(self.pcs)}"

    def _name(self) -> str:
        self._n_names += 1
        return f"v{self._n_names}"

    def _place(self, is_fp: bool, offset: int) -> tuple[str, int]:
        place = ("f", offset) if is_fp else ("a", self._move + offset)
        self._lowest[place[0]] = min(self._lowest[place[0]], place[1])
        self.reach = max(self.reach, place[1])
        return place

    def _cell(self, place: tuple[str, int]) -> str:
        base, offset = place
        return f"stack[{base} + {offset}]" if offset >= 0 else f"stack[{base} - {-offset}]"

    def _read(self, place: tuple[str, int]) -> str:
        """The name of a variable with the cell's value, or None where it is unknown."""
        if place in self._known:
            return self._known[place]
        name = self._name()
        self._emit(f"{name} = {self._cell(place)}")
        return name

    def _read_known(self, place: tuple[str, int]) -> str:
        name = self._read(place)
        if place not in self._known:
            self._emit(f"if {name} is None: {self._give_up()}")
            self._known[place] = name
        return name

    def _equate(self, place: tuple[str, int], value: str) -> None:
        """The cell is, or becomes, the value."""
        if place in self._known:
            self._emit(f"if {self._known[place]} != {value}: {self._give_up()}")
            return
        name = self._read(place)
        self._emit(f"if {name} is None: {self._cell(place)} = {value}")
        self._emit(f"elif {name} != {value}: {self._give_up()}")
        self._known[place] = value

    def _immediate(self, pc: int) -> int:
        word = self._word_at(pc + 1)
        if word is None:
            raise Stop
        return word

    # --- instructions

    def _write(self, ins: Instruction, pc: int) -> None:
        if ins.opcode == CALL:
            self._call(ins, pc)
        elif ins.opcode == RET:
            self._ret(ins)
        elif ins.opcode == ASSERT_EQ:
            self._assert(ins, pc)
        else:
            self._no_opcode(ins, pc)

    def _moves_ap(self, ins: Instruction, pc: int) -> None:
        if ins.ap_update == AP_ADD1:
            self._move += 1
        elif ins.ap_update == AP_ADD:
            step = self._immediate(pc) if ins.op1_source == OP1_IMMEDIATE and ins.res_logic == RES_OP1 else PRIME
            if self._move + step >= FARTHEST:
                raise Stop
            self._move += step

    def _call(self, ins: Instruction, pc: int) -> None:
        if (ins.dst_fp, ins.off_dst, ins.op0_fp, ins.off_op0, ins.res_logic) != (False, 0, False, 1, RES_OP1):
            raise Stop
        target = self._target(ins, pc)
        self._equate(self._place(False, 0), self._value(f"f + {self._stack}"))
        self._equate(self._place(False, 1), str(segments.add(pc, ins.size)))
        self._leave(f"{target}, a + {self._move + 2}, a + {self._move + 2}")

    def _ret(self, ins: Instruction) -> None:
        shape = (ins.dst_fp, ins.off_dst, ins.op0_fp, ins.off_op0, ins.off_op1, ins.res_logic, ins.pc_update)
        if shape != (True, -2, True, -1, -1, RES_OP1, PC_JUMP) or ins.op1_source in (OP1_FROM_OP0, OP1_AP):
            raise Stop
        if ins.ap_update != AP_REGULAR:
            raise Stop
        frame, target = self._read_known(self._place(True, -2)), self._read_known(self._place(True, -1))
        offset = self._value(f"{frame} - {self._stack}")
        self._emit(f"if {target} < FIRST or not 0 <= {offset} < {MAX_OFFSET}: {self._give_up()}")
        self._leave(f"{target}, a + {self._move}, {offset}")

    def _no_opcode(self, ins: Instruction, pc: int) -> None:
        """A jump, an increment of ap, or nothing: every operand must be known."""
        if ins.res_logic in (RES_ADD, RES_MUL) or ins.op1_source == OP1_FROM_OP0:
            raise Stop
        condition = self._read_known(self._place(ins.dst_fp, ins.off_dst))
        self._read_known(self._place(ins.op0_fp, ins.off_op0))
        if ins.pc_update == PC_REGULAR:
            if ins.op1_source != OP1_IMMEDIATE:
                self._read_known(self._op1_place(ins))
            self._moves_ap(ins, pc)
            return
        if ins.pc_update == PC_JNZ and ins.op1_source != OP1_IMMEDIATE:
            raise Stop
        target = self._target(ins, pc)
        if ins.ap_update == AP_ADD:
            raise Stop
        self._moves_ap(ins, pc)
        if ins.pc_update == PC_JNZ:
            self._emit(f"if {condition} == 0: return {pc + ins.size}, a + {self._move}, f")
        self._leave(f"{target}, a + {self._move}, f")

    def _target(self, ins: Instruction, pc: int) -> str:
        """Where a jump leads: a number, or a variable with an address."""
        if ins.pc_update == PC_REGULAR or ins.op1_source == OP1_FROM_OP0:
            raise Stop
        relative = ins.pc_update in (PC_JUMP_RELATIVE, PC_JNZ)
        if ins.op1_source == OP1_IMMEDIATE:
            if not relative:
                raise Stop
            return str(segments.add(pc, self._immediate(pc)))
        word = self._read_known(self._op1_place(ins))
        if not relative:
            self._emit(f"if {word} < FIRST: {self._give_up()}")
            return word
        self._emit(f"if {word} >= {MAX_OFFSET}: {self._give_up()}")
        return self._value(f"{word} + {pc}")

    def _value(self, expression: str) -> str:
        name = self._name()
        self._emit(f"{name} = {expression}")
        return name

    def _leave(self, where: str) -> None:
        self._emit(f"return {where}")
        self.closed = True

    def _op1_place(self, ins: Instruction) -> tuple[str, int]:
        return self._place(ins.op1_source != OP1_AP, ins.off_op1)

    def _assert(self, ins: Instruction, pc: int) -> None:
        if ins.pc_update != PC_REGULAR or ins.ap_update == AP_ADD:
            raise Stop
        dst, op0 = self._place(ins.dst_fp, ins.off_dst), self._place(ins.op0_fp, ins.off_op0)
        if ins.res_logic != RES_OP1:
            if ins.op1_source == OP1_FROM_OP0:
                raise Stop
            self._assert_operation(ins, pc, dst, op0)
        elif ins.op1_source == OP1_FROM_OP0:
            self._assert_through(ins, dst, op0)
        elif ins.op1_source == OP1_IMMEDIATE:
            self._read_known(op0)
            self._equate(dst, str(self._immediate(pc)))
        else:
            self._read_known(op0)
            self._assert_equal(dst, self._op1_place(ins))
        self._moves_ap(ins, pc)

    def _assert_equal(self, dst: tuple[str, int], op1: tuple[str, int]) -> None:
        """[dst] = [op1], where either may be unknown."""
        if op1 in self._known:
            self._equate(dst, self._known[op1])
        elif dst in self._known:
            self._equate(op1, self._known[dst])
        else:
            value, word = self._read(dst), self._read(op1)
            self._emit(f"if {word} is None:")
            self._emit(f"    if {value} is None: {self._give_up()}")
            self._emit(f"    {self._cell(op1)} = {word} = {value}")
            self._emit(f"elif {value} is None: {self._cell(dst)} = {word}")
            self._emit(f"elif {value} != {word}: {self._give_up()}")
            self._known[op1] = self._known[dst] = word

    def _assert_through(self, ins: Instruction, dst: tuple[str, int], op0: tuple[str, int]) -> None:
        """[dst] = [[op0] + offset]"""
        pointer = self._read_known(op0)
        place = self._value(f"{pointer} + {ins.off_op1}")
        word = self._value(f"peek({place}) if {pointer} >= FIRST else None")
        value = self._read(dst)
        if dst not in self._known:
            self._emit(f"if {value} is None:")
            self._emit(f"    if {word} is None: {self._give_up()}")
            self._emit(f"    {self._cell(dst)} = {value} = {word}")
            self._emit(f"elif {word} is None:")
        else:
            self._emit(f"if {word} is None:")
        self._emit(f"    if {pointer} < FIRST or not poke({place}, {value}): {self._give_up()}")
        self._emit(f"elif {word} != {value}: {self._give_up()}")
        self._known[dst] = value

    def _assert_operation(self, ins: Instruction, pc: int, dst: tuple[str, int], op0: tuple[str, int]) -> None:
        """[dst] = [op0] + or * op1, any one of which may be unknown."""
        is_sum, give_up = ins.res_logic == RES_ADD, self._give_up()
        constant = self._immediate(pc) if ins.op1_source == OP1_IMMEDIATE else None
        op1 = None if constant is not None else self._op1_place(ins)
        x = self._read(op0)
        y = str(constant) if op1 is None else self._read(op1)
        if op1 == op0 and op0 not in self._known:
            self._read_known(op0)
            x = y = self._known[op0]
        d = self._read(dst)
        word = "if"
        if op0 not in self._known:
            missing = [name for name, place in ((d, dst), (y, op1)) if place is not None and place not in self._known]
            self._emit(f"if {x} is None:")
            if missing:
                self._emit(f"    if {' or '.join(f'{name} is None' for name in missing)}: {give_up}")
            self._emit(f"    {x} = {self._inverse_of(is_sum, d, y, constant)}")
            self._emit(f"    if {x} is None: {give_up}")
            self._emit(f"    {self._cell(op0)} = {x}")
            word = "elif"
        if op1 is not None and op1 not in self._known and op1 != op0:
            self._emit(f"{word} {y} is None:")
            if dst not in self._known:
                self._emit(f"    if {d} is None: {give_up}")
            self._emit(f"    {y} = {self._inverse_of(is_sum, d, x, None)}")
            self._emit(f"    if {y} is None: {give_up}")
            self._emit(f"    {self._cell(op1)} = {y}")
            word = "elif"
        result = self._name()
        lines = self._operation(is_sum, result, x, y, constant)
        if word == "elif":
            self._emit("else:")
            lines = ["    " + line for line in lines]
        for line in lines:
            self._emit(line)
        indent = "    " if word == "elif" else ""
        if dst in self._known:
            self._emit(f"{indent}if {d} != {result}: {give_up}")
        else:
            self._emit(f"{indent}if {d} is None: {self._cell(dst)} = {d} = {result}")
            self._emit(f"{indent}elif {d} != {result}: {give_up}")
        self._known[op0], self._known[dst] = x, d
        if op1 is not None:
            self._known[op1] = y

    def _inverse_of(self, is_sum: bool, d: str, other: str, constant: int | None) -> str:
        """The operand that with `other` gives d, or None."""
        if is_sum:
            return f"sub({d}, {other})"
        if constant:
            return f"{d} * {pow(constant, -1, PRIME)} % P if {d} < FIRST else None"
        return f"quotient({d}, {other})"

    def _operation(self, is_sum: bool, result: str, x: str, y: str, constant: int | None) -> list[str]:
        """Lines that give `result`; addresses of usual offsets may be moved by a constant without much ado."""
        if not is_sum:
            return [
                f"if {x} >= FIRST or {y} >= FIRST: {self._give_up()}" if constant is None
                else f"if {x} >= FIRST: {self._give_up()}",
                f"{result} = {x} * {y} % P",
            ]  # fmt: skip
        lines = [f"{result} = {x} + {y}", f"if {result} >= P:"]
        if constant is None:
            lines += [f"    if {x} < FIRST and {y} < FIRST: {result} -= P", "    else:"]
        else:
            lines += [f"    if {result} < FIRST: {result} -= P", f"    elif {result} & {segments.OFFSET_MASK} >= P:"]
        lines += [f"        {result} = add({x}, {y})", f"        if {result} is None: {self._give_up()}"]
        return lines
