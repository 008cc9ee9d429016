"""`freehold prove` and `freehold verify`."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from freehold.arguments import NewFile, existing, parameters_option, trust_option
from freehold.files import read_json, write_work
from freehold.hints import refuse_strange_hints
from freehold.programs import read_program
from prover.cairo.errors import CairoError
from prover.cairo.execution import MIN_STEPS, Run
from prover.cairo.machine.input import NoInput
from prover.cairo.program import Program
from prover.cairo.proof_file import ProofFile, name_of
from prover.cairo.prove import key_of, prove_run, verify_proof
from prover.cairo.run import run_program
from prover.cairo.run_files import read_run
from prover.cairo.shapes import BuiltinNotProvable, shape_of
from prover.cairo.sizes import typical_memory
from prover.cairo.statement import program_identity
from prover.proving.stages import StageClock
from prover.stark.errors import ProofRefused, StarkError
from prover.stark.memory_need import addresses_needed
from prover.stark.parameters import DEFAULT, NAMED, Parameters
from prover.stark.proof import Proof

CONSOLE = Console(stderr=True)


class Stages(StageClock):
    """Names the stage at work: a line that moves on a terminal, plain lines otherwise; keeps each one's seconds."""

    def __init__(self) -> None:
        super().__init__()
        self._status = CONSOLE.status("") if CONSOLE.is_terminal else None
        if self._status:
            self._status.start()

    def __call__(self, stage: str) -> None:
        super().__call__(stage)
        if self._status:
            self._status.update(stage)
        else:
            CONSOLE.print(stage)

    def close(self) -> None:
        self.stop()
        if self._status:
            self._status.stop()


@click.command("prove")
@click.argument("program_file", required=False, type=existing, metavar="[PROGRAM.json]")
@click.option("--program", "named_program", type=existing, help="The program of a recorded run.")
@click.option("--input", "input_file", type=existing, help="JSON that the program's hints see as `program_input`.")
@click.option("--trace", "trace_file", type=existing, help="A recorded run: its trace file.")
@click.option("--memory", "memory_file", type=existing, help="A recorded run: its memory file.")
@click.option("--public-input", "public_input_file", type=existing, help="A recorded run: its AIR public input.")
@click.option("--private-input", "private_input_file", type=existing, help="The same: its signatures, if it has any.")
@click.option("-o", "--output", required=True, type=NewFile(), help="The proof.")
@trust_option
@click.option("--json", "as_json", is_flag=True, help="Print what was proven and what it cost as JSON.")
@parameters_option
def prove_command(
    program_file: Path | None,
    named_program: Path | None,
    input_file: Path | None,
    trace_file: Path | None,
    memory_file: Path | None,
    public_input_file: Path | None,
    private_input_file: Path | None,
    output: Path,
    trust_hints: bool,
    as_json: bool,
    set_name: str,
) -> None:
    """Run PROGRAM.json and prove the run, or prove a recorded one.

    A program's hints are Python that runs with your rights. Those of Cairo's common library, of the exchange's program,
    and those that only bring input into memory run without asking; others need --trust-hints, a recorded run none.

    A run that another Cairo machine recorded needs --program, --trace, --memory and --public-input. Nothing is written
    unless the proof verifies.

    \b
    freehold prove fibonacci.json --input input.json -o proof
    freehold prove --program p.json --trace t --memory m --public-input i.json -o proof
    """
    path = program_file or named_program
    if path is None:
        raise click.UsageError("name a compiled program, as an argument or with --program")
    if private_input_file and not public_input_file:
        raise click.UsageError("--private-input belongs to a recorded run")
    recorded = [trace_file, memory_file, public_input_file]
    if any(recorded) and not all(recorded):
        raise click.UsageError("a recorded run needs --trace, --memory and --public-input together")
    if any(recorded) and input_file:
        raise click.UsageError("--input belongs to a run made here, not to a recorded one")
    parameters = NAMED[set_name]
    program = read_program(path)
    given = read_json(input_file) if input_file else NoInput()
    stages, began, n_steps = Stages(), time.perf_counter(), None
    try:
        stages("read the run" if all(recorded) else "run")
        if trace_file and memory_file and public_input_file:
            run = read_run(program, trace_file, memory_file, public_input_file, private_input_file)
        else:
            refuse_strange_hints(path, program, trust_hints)
            run = run_program(program, given)
        n_steps = run.n_steps
        proof = prove_run(run, parameters, stages)
        stages("check the proof")
        verify_proof(proof, program, parameters)
    except MemoryError as error:
        raise click.ClickException(memory_line(program, n_steps, parameters)) from error
    except (CairoError, StarkError, BuiltinNotProvable) as error:
        raise click.ClickException(str(error)) from error
    finally:
        stages.close()
    write_work(output, ProofFile(identity_of(program, parameters), parameters, proof).to_bytes())
    if as_json:
        click.echo(json.dumps(figures(run, proof, parameters, stages, time.perf_counter() - began)))
    else:
        report(run, proof, parameters, stages, time.perf_counter() - began)


def memory_line(program: Program, n_steps: int | None, parameters: Parameters) -> str:
    """What is said where memory ends all the same; of a run that never came to its end, the least that it takes."""
    needed = typical_memory(program.builtins, n_steps or MIN_STEPS, parameters)
    of = f"a proof of {n_steps:,} steps takes about" if n_steps else "a proof takes at least"
    return (
        f"out of memory: {of} {needed / 2**30:.1f} GiB, and {addresses_needed(needed) / 2**30:.1f} GiB of addresses "
        "where these are limited (ulimit -v)"
    )


def identity_of(program: Program, parameters: Parameters) -> int:
    return program_identity(key_of(tuple(program.builtins), parameters).shape, program.data)


def figures(run: Run, proof: Proof, parameters: Parameters, stages: Stages, seconds: float) -> dict[str, object]:
    """What `report` prints, for programs: words as hex, times in seconds, memory in bytes."""
    return {
        "program": hex(identity_of(run.program, parameters)),
        "output": [hex(word) for word in run.output],
        "steps": run.n_executed_steps,
        "proven_steps": run.n_steps,
        "parameters": name_of(parameters),
        "proven_bits": round(parameters.proven_bits(), 1),
        "proof_bytes": len(proof.to_bytes()),
        "parts": len(proof.parts),
        "seconds": round(seconds, 3),
        "stages": {name: round(spent, 3) for name, spent in stages.seconds.items()},
        "peak_memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def report(run: Run, proof: Proof, parameters: Parameters, stages: Stages, seconds: float) -> None:
    table = Table(show_header=False, box=None)
    names = [part.name for part in shape_of(tuple(run.program.builtins)).tables]
    heights = ", ".join(f"{name} 2^{log}" for name, log in zip(names, proof.header, strict=False))
    table.add_row("steps", f"{run.n_executed_steps:,} executed, {run.n_steps:,} proven")
    table.add_row("tables", heights)
    table.add_row("security", f"{parameters.proven_bits():.0f} bits proven")
    table.add_row("proof", f"{len(proof.to_bytes()):,} bytes in {len(proof.parts)} part(s)")
    table.add_row("time", f"{seconds:.1f} s (" + ", ".join(f"{s} {t:.1f}" for s, t in stages.seconds.items()) + ")")
    table.add_row("peak memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")
    CONSOLE.print(table)


@click.command("verify")
@click.argument("proof_file", type=existing, metavar="PROOF")
@click.option("--program", "program_file", required=True, type=existing, help="The compiled program.")
@click.option(
    "--parameters",
    "set_name",
    type=click.Choice(list(NAMED)),
    help="Take a proof of this named set alone; otherwise of any, with a warning below the default's proven bits.",
)
@click.option("--json", "as_json", is_flag=True, help="Print what was proven as JSON.")
def verify_command(proof_file: Path, program_file: Path, set_name: str | None, as_json: bool) -> None:
    """Check a proof: exit 0, or name the step that refused and exit 1.

    What is printed is what was proven: this program ran to its end and wrote this output.
    """
    try:
        given, program = ProofFile.from_bytes(proof_file.read_bytes()), read_program(program_file)
        check_head(given, program, set_name)
        statement = verify_proof(given.proof, program, given.parameters)
    except ProofRefused as error:
        raise click.ClickException(f"refused at step '{error.step}': {error}") from error
    except (CairoError, StarkError, BuiltinNotProvable) as error:
        raise click.ClickException(str(error)) from error
    bits = given.parameters.proven_bits()
    if bits < DEFAULT.proven_bits():
        usual = DEFAULT.proven_bits()
        click.echo(f"warning: this proof is worth {bits:.0f} proven bits, {usual:.0f} are usual", err=True)
    if as_json:
        proven = {"program": hex(statement.identity), "output": [hex(word) for word in statement.output]}
        click.echo(json.dumps(proven | {"parameters": name_of(given.parameters), "proven_bits": round(bits, 1)}))
        return
    click.echo(f"accepted: program {statement.identity:#066x}, {len(statement.output)} output words")
    for word in statement.output:
        click.echo(f"  {word:#x}")


def check_head(given: ProofFile, program: Program, set_name: str | None) -> None:
    """What the file says it is must be what is asked for; the proof itself is checked afterwards all the same."""
    if set_name and given.parameters != NAMED[set_name]:
        raise click.ClickException(
            f"made with another parameter set: {name_of(given.parameters) or 'one without a name'}, not {set_name}"
        )
    wanted = identity_of(program, given.parameters)
    if given.identity != wanted:
        raise click.ClickException(f"made for another program: {given.identity:#x}, this one is {wanted:#x}")
