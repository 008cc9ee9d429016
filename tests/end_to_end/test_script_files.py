"""Scripts that read and write files: a wrong file or place is one line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from freehold.bench.proofs import proof_name
from scripts import committee_key, trades_gas


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "is not JSON"),
        ("{}", "holds no figures of `freehold bench trades`: KeyError('results')"),
        ('{"results": [{"parameters": "none", "trades": 1}]}', "has figures of the set 'none', which is none here"),
    ],
)
def test_figures_that_are_none_are_one_line(chain, tmp_path, content, cause):
    path = tmp_path / "figures.json"
    path.write_text(content)
    result = CliRunner().invoke(trades_gas.cli, [str(path), "--proofs", str(tmp_path)])
    assert result.exit_code == 2 and cause in result.output and path.read_text() == content


def test_a_proof_that_is_none_is_one_line(chain, tmp_path):
    path = tmp_path / "figures.json"
    path.write_text(json.dumps({"results": [{"parameters": "fast", "trades": 1}]}))
    (tmp_path / proof_name(1, "fast")).write_bytes(b"")
    result = CliRunner().invoke(trades_gas.cli, [str(path), "--proofs", str(tmp_path)])
    assert result.exit_code == 2 and "not a proof file" in result.output


def test_a_committee_key_needs_a_place(tmp_path):
    result = CliRunner().invoke(committee_key.cli, [str(tmp_path / "nowhere" / "key")])
    assert result.exit_code == 2 and "there is no folder" in result.output
    assert CliRunner().invoke(committee_key.cli, [str(tmp_path / "key")]).exit_code == 0
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600 and (tmp_path / "key.json").is_file()
