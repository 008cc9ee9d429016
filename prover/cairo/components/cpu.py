"""The CPU, one row a step: decoding, operands and the state transition (docs/spec/cairo-machine.md 2 to 4)."""

from __future__ import annotations

import numpy as np

from prover import kernel
from prover.cairo.components.tags import MEMORY, RANGE_CHECK_16
from prover.cairo.trace import Trace, felts
from prover.kernel import Bools, Felts, Ints
from prover.stark.expressions import Expression
from prover.stark.tables import ALL_BUT_LAST, FIRST_ROW, LAST_ROW, Table, TableBuilder

N_FLAGS = 15
FLAG_NAMES = (
    "dst_reg", "op0_reg", "op1_imm", "op1_fp", "op1_ap", "res_add", "res_mul", "pc_jump_abs", "pc_jump_rel",
    "pc_jnz", "ap_add", "ap_add1", "op_call", "op_ret", "op_assert_eq",
)  # fmt: skip
COLUMNS = (*FLAG_NAMES, "off_dst", "off_op0", "off_op1", "pc", "ap", "fp", "dst", "op0", "op1", "res", "jnz_dst")

BIAS = 1 << 15
"""Offsets are stored plus 2^15, in 16 bits."""

INITIAL_PC, FINAL_PC = 1, 5
"""Proof mode: the program begins at address 1, and its closing `jmp rel 0` stands at 5."""


def build() -> Table:
    t = TableBuilder("cpu")
    flags = [t.main(name) for name in FLAG_NAMES]
    (dst_reg, op0_reg, op1_imm, op1_fp, op1_ap, res_add, res_mul) = flags[:7]
    (jump_abs, jump_rel, jnz), (call, ret, assert_eq) = flags[7:10], flags[12:]
    off_dst, off_op0, off_op1 = (t.main(name) for name in ("off_dst", "off_op0", "off_op1"))
    pc, ap, fp = (t.main(name) for name in ("pc", "ap", "fp"))
    dst, op0, op1, res = (t.main(name) for name in ("dst", "op0", "op1", "res"))
    jnz_dst = t.main("jnz_dst")

    # The four booleans of groups forbid two flags of one group; {ap_add, ap_add1} is not guarded: both mean res + 1.
    op1_from_op0 = 1 - op1_imm - op1_fp - op1_ap
    res_is_op1 = 1 - res_add - res_mul - jnz
    pc_regular = 1 - jump_abs - jump_rel - jnz
    fp_regular = 1 - call - ret
    for name, flag in zip(FLAG_NAMES, flags, strict=True):
        t.constrain(f"flag {name} is boolean", flag * (flag - 1))
    for name, bit in (
        ("op1 source", op1_from_op0),
        ("res logic", res_is_op1),
        ("pc update", pc_regular),
        ("fp update", fp_regular),
    ):
        t.constrain(f"at most one flag: {name}", bit * (bit - 1))

    t.constrain(
        "res",
        (1 - jnz) * res - res_add * (op0 + op1) - res_mul * (op0 * op1) - res_is_op1 * op1,
    )
    _transition(t, flags, pc, ap, fp, dst, op1, res, jnz_dst, pc_regular, fp_regular)

    size = op1_imm + 1
    t.constrain("call saves fp", call * (dst - fp))
    t.constrain("call saves the return address", call * (op0 - pc - size))
    t.constrain("call writes at ap", call * (off_dst - BIAS))
    t.constrain("call writes at ap + 1", call * (off_op0 - BIAS - 1))
    t.constrain("call is ap-based", call * (dst_reg + op0_reg))
    t.constrain("ret reads fp - 2", ret * (off_dst + 2 - BIAS))
    t.constrain("ret reads fp - 1", ret * (off_op1 + 1 - BIAS))
    t.constrain("ret is fp-based", ret * (jump_abs + dst_reg + op1_fp + res_is_op1 - 4))
    t.constrain("assert_eq", assert_eq * (dst - res))

    t.constrain("begins at the entry", pc - INITIAL_PC, FIRST_ROW)
    t.constrain("begins with the agreed ap", ap - t.public("initial_ap"), FIRST_ROW)
    t.constrain("begins with fp = ap", fp - t.public("initial_ap"), FIRST_ROW)
    t.constrain("ends in the closing loop", pc - FINAL_PC, LAST_ROW)
    t.constrain("ends with the agreed ap", ap - t.public("final_ap"), LAST_ROW)
    t.constrain("ends with the first fp", fp - t.public("initial_ap"), LAST_ROW)

    t.look_up(1, MEMORY, pc, _word(flags, off_dst, off_op0, off_op1))
    t.look_up(1, MEMORY, fp * dst_reg + ap * (1 - dst_reg) + off_dst - BIAS, dst)
    t.look_up(1, MEMORY, fp * op0_reg + ap * (1 - op0_reg) + off_op0 - BIAS, op0)
    op1_base = op1_imm * pc + op1_ap * ap + op1_fp * fp + op1_from_op0 * op0
    t.look_up(1, MEMORY, op1_base + off_op1 - BIAS, op1)
    for offset in (off_dst, off_op0, off_op1):
        t.look_up(1, RANGE_CHECK_16, offset)
    return t.finish()


def _transition(
    t: TableBuilder,
    flags: list[Expression],
    pc: Expression,
    ap: Expression,
    fp: Expression,
    dst: Expression,
    op1: Expression,
    res: Expression,
    jnz_dst: Expression,
    pc_regular: Expression,
    fp_regular: Expression,
) -> None:
    op1_imm, jump_abs, jump_rel, jnz, ap_add, ap_add1, call, ret = (flags[i] for i in (2, 7, 8, 9, 10, 11, 12, 13))
    following = pc + op1_imm + 1
    t.constrain("jnz_dst is dst on a jnz", jnz_dst - jnz * dst)
    t.constrain(
        "pc: jump if dst is not zero",
        (1 - jnz) * pc[1]
        + jnz_dst * (pc[1] - pc - op1)
        - pc_regular * following
        - jump_abs * res
        - jump_rel * (pc + res),
        ALL_BUT_LAST,
    )
    # On a jnz with dst = 0 the factor is -1, so pc must go on; with dst != 0 the prover sets res = 1 / dst.
    t.constrain("pc: go on if dst is zero", (jnz_dst * res - jnz) * (pc[1] - following), ALL_BUT_LAST)
    t.constrain("ap", ap[1] - ap - ap_add * res - ap_add1 - 2 * call, ALL_BUT_LAST)
    t.constrain("fp", fp[1] - fp_regular * fp - ret * dst - call * (ap + 2), ALL_BUT_LAST)


def _word(flags: list[Expression], off_dst: Expression, off_op0: Expression, off_op1: Expression) -> Expression:
    """The fetched instruction as a linear expression: no column of its own."""
    word = off_dst + (1 << 16) * off_op0 + (1 << 32) * off_op1
    for bit, flag in enumerate(flags):
        word = word + (1 << 48 + bit) * flag
    return word


CHUNK = 1 << 16
"""Rows filled at a time: what is computed on the way stays in cache."""


def fill(trace: Trace) -> Felts:
    """(W, n_steps, 4), columns as in COLUMNS."""
    made = kernel.empty((len(COLUMNS), trace.run.n_steps, 4))
    for first in range(0, trace.run.n_steps, CHUNK):
        pc, ap, fp = trace.run.registers[first : first + CHUNK].astype(np.int64).T
        _fill_rows(trace, pc, ap, fp, dict(zip(COLUMNS, made[:, first : first + CHUNK], strict=True)))
    return made


def _fill_rows(trace: Trace, pc: Ints, ap: Ints, fp: Ints, columns: dict[str, Felts]) -> None:
    """Steps in a row; `columns` are (n, 4) each."""
    trace.read(pc, out=columns["res"])  # counts the fetch; res comes later
    words = trace.limbs[pc, 0].astype(np.int64)
    flags = {name: (words >> 48 + bit & 1).astype(bool) for bit, name in enumerate(FLAG_NAMES)}
    for name, flag in flags.items():
        felts(flag, out=columns[name])
    offsets = [words >> 16 * i & 0xFFFF for i in range(3)]
    for name, offset in zip(("off_dst", "off_op0", "off_op1"), offsets, strict=True):
        trace.check_range_16(offset, out=columns[name])
    for name, register in (("pc", pc), ("ap", ap), ("fp", fp)):
        felts(register, out=columns[name])

    op0_address = np.where(flags["op0_reg"], fp, ap) + offsets[1] - BIAS
    dst = trace.read(np.where(flags["dst_reg"], fp, ap) + offsets[0] - BIAS, out=columns["dst"])
    op0 = trace.read(op0_address, out=columns["op0"])
    op1_base = _op1_base(trace, flags, pc, ap, fp, op0_address)
    op1 = trace.read(op1_base + offsets[2] - BIAS, out=columns["op1"])

    res, jnz_dst = columns["res"], columns["jnz_dst"]
    res[:], jnz_dst[:] = op1, 0
    for name, operation in (("res_add", kernel.add), ("res_mul", kernel.mul)):
        rows = np.flatnonzero(flags[name])
        res[rows] = operation(op0[rows], op1[rows])
    rows = np.flatnonzero(flags["pc_jnz"])
    jnz_dst[rows] = dst[rows]
    res[rows] = _inverse_or_zero(dst[rows])


def _op1_base(trace: Trace, flags: dict[str, Bools], pc: Ints, ap: Ints, fp: Ints, op0_address: Ints) -> Ints:
    base: Ints = trace.limbs[op0_address, 0].astype(np.int64)
    for flag, register in (("op1_imm", pc), ("op1_fp", fp), ("op1_ap", ap)):
        base = np.where(flags[flag], register, base)
    return base


def _inverse_or_zero(values: Felts) -> Felts:
    zero = ~values.any(axis=1)
    inverse = kernel.inverse(np.where(zero[:, None], kernel.from_ints([1]), values))
    return np.where(zero[:, None], np.uint64(0), inverse)
