"""`ape run fields`: write docs/fields.md from the models of the files that people write."""

from pathlib import Path

import click

from freehold.files import write_whole
from freehold.scenarios.reference import PAGE, page


@click.command()
def cli() -> None:
    """Make docs/fields.md anew. To be run in the source tree."""
    write_whole(Path(PAGE), page())
    click.echo(f"{PAGE} is written")
