"""cairo-lang's own machine, through a shim for Python 3.11: an oracle for tests."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import json
import sys
from pathlib import Path
from typing import Any
from unittest import mock


@functools.cache
def _modules() -> tuple[Any, Any]:
    """Its `instances` module uses a dataclass instance as a default, which 3.11 refuses unless it can be hashed."""
    original = dataclasses.dataclass
    for name in ("starkware.cairo.lang.compiler.program", "starkware.cairo.lang.vm.vm_core"):
        importlib.import_module(name)

    def hashable(cls=None, **options):
        options["unsafe_hash"] = not options.get("frozen", False)
        return original(cls, **options) if cls is not None else lambda inner: original(inner, **options)

    dataclasses.dataclass = hashable
    try:
        importlib.import_module("starkware.cairo.lang.instances")
    finally:
        dataclasses.dataclass = original
    return (
        importlib.import_module("starkware.cairo.lang.compiler.program"),
        importlib.import_module("starkware.cairo.lang.vm.cairo_runner"),
    )


def run_unpadded(document: dict[str, Any], max_steps: int) -> Any:
    """The finished runner of a program without builtins or hints, relocated, with one step in the closing loop."""
    program_module, runner_module = _modules()
    program = program_module.Program.Schema().load({"attributes": [], "debug_info": None, **document})
    runner = runner_module.CairoRunner(program, layout="plain", proof_mode=True)
    runner.initialize_segments()
    end = runner.initialize_main_entrypoint()
    runner.initialize_vm(hint_locals={})
    runner.run_until_pc(end, runner_module.RunResources(max_steps))
    runner.run_for_steps(1)
    runner.end_run(disable_trace_padding=True)
    runner.finalize_segments()
    runner.relocate()
    return runner


def run(document: dict[str, Any], program_input: Any, layout: str = "small") -> Any:
    """The finished runner, relocated, in proof mode."""
    program_module, runner_module = _modules()
    document = {"attributes": [], "debug_info": None, "hints": {}, **document}
    program = program_module.Program.Schema().load(document)
    runner = runner_module.CairoRunner(program, layout=layout, proof_mode=True)
    runner.initialize_segments()
    end = runner.initialize_main_entrypoint()
    runner.initialize_vm(hint_locals={"program_input": program_input})
    runner.run_until_pc(end)
    runner.run_for_steps(1)
    runner.run_until_next_power_of_2()
    runner.end_run(disable_trace_padding=False)
    runner.finalize_segments()
    runner.relocate()
    return runner


def record(document: dict[str, Any], program_input: Any, layout: str, folder: Path) -> list[Path]:
    """Its command `cairo-run` in proof mode; gives the files trace, memory, public and private input."""
    _modules()
    command = importlib.import_module("starkware.cairo.lang.vm.cairo_run")
    files = {name: folder / name for name in ("program", "program_input")}
    files["program"].write_text(json.dumps({"attributes": [], "debug_info": None, "hints": {}, **document}))
    files["program_input"].write_text(json.dumps(program_input))
    made = {name: folder / name for name in ("trace_file", "memory_file", "air_public_input", "air_private_input")}
    if layout == "dynamic":
        files["cairo_layout_params_file"] = folder / "layout"
        files["cairo_layout_params_file"].write_text(json.dumps(_dynamic_layout(document["builtins"])))
    options = [word for name, file in {**files, **made}.items() for word in (f"--{name}", str(file))]
    with mock.patch.object(sys, "argv", ["cairo-run", *options, "--layout", layout, "--proof_mode"]):
        assert command.main() == 0
    return list(made.values())


def _dynamic_layout(builtins: list[str]) -> dict[str, Any]:
    """Room for an instance of each builtin in 8 steps."""
    names = {"pedersen", "range_check", "ecdsa", "bitwise", "ec_op", "keccak", "poseidon"}
    fractional = {"range_check96", "add_mod", "mul_mod"}
    layout: dict[str, Any] = {f"uses_{name}_builtin": name in builtins for name in names | fractional}
    layout |= {f"{name}_ratio": 8 if name in builtins else 0 for name in names}
    layout |= {f"{name}_ratio": 8 for name in fractional} | {f"{name}_ratio_den": 1 for name in fractional}
    sizes = {"cpu_component_step": 1, "rc_units": 32, "memory_units_per_step": 32, "log_diluted_units_per_step": 4}
    return layout | sizes
