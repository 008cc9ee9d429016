from click.testing import CliRunner

from prover.cli import main


def test_help_says_what_it_is_for() -> None:
    assert "self-custodial" in CliRunner().invoke(main, ["--help"]).output
