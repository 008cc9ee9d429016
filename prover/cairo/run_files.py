"""The reference runner's files: trace, memory and AIR inputs, read into a `Run` and written from one.

Trace: 24 bytes a step, little-endian u64 ap, fp, pc. Memory: 40 bytes a cell, u64 address then a 32-byte
little-endian value. Any layout name will do: only registers and memory are used, and, for the signatures that are in no
memory cell, the private input: `ecdsa`, a list of {index, signature_input {r, w}} with w = 1/s.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from prover.algebra.curve import ORDER
from prover.algebra.field import PRIME
from prover.cairo.errors import RunFilesMalformed
from prover.cairo.execution import MIN_STEPS, Run
from prover.cairo.instances import CELLS
from prover.cairo.machine.builtins import Builtin, make_builtin
from prover.cairo.program import Program
from prover.kernel import Words

MAX_ADDRESS = 1 << 28
FINAL_PC = 5


def read_run(
    program: Program,
    trace_file: Path,
    memory_file: Path,
    public_input_file: Path,
    private_input_file: Path | None = None,
) -> Run:
    """Raises RunFilesMalformed, naming the file and the cause."""
    registers = _read_trace(trace_file)
    memory = _read_memory(memory_file)
    segments = _read_segments(public_input_file, program)
    for address, word in enumerate(program.data, start=1):
        if address >= len(memory) or memory[address] != word:
            raise RunFilesMalformed(f"{memory_file}: address {address} does not hold the program's word {word:#x}")
    _check_ends(trace_file, registers)
    registers = _without_padding(registers)
    n_executed = len(registers) - 1
    n_steps = 1 << (max(MIN_STEPS, len(registers)) - 1).bit_length()
    registers = np.concatenate([registers, np.tile(registers[-1:], (n_steps - len(registers), 1))])
    builtins = [make_builtin(name, 0) for name in program.builtins]
    bounds = {builtin.name: _bounds(public_input_file, segments, builtin, memory) for builtin in builtins}
    for builtin in builtins:
        _complete(memory_file, memory, builtin, *bounds[builtin.name])
    start, stop = bounds.get("output", (1, 1))
    output = tuple(word or 0 for word in memory[start:stop])
    signatures = _signatures(private_input_file, *bounds["ecdsa"]) if "ecdsa" in bounds else {}
    ends = int(registers[0][1]), int(registers[-1][1])
    return Run(program, registers, memory, n_executed, *ends, bounds, output, signatures)


def _complete(path: Path, memory: list[int | None], builtin: Builtin, start: int, stop: int) -> None:
    """Fill in the outputs that the recorded program never read: the machine need not have written them."""
    memory += [None] * (stop - len(memory))
    if builtin.cells == 1:
        return
    for first in range(start, stop, builtin.cells):
        if None not in memory[first : first + builtin.cells]:
            continue
        inputs = [word for word in memory[first : first + builtin.inputs] if word is not None]
        if len(inputs) < builtin.inputs:
            raise RunFilesMalformed(f"{path}: the {builtin.name} instance at address {first} misses an input")
        for place, word in enumerate(builtin.outputs(inputs), start=first + builtin.inputs):
            memory[place] = word if memory[place] is None else memory[place]


def _signatures(path: Path | None, start: int, stop: int) -> dict[int, tuple[int, int]]:
    """(r, s) by address, for the instances of [start, stop)."""
    count = (stop - start) // CELLS["ecdsa"]
    if not count:
        return {}
    if path is None:
        raise RunFilesMalformed(
            f"the run checks {count} signatures, and a memory file holds none: give the AIR private input too"
        )
    try:
        records = json.loads(path.read_text())["ecdsa"]
        words = {
            int(record["index"]): tuple(int(record["signature_input"][name], 16) for name in ("r", "w"))
            for record in records
        }
        missing = next((number for number in range(count) if number not in words), None)
        if missing is None:
            return {start + CELLS["ecdsa"] * number: (r, pow(w, -1, ORDER)) for number, (r, w) in words.items()}
    except (ValueError, KeyError, TypeError) as error:
        raise RunFilesMalformed(f"{path}: no AIR private input with signatures: {error!r}") from error
    raise RunFilesMalformed(f"{path}: no signature for ecdsa instance {missing}")


def _read_trace(path: Path) -> Words:
    data = path.read_bytes()
    if not data or len(data) % 24:
        raise RunFilesMalformed(f"{path}: {len(data)} bytes are no whole number of steps of 24 bytes")
    rows = np.frombuffer(data, dtype="<u8").reshape(-1, 3)
    return np.ascontiguousarray(rows[:, [2, 0, 1]]).astype(np.uint64)


def _without_padding(registers: Words) -> Words:
    """The run up to the closing loop, which other machines go round until their layout is full."""
    before = np.flatnonzero((registers != registers[-1]).any(axis=1))
    return registers[: before[-1] + 2 if len(before) else 1]


def _check_ends(path: Path, registers: Words) -> None:
    if int(registers[0][0]) != 1:
        raise RunFilesMalformed(f"{path}: the run begins at pc {registers[0][0]}, in proof mode it begins at 1")
    if int(registers[-1][0]) != FINAL_PC:
        raise RunFilesMalformed(f"{path}: the run ends at pc {registers[-1][0]}, not in the closing loop at {FINAL_PC}")


def _read_memory(path: Path) -> list[int | None]:
    data = path.read_bytes()
    if not data or len(data) % 40:
        raise RunFilesMalformed(f"{path}: {len(data)} bytes are no whole number of cells of 40 bytes")
    cells: dict[int, int] = {}
    for place in range(0, len(data), 40):
        address = int.from_bytes(data[place : place + 8], "little")
        value = int.from_bytes(data[place + 8 : place + 40], "little")
        if not 0 < address < MAX_ADDRESS:
            raise RunFilesMalformed(f"{path}: address {address} is out of bounds")
        if value >= PRIME:
            raise RunFilesMalformed(f"{path}: the value at address {address} is not below p")
        if cells.setdefault(address, value) != value:
            raise RunFilesMalformed(f"{path}: address {address} has two values")
    memory: list[int | None] = [None] * (max(cells) + 1)
    for address, value in cells.items():
        memory[address] = value
    return memory


def _read_segments(path: Path, program: Program) -> dict[str, Any]:
    try:
        segments: dict[str, Any] = json.loads(path.read_text())["memory_segments"]
        missing = [name for name in program.builtins if name not in segments]
    except (ValueError, KeyError, TypeError) as error:
        raise RunFilesMalformed(f"{path}: no AIR public input: {error!r}") from error
    if missing:
        raise RunFilesMalformed(f"{path}: no memory segment for {', '.join(missing)}")
    return segments


def _bounds(path: Path, segments: dict[str, Any], builtin: Builtin, memory: list[int | None]) -> tuple[int, int]:
    name = builtin.name
    try:
        start, stop = int(segments[name]["begin_addr"]), int(segments[name]["stop_ptr"])
    except (KeyError, TypeError, ValueError) as error:
        raise RunFilesMalformed(f"{path}: segment {name} lacks begin_addr or stop_ptr") from error
    unread = builtin.cells - builtin.inputs  # outputs of the last instance may be missing at the memory's end
    if not 0 < start <= stop <= len(memory) + unread:
        raise RunFilesMalformed(f"{path}: segment {name} from {start} to {stop} is not in the memory")
    if (stop - start) % builtin.cells:
        raise RunFilesMalformed(f"{path}: segment {name} from {start} to {stop} ends within an instance")
    return start, stop


def write_run(
    run: Run, trace_file: Path, memory_file: Path, public_input_file: Path, private_input_file: Path | None = None
) -> None:
    """The same run in the reference runner's formats."""
    trace_file.write_bytes(run.registers[:, [1, 2, 0]].astype("<u8").tobytes())
    cells = (
        address.to_bytes(8, "little") + value.to_bytes(32, "little")
        for address, value in enumerate(run.memory)
        if value is not None
    )
    memory_file.write_bytes(b"".join(cells))
    document = {
        "layout": "plain",
        "n_steps": run.n_steps,
        "memory_segments": {
            name: {"begin_addr": start, "stop_ptr": stop} for name, (start, stop) in run.segments.items()
        },
    }
    public_input_file.write_text(json.dumps(document))
    if private_input_file:
        private_input_file.write_text(json.dumps({"ecdsa": _private_signatures(run)}))


def _private_signatures(run: Run) -> list[dict[str, Any]]:
    start, _ = run.segments.get("ecdsa", (0, 0))
    return [
        {
            "index": (place - start) // CELLS["ecdsa"],
            "pubkey": hex(run.memory[place] or 0),
            "msg": hex(run.memory[place + 1] or 0),
            "signature_input": {"r": hex(r), "w": hex(pow(s, -1, ORDER))},
        }
        for place, (r, s) in run.signatures.items()
    ]
