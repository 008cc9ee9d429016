"""`ape run committee_key FILE`: a new BLS key of a committee member."""

import os
import secrets
from pathlib import Path

import click

from freehold.arguments import NewFile
from freehold.chain.committee import ORDER, BlsMember


@click.command()
@click.argument("file", type=NewFile())
def cli(file: Path) -> None:
    """Make a key: the secret into FILE, which only its owner may read, and what others may see into FILE.json."""
    shown = file.with_name(file.name + ".json")
    for path in (file, shown):
        if path.exists():
            raise click.UsageError(f"{path} exists already")
    secret = 1 + secrets.randbelow(ORDER - 1)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(f"{secret:#x}\n")
    BlsMember.of(secret).write(shown)
    click.echo(f"secret key in {file}; give {shown} to who deploys: `ape run deploy --bls-member {shown}`")
