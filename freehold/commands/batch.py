"""`freehold batch run|check|explain`: a batch's file through the rules."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from freehold.arguments import NewFile, existing
from freehold.files import read_json, write_whole
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.documents import Case, StateDocument
from prover.applications.perpetual.errors import Code, InputRefused, RuleBroken
from prover.applications.perpetual.explain import rows
from prover.applications.perpetual.program_input import new_system_time
from prover.applications.perpetual.transactions import OracleTick
from prover.cairo.errors import RunFailed
from prover.proving.batch import run_exchange


@click.group("batch")
def batch_group() -> None:
    """Apply the exchange's rules to a batch in a JSON file: configuration, state, transactions."""


def _read(path: Path) -> Case:
    try:
        return Case.parsed(read_json(path))
    except InputRefused as error:
        raise click.ClickException(f"{path}: {error}") from error


def _apply(case: Case) -> Batch:
    try:
        return case.apply()
    except (InputRefused, RuleBroken) as error:
        raise click.ClickException(f"refused: {error}") from error


def _write(path: Path | None, document: Any) -> None:
    if path:
        write_whole(path, json.dumps(document, indent=1) + "\n")


@batch_group.command("run")
@click.argument("file", type=existing)
@click.option("--words", type=NewFile(), help="Where the program's expected output words go.")
@click.option("--state", type=NewFile(), help="Where the next state goes.")
@click.option("--program-input", type=NewFile(), help="Where the program's input goes, for `freehold prove --input`.")
def run_command(file: Path, words: Path | None, state: Path | None, program_input: Path | None) -> None:
    """Apply FILE and say what came of it, or the rule that refuses it. Files are written only if all of it holds."""
    batch = _apply(_read(file))
    output = batch.output()
    if state:
        _write(state, StateDocument.of(batch.after).model_dump(mode="json"))
    if program_input:
        _write(program_input, batch.program_input())
    _write(words, [hex(word) for word in output])
    invalid = sum(code != Code.SUCCESS for code in batch.served)
    click.echo(f"{len(batch.transactions)} transactions, {len(batch.touched_positions)} positions touched")
    click.echo(f"{len(batch.modifications)} modifications, {len(batch.served)} forced requests ({invalid} invalid)")
    click.echo(f"positions {batch.before.tree.root:#x} -> {batch.after.tree.root:#x}")
    click.echo(f"orders    {batch.before.orders_root:#x} -> {batch.after.orders_root:#x}")
    click.echo(f"{len(output)} output words, shared state hash 0x{batch.after.hash().hex()}")


@batch_group.command("check")
@click.argument("file", type=existing)
def check_command(file: Path) -> None:
    """Apply FILE, run the Cairo program on it, and compare both with each other and with what FILE expects.

    Exit 0, or the first difference and exit 1. A refusal is no difference where FILE expects one.
    """
    case = _read(file)
    expected = case.expected
    words, refusal = _by_rules(case)
    program_words, program_refusal = _by_program(case)
    if words is None and program_words is not None and not _is_claim(refusal):
        raise click.ClickException(f"the rules refuse: {refusal}; the program accepts")
    if words is not None:
        if program_words is None:
            raise click.ClickException(f"the rules accept; the program refuses: {program_refusal}")
        _compare("the program's", program_words, "the rules", words)
    if expected is None and words is None:
        raise click.ClickException(f"refused: {refusal}")
    if expected and expected.provable and words is None:
        raise click.ClickException(f"refused: {refusal}")
    if expected and not expected.provable and words is not None:
        raise click.ClickException(f"accepted, but a refusal is expected ({expected.reason})")
    if expected and expected.output_words is not None and words is not None:
        _compare("", words, "the file", list(expected.output_words))
    verdict = f"refused: {refusal}" if words is None else f"accepted: {len(words)} output words"
    click.echo(verdict + (", as expected" if expected else ""))


def _by_rules(case: Case) -> tuple[list[int] | None, Exception | None]:
    try:
        return case.apply().output(), None
    except InputRefused as error:
        raise click.ClickException(str(error)) from error
    except RuleBroken as error:
        return None, error


def _by_program(case: Case) -> tuple[list[int] | None, Exception | None]:
    try:
        return list(run_exchange(case.program_input()).output), None
    except RunFailed as error:
        return None, error


def _is_claim(refusal: Exception | None) -> bool:
    """What a file claims of a forced request or of the new time is not in the program's input."""
    return isinstance(refusal, RuleBroken) and refusal.rule in ("FORCED_OUTCOME", "NEW_SYSTEM_TIME")


def _compare(whose: str, found: list[int], who: str, wanted: list[int]) -> None:
    name = f"{whose} output word".strip()
    for place, (word, other) in enumerate(zip(found, wanted, strict=False)):
        if word != other:
            raise click.ClickException(f"{name} {place} is {word:#x}, {who} has {other:#x}")
    if len(found) != len(wanted):
        raise click.ClickException(f"{len(found)} {name}s, {who} has {len(wanted)}")


@batch_group.command("explain")
@click.argument("file", type=existing)
def explain_command(file: Path) -> None:
    """Show what each transaction of FILE did to each position; of a refused batch, what came before the refusal."""
    case = _read(file)
    try:
        _print_table(case.apply())
    except InputRefused as error:
        raise click.ClickException(str(error)) from error
    except RuleBroken as broken:
        if broken.place:
            _print_before(case, broken.place)
        raise click.ClickException(f"refused: {broken}") from broken


def _print_before(case: Case, place: int) -> None:
    """The transactions before `place`. A tick to the batch's end stays, for signed prices may be as late as that."""
    batch = case.batch
    end = OracleTick(timestamp=new_system_time(case.prev_state.state(case.config), batch.transactions))
    kept, prices = [*batch.transactions[:place], end], (batch.signed_min_prices, batch.signed_max_prices)
    try:
        applied = apply_batch(
            case.config, case.prev_state.state(case.config), kept, batch.minimum_expiration_timestamp, *prices
        )
    except RuleBroken:
        return  # the times go back before the end, and no table tells more than the refusal
    _print_table(replace(applied, transactions=applied.transactions[:-1]))


def _print_table(batch: Batch) -> None:
    console = Console()
    table = Table(caption="amounts in whole assets; margin is total value less required margin, before and after")
    for name in ("#", "transaction", "position"):
        table.add_column(name, justify="right" if name != "transaction" else "left", no_wrap=True)
    for name in ("change", "holds", "margin", "outcome"):
        table.add_column(name, overflow="fold")
    for row in rows(batch):
        style = "red" if row.outcome.startswith("invalid") else None
        cells = (row.position, row.change, row.holds, row.margin, row.outcome)
        table.add_row(str(row.place), row.transaction, *cells, style=style)
    console.print(table)
