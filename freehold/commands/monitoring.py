"""`freehold operator monitoring`: the files with which an operator is watched."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import click

from freehold.errors import Refused
from freehold.files import write_whole

FILES = ("alerts.yml", "dashboard.json")


@click.command("monitoring")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def monitoring_command(folder: Path) -> None:
    """Write alert rules for Prometheus and a dashboard for Grafana into FOLDER.

    What is there already is not touched.
    """
    for name in FILES:
        if (folder / name).exists():
            raise Refused(f"{folder / name} exists already")
    folder.mkdir(parents=True, exist_ok=True)
    shipped = files("freehold.services.operator") / "monitoring"
    for name in FILES:
        write_whole(folder / name, (shipped / name).read_bytes())
        click.echo(folder / name)
