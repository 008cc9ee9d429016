"""`freehold compile`."""

from __future__ import annotations

from pathlib import Path

import click

from freehold.arguments import NewFile, existing
from freehold.files import write_whole
from prover.cairo.compile import compile_cairo, program_text
from prover.cairo.errors import CompileFailed


@click.command("compile")
@click.argument("source", type=existing, metavar="SOURCE.cairo")
@click.option("-o", "--output", required=True, type=NewFile(), help="The compiled program.")
def compile_command(source: Path, output: Path) -> None:
    """Compile a Cairo 0 source to a program that can be run and proven."""
    try:
        document = compile_cairo(source)
    except CompileFailed as error:
        raise click.ClickException(str(error)) from error
    write_whole(output, program_text(document))
    click.echo(f"{output}: {len(document['data'])} words, builtins {', '.join(document['builtins']) or 'none'}")
