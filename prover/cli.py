"""The command `freehold`. Each group lives beside what it drives; this file only gathers them."""

import click


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="freehold")
def main() -> None:
    """Run, prove, break and leave a self-custodial perpetual exchange."""
