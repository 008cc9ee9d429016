"""`ape run scenario FILE`: run a scenario of your own on a local chain, with real proofs."""

from pathlib import Path

import click

from freehold.chain.network import time_travels
from freehold.scenarios.document import read_scenario
from freehold.scenarios.report import Deviation
from freehold.scenarios.runner import Runner
from prover.stark.parameters import DEFAULT
from scripts._arguments import Script


@click.command(cls=Script)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def cli(file: Path) -> None:
    """Run FILE, a scenario in YAML: scripts/_scenarios has examples, freehold/scenarios/document.py lists the steps.

    It deploys an exchange of its own and fails at the first thing that goes otherwise than the file says.
    """
    scenario = read_scenario(file)
    if not time_travels():
        raise click.UsageError("a scenario moves the clock: use ethereum:local:test or ethereum:local:foundry")
    try:
        Runner(DEFAULT, scenario).run()
    except Deviation as error:
        raise click.ClickException(str(error)) from error
