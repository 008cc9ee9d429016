"""`freehold output`: what the exchange's program wrote for a batch, word for word and both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError

from freehold.arguments import existing
from freehold.commands.proof import check_head
from freehold.errors import Refused
from freehold.files import read_json
from prover.algebra.field import PRIME
from prover.applications.perpetual.errors import OutputMalformed
from prover.applications.perpetual.names import asset_name
from prover.applications.perpetual.output import ROLLUP, Modification, ProgramOutput
from prover.applications.perpetual.state import SharedState
from prover.applications.perpetual.transactions import ForcedWithdrawal
from prover.cairo.proof_file import TITLE, ProofFile
from prover.cairo.prove import verify_proof
from prover.proving.batch import exchange_program
from prover.stark.errors import StarkError

DOCUMENT: TypeAdapter[ProgramOutput] = TypeAdapter(ProgramOutput)
EXACT = 1 << 53
"""From here on not every reader of JSON keeps a number exactly: it is written in hex."""


@click.command("output")
@click.argument("file", type=existing)
@click.option("--json", "as_json", is_flag=True, help="Print every field as JSON; `--words` reads it back.")
@click.option("--words", "as_words", is_flag=True, help="Print the words, as a JSON list of hex.")
def output_command(file: Path, as_json: bool, as_words: bool) -> None:
    """Print what the exchange's program wrote for a batch.

    FILE is a proof of the exchange's program, which is checked first; or JSON: the words, as `freehold batch run
    --words` writes them; an object whose "output" has them, as `freehold verify --json` prints; or what --json printed.
    """
    if as_json and as_words:
        raise click.UsageError("--json and --words are two forms of the same: choose one")
    try:
        output = _of_proof(file) if _is_proof(file) else _of_document(file, read_json(file))
    except OutputMalformed as error:
        raise click.ClickException(f"{file}: {error}") from error
    except StarkError as error:
        raise click.ClickException(f"{file}: no proof of this: {error}") from error
    if as_words:
        click.echo(json.dumps([hex(word) for word in output.words()], indent=1))
    elif as_json:
        click.echo(json.dumps(document_of(output), indent=1))
    else:
        for line in lines(output):
            click.echo(line)


def _is_proof(file: Path) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(TITLE)) == TITLE


def _of_proof(file: Path) -> ProgramOutput:
    given, program = ProofFile.from_bytes(file.read_bytes()), exchange_program()
    check_head(given, program, None)
    return ProgramOutput.read(verify_proof(given.proof, program, given.parameters).output)


def _of_document(file: Path, document: Any) -> ProgramOutput:
    """Raises Refused or OutputMalformed. What a document says must be what its words say when they are read."""
    if isinstance(document, dict) and "output" in document:
        document = document["output"]
    if isinstance(document, list):
        return ProgramOutput.read(_words(file, document))
    try:
        output = DOCUMENT.validate_python(_numbers(document))
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(part) for part in fault["loc"]) or "the document"
        raise Refused(f"{file} is no program output: {place}: {fault['msg']}") from error
    words = output.words()
    if any(not 0 <= word < PRIME for word in words) or ProgramOutput.read(words) != output:
        raise Refused(f"{file} is no program output: its fields are not what any words say")
    return output


def _words(file: Path, document: list[Any]) -> list[int]:
    words = [_number(word) for word in document]
    for place, word in enumerate(words):
        if not isinstance(word, int) or isinstance(word, bool) or not 0 <= word < PRIME:
            raise Refused(f"{file}: word {place} is {document[place]!r}, must be a number in [0, p), in hex or not")
    return words


def _number(entry: Any) -> Any:
    """The number that a text says in hex or decimals; anything else as it is."""
    try:
        return int(entry, 0) if isinstance(entry, str) else entry
    except ValueError:
        return entry


def _numbers(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _numbers(entry) for name, entry in document.items()}
    return [_numbers(entry) for entry in document] if isinstance(document, list) else _number(document)


def _texts(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _texts(entry) for name, entry in document.items()}
    if isinstance(document, list | tuple):
        return [_texts(entry) for entry in document]
    return hex(document) if isinstance(document, int) and abs(document) >= EXACT else document


def document_of(output: ProgramOutput) -> Any:
    """Every field by its name."""
    document = DOCUMENT.dump_python(output)
    document["main"]["modifications"] = [change._asdict() for change in output.main.modifications]
    return _texts(document)


def lines(output: ProgramOutput) -> list[str]:
    """For people: what the contract reads, in its order, and how much data a rollup publishes."""
    main, data = output.main, output.data
    found = [
        f"{'rollup' if main.data_availability_mode == ROLLUP else 'Validium'}, configuration {main.config_hash:#x}",
        f"assets {', '.join(asset_name(asset_id) for asset_id, _ in main.asset_hashes) or 'none'}",
        *_state("before", main.before),
        *_state("after", main.after),
        f"orders expire at hour {main.minimum_expiration} at the earliest",
        *(_modification(change) for change in main.modifications),
    ]
    for request in main.forced:
        if isinstance(request, ForcedWithdrawal):
            of = f"of {request.amount:,} quanta from position {request.position_id} of {request.public_key:#x}"
            found.append(f"forced withdrawal {of}")
        else:
            side = "buys" if request.is_party_a_buying_synthetic else "sells"
            found.append(
                f"forced trade: position {request.position_id_a} {side} {request.amount_synthetic:,} quanta of "
                f"{asset_name(request.synthetic_asset_id)} for {request.amount_collateral:,}, with position "
                f"{request.position_id_b}, nonce {request.nonce}"
            )
    found += [f"condition {condition:#x}" for condition in main.conditions]
    if data is not None:
        found.append(f"data: {len(data.ticks)} funding ticks, {len(data.records)} positions touched")
    return found


def _state(name: str, state: SharedState) -> list[str]:
    return [
        f"{name}: hash 0x{state.hash().hex()}, system time {state.system_time}",
        f"  positions {state.positions_root:#x}, height {state.positions_height}",
        f"  orders {state.orders_root:#x}, height {state.orders_height}",
    ]


def _modification(change: Modification) -> str:
    kind = "deposit" if change.difference >= 0 else "withdrawal"
    return (
        f"{kind} of {abs(change.difference):,} quanta, position {change.position_id}, owner key {change.owner_key:#x}"
    )
