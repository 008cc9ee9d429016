"""The Cairo machine: fetch, deduce, check, move on (docs/spec/cairo-machine.md 3 and 5). Hints run as real Python.

`step` is the whole machine. What runs often runs as generated code (`blocks.py`), which leaves to `step` all that is
rare and all errors.
"""

from __future__ import annotations

import builtins as python_builtins
from collections.abc import Callable, Sequence
from types import CodeType
from typing import Any

from prover.algebra.field import PRIME
from prover.cairo.errors import RunFailed
from prover.cairo.machine import segments
from prover.cairo.machine.blocks import Block, Outcome, compile_block, single
from prover.cairo.machine.builtins import Builtin
from prover.cairo.machine.hints.curves import div_mod
from prover.cairo.machine.hints.library import import_for_hint, safe_div
from prover.cairo.machine.hints.names import Ids, Names
from prover.cairo.machine.instruction import (
    AP_ADD,
    AP_ADD1,
    ASSERT_EQ,
    CALL,
    OP1_AP,
    OP1_FP,
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
from prover.cairo.machine.segments import Memory, Segments, describe, is_address
from prover.cairo.program import Program

ROOM, NEAR = 1 << 12, 1 << 16
"""Cells by which the stack is lengthened at a time; how far from its last written one a block may begin."""
MAX_FRAMES = 64
"""Calls that an error looks back through."""
HOT = 16
"""Visits after which a block is compiled: that costs about as much as stepping through it so often."""

Bound = tuple[Callable[[int, int], Outcome], Block, int, int, Sequence[Any]]
"""A block's function on this run's memory, the block, its length and reach, the hints before it."""
Log = tuple[list[Block], list[int], list[int], list[int]]
"""Blocks, ap and fp before each, how many of its steps were done. Offsets in the stack's segment if the block has code,
else addresses."""


class Machine:
    """Registers, memory and hints of one run. `log` collects the blocks that were run, single steps among them."""

    def __init__(self, program: Program, memory: Memory, builtins: dict[str, Builtin], program_base: int) -> None:
        self.program, self.memory, self.builtins = program, memory, builtins
        self._program_base = program_base
        self._by_segment = {segments.segment_of(b.base): b for b in builtins.values() if b.cells > 1}
        self.pc = self.ap = self.fp = 0
        self.n_steps = 0
        self.log: Log = ([], [], [], [])
        self._singles: dict[int, Block] = {}
        self._visits: dict[int, int] = {}
        self._instructions: dict[int, Instruction] = {}
        self._hints = {
            program_base + offset: [(self._compile(offset, hint), hint) for hint in hints]
            for offset, hints in program.hints.items()
        }
        self._names = Names(program)
        self._hint_names = self._names_of_hints()
        self._scopes: list[dict[str, Any]] = [{}]

    @staticmethod
    def _compile(offset: int, hint: dict[str, Any]) -> CodeType:
        try:
            return compile(hint["code"], f"<hint at {offset}>", "exec")
        except SyntaxError as error:
            raise RunFailed(f"the hint at {offset} is not Python: {error}") from error

    def _names_of_hints(self) -> dict[str, Any]:
        """What every hint sees, besides `ids` and the registers."""
        by_name = {f"{name}_builtin": builtin for name, builtin in self.builtins.items()}
        return {
            "__builtins__": {**vars(python_builtins), "__import__": import_for_hint},
            "memory": self.memory,
            "segments": Segments(self.memory),
            "PRIME": PRIME,
            "vm_enter_scope": self._enter_scope,
            "vm_exit_scope": self._exit_scope,
            "to_felt_or_relocatable": lambda value: value if is_address(value) else value % PRIME,
            "fadd": lambda a, b, p: (a + b) % p,
            "fsub": lambda a, b, p: (a - b) % p,
            "fmul": lambda a, b, p: a * b % p,
            "fdiv": div_mod,
            "fpow": pow,
            "safe_div": safe_div,
            **by_name,
            "builtin_runners": by_name,
        }

    def set_hint_globals(self, **names: Any) -> None:
        """Names that hints of the outermost scope see, such as program_input."""
        self._scopes[0].update(names)

    def run_until(self, final_pc: int, max_steps: int) -> None:
        """Raises RunFailed, naming step and pc."""
        stack = self.ap & ~segments.OFFSET_MASK
        cells = self.memory.segments[segments.segment_of(stack)]
        try:
            self._run_blocks(final_pc, max_steps, stack, cells)
            if len(self._scopes) != 1:
                raise RunFailed("a hint entered a scope and never left it")
        except RunFailed as error:
            raise RunFailed(f"step {self.n_steps}, {self._where()}: {error}") from error
        finally:
            segments.trim(cells)

    def _where(self) -> str:
        """The pc with its place in the sources, and what the program itself says of it and of its callers."""
        offset = self.pc - self._program_base
        text = f"pc {describe(self.pc)}"
        if 0 <= offset < len(self.program.data):
            text += f" ({self.program.place_of(offset)})"
        said = [message for start, end, message in self.program.messages for pc in self._frames() if start <= pc < end]
        return text + "".join(f": {message}" for message in dict.fromkeys(said))

    def _frames(self) -> list[int]:
        """Offsets in the program of the pc and of the calls that led to it, the last one first."""
        offsets, fp = [self.pc - self._program_base], self.fp
        while len(offsets) < MAX_FRAMES:
            pc, below = self.memory.get(segments.sub(fp, 1)), self.memory.get(segments.sub(fp, 2))
            if pc is None or below is None or not is_address(below) or below >= fp:
                break
            offsets.append(pc - self._program_base - 1)  # the return address is behind the call
            fp = below
        return offsets

    def _run_blocks(self, final_pc: int, max_steps: int, stack: int, cells: list[int | None]) -> None:
        """Generated code where there is some, single steps elsewhere."""
        functions = self._bound_blocks(final_pc, cells)
        while True:
            hints_have_run = self._run_hot(functions, max_steps, stack, cells)
            pc = self.pc
            if pc == final_pc:
                return
            if self.n_steps >= max_steps:
                raise RunFailed(f"the program has not ended after {max_steps} steps")
            if not hints_have_run:
                if self._gets_hot(pc, final_pc, stack, functions):
                    continue
                for code, hint in self._hints.get(pc, ()):
                    self._run_hint(code, hint)
            self._execute()
            while self.pc - pc in (1, 2) and self.pc not in functions and self.pc not in self._hints:
                if self.pc == final_pc or self.n_steps >= max_steps:
                    break
                pc = self.pc
                self._execute()

    def _run_hot(self, functions: dict[int, Bound], max_steps: int, stack: int, cells: list[int | None]) -> bool:
        """Blocks one after the other, as far as they go. True if the hints of the instruction that is next have run.

        `cells` are the stack's, kept longer than the next block reaches.
        """
        pc, ap, fp, n_steps = self.pc, self.ap - stack, self.fp - stack, self.n_steps
        room, hints_have_run = len(cells), False
        blocks, aps, fps, counts = self.log
        while (found := functions.get(pc)) and 0 <= fp <= ap:
            function, block, length, reach, hints = found
            if ap + reach >= room:
                room = _lengthened(cells, ap + reach)
                if ap + reach >= room:
                    break
            if n_steps + length > max_steps:
                break
            if hints:
                self.pc, self.ap, self.fp, self.n_steps = pc, stack + ap, stack + fp, n_steps
                for code, hint in hints:
                    self._run_hint(code, hint)
            outcome = function(ap, fp)
            is_whole = outcome.__class__ is tuple
            if is_whole or outcome:
                blocks.append(block)
                aps.append(ap)
                fps.append(fp)
                counts.append(length if is_whole else outcome)
                n_steps += counts[-1]
            if not is_whole:
                pc, ap, hints_have_run = block.pcs[outcome], ap + block.moves[outcome], True
                break
            pc, ap, fp = outcome
        self.pc, self.ap, self.fp, self.n_steps = pc, stack + ap, stack + fp, n_steps
        return hints_have_run

    def _bound_blocks(self, final_pc: int, cells: list[int | None]) -> dict[int, Bound]:
        """What other runs of the program have compiled, on this run's memory."""
        made = self.program.blocks
        self._bindings = (cells, self._peek, self._poke, _sum, _difference, _quotient)
        return {pc: self._bound(block) for pc, block in made.items() if block.code and pc != final_pc}

    def _bound(self, block: Block) -> Bound:
        hints = self._hints.get(block.pcs[0], ())
        return block.code(*self._bindings), block, len(block.pcs), block.reach, hints

    def _gets_hot(self, pc: int, final_pc: int, stack: int, functions: dict[int, Bound]) -> bool:
        """Compiles the block at pc at the HOTth visit; false before, and where it has no code."""
        self._visits[pc] = visits = self._visits.get(pc, 0) + 1
        if visits != HOT or pc in functions:
            return False
        block = compile_block(self._word_at, pc, lambda at: at in self._hints or at == final_pc, stack)
        self.program.blocks[pc] = block
        if block.code:
            functions[pc] = self._bound(block)
        return pc in functions

    def _word_at(self, pc: int) -> int | None:
        """The program's own words: what a run writes behind them may differ in the next."""
        offset, data = pc - self._program_base, self.program.data
        return data[offset] if 0 <= offset < len(data) else None

    def _peek(self, place: int) -> int | None:
        """The cell, or None where it is unknown or no cell."""
        segment, offset = (place >> segments.SEGMENT_BITS) - 1, place & segments.OFFSET_MASK
        try:
            value = self.memory.segments[segment][offset]
        except IndexError:
            value = None
        if value is None:
            builtin = self._by_segment.get(segment)
            if builtin and offset % builtin.cells >= builtin.inputs:
                try:
                    return self._fetch(place)
                except RunFailed:
                    return None
        return value

    def _poke(self, place: int, value: int) -> bool:
        """Writes an unknown cell that cannot be deduced; false, and nothing done, where `step` must look at it."""
        segment, offset = (place >> segments.SEGMENT_BITS) - 1, place & segments.OFFSET_MASK
        builtin = self._by_segment.get(segment)
        if builtin and offset % builtin.cells >= builtin.inputs:
            return False
        cells = self.memory.segments
        if 0 <= segment < len(cells) and offset == len(cells[segment]):
            cells[segment].append(value)
            return True
        try:
            self.memory[place] = value
        except RunFailed:
            return False
        return True

    def step(self) -> None:
        for code, hint in self._hints.get(self.pc, ()):
            self._run_hint(code, hint)
        self._execute()

    def _execute(self) -> None:
        """One instruction, its hints having run."""
        pc, ap, fp = self.pc, self.ap, self.fp
        ins = self._instructions.get(pc)
        if ins is None:
            word = self.memory[pc]
            if is_address(word):
                raise RunFailed("the instruction is an address")
            ins = self._instructions[pc] = decode(word)

        # Plain sums: an offset below the beginning of a segment is no cell, and the memory refuses it.
        dst_place = (fp if ins.dst_fp else ap) + ins.off_dst
        op0_place = (fp if ins.op0_fp else ap) + ins.off_op0
        dst, op0 = self._fetch(dst_place), self._fetch(op0_place)
        op1_place = self._op1_base(ins, pc, ap, fp, op0) + ins.off_op1
        op1 = self._fetch(op1_place)

        known_op0, known_op1, known_dst = op0, op1, dst
        if op0 is None:
            op0 = self._deduce_op0(ins, pc, dst, op1)
        if op1 is None and ins.opcode == ASSERT_EQ and dst is not None:
            op1 = _deduce_op1(ins, dst, op0)
        if op0 is None or op1 is None:
            raise RunFailed("an operand is unknown and cannot be deduced")
        res = _result(ins, op0, op1)
        if dst is None:
            dst = res if ins.opcode == ASSERT_EQ else fp if ins.opcode == CALL else None
            if dst is None:
                raise RunFailed(f"the cell at {describe(dst_place)} is unknown and cannot be deduced")
        for place, known, value in (
            (op0_place, known_op0, op0),
            (op1_place, known_op1, op1),
            (dst_place, known_dst, dst),
        ):
            if known is None:
                self.memory[place] = value
        self._check(ins, pc, fp, dst, op0, res)
        if pc not in self._singles:
            self._singles[pc] = single(pc)
        for part, word in zip(self.log, (self._singles[pc], ap, fp, 1), strict=True):
            part.append(word)
        self.n_steps += 1
        self._advance(ins, pc, ap, fp, dst, op1, res)

    def _fetch(self, place: int) -> int | None:
        value = self.memory.get(place)
        if value is None and (builtin := self._by_segment.get(segments.segment_of(place))):
            value = builtin.deduce(self.memory, place)
            if value is not None:
                self.memory[place] = value
        return value

    def _op1_base(self, ins: Instruction, pc: int, ap: int, fp: int, op0: int | None) -> int:
        if ins.op1_source == OP1_IMMEDIATE:
            return pc
        if ins.op1_source == OP1_FP:
            return fp
        if ins.op1_source == OP1_AP:
            return ap
        if op0 is None or not is_address(op0):
            raise RunFailed("a double dereference goes through no address")
        return op0

    def _deduce_op0(self, ins: Instruction, pc: int, dst: int | None, op1: int | None) -> int | None:
        if ins.opcode == CALL:
            return segments.add(pc, ins.size)
        if ins.opcode != ASSERT_EQ or dst is None or op1 is None:
            return None
        if ins.res_logic == RES_ADD:
            return segments.sub(dst, op1)
        if ins.res_logic == RES_MUL:
            return _quotient(dst, op1)
        return None

    def _check(self, ins: Instruction, pc: int, fp: int, dst: int, op0: int, res: int | None) -> None:
        if ins.opcode == ASSERT_EQ and dst != res:
            raise RunFailed(f"an assertion fails: {describe(dst)} is not {describe(res)}")
        if ins.opcode == CALL and (dst != fp or op0 != segments.add(pc, ins.size)):
            raise RunFailed("a call saves a wrong frame")

    def _advance(self, ins: Instruction, pc: int, ap: int, fp: int, dst: int, op1: int, res: int | None) -> None:
        if ins.pc_update == PC_REGULAR or (ins.pc_update == PC_JNZ and dst == 0):
            self.pc = pc + ins.size
        elif ins.pc_update == PC_JUMP:
            if not is_address(res):
                raise RunFailed(f"a jump to {describe(res)}, which is no address")
            self.pc = res
        elif ins.pc_update == PC_JUMP_RELATIVE:
            self.pc = segments.add(pc, _felt(res, "a relative jump"))
        else:
            self.pc = segments.add(pc, _felt(op1, "a conditional jump"))
        if ins.opcode == CALL:
            self.ap = self.fp = ap + 2
        else:
            if ins.ap_update == AP_ADD:
                self.ap = segments.add(ap, _felt(res, "an increment of ap"))
            elif ins.ap_update == AP_ADD1:
                self.ap = ap + 1
            if ins.opcode == RET:
                self.fp = dst

    def _run_hint(self, code: CodeType, hint: dict[str, Any]) -> None:
        scope = self._scopes[-1]
        scope.update(self._hint_names)
        scope.update(
            ids=Ids(self._names, hint, self.memory, self.ap, self.fp),
            ap=self.ap,
            fp=self.fp,
            pc=self.pc,
        )
        try:
            exec(code, scope)
        except RunFailed:
            raise
        except Exception as error:
            raise RunFailed(f"a hint fails: {type(error).__name__}: {error}") from error

    def _enter_scope(self, names: dict[str, Any] | None = None) -> None:
        self._scopes.append(dict(names or {}))

    def _exit_scope(self) -> None:
        if len(self._scopes) == 1:
            raise RunFailed("a hint leaves a scope that it never entered")
        self._scopes.pop()


def _lengthened(cells: list[int | None], end: int) -> int:
    """Makes room for a cell at `end`, unless that is far from what is written; the new length."""
    segments.trim(cells)
    if end <= len(cells) + NEAR:
        cells.extend([None] * (end + ROOM - len(cells)))
    return len(cells)


def _sum(a: int, b: int) -> int | None:
    try:
        return segments.add(a, b)
    except RunFailed:
        return None


def _difference(a: int, b: int) -> int | None:
    if a < PRIME and b < PRIME:
        return (a - b) % PRIME
    try:
        return segments.sub(a, b)
    except RunFailed:
        return None


def _deduce_op1(ins: Instruction, dst: int, op0: int | None) -> int | None:
    if ins.res_logic == RES_OP1:
        return dst
    if op0 is None:
        return None
    return segments.sub(dst, op0) if ins.res_logic == RES_ADD else _quotient(dst, op0)


def _result(ins: Instruction, op0: int, op1: int) -> int | None:
    if ins.res_logic == RES_OP1:
        return op1
    if ins.res_logic == RES_ADD:
        return segments.add(op0, op1)
    if ins.res_logic == RES_MUL:
        return segments.mul(op0, op1)
    return None


def _quotient(dst: int, divisor: int) -> int | None:
    if is_address(dst) or is_address(divisor) or divisor == 0:
        return None
    return dst * pow(divisor, -1, PRIME) % PRIME


def _felt(value: int | None, what: str) -> int:
    if value is None or is_address(value):
        raise RunFailed(f"{what} by an address")
    return value
