"""`freehold bench prove` and `bench trades`: small proofs measured, files merged, refusals in one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from freehold.bench import trades_plot
from freehold.bench.proofs import TradesResult, batch_of, filling_trades, proof_name
from prover.applications.perpetual.transactions import Trade
from prover.cairo.proof_file import ProofFile
from prover.cairo.prove import verify_proof
from prover.proving.batch import exchange_program, run_exchange
from prover.stark.parameters import NAMED

COMMAND = Path(sys.executable).with_name("freehold")


def bench(*arguments: object) -> subprocess.CompletedProcess:
    """In a process of its own: the measured proofs start others."""
    command = [COMMAND, "bench", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """One trade under `fast`, written into a file that has a figure of another set already."""
    folder = tmp_path_factory.mktemp("bench")
    other = TradesResult(10, "default", 60_000, 16, 20.0, 25.0, 1.9, 170_000, 2)
    (folder / "figures.json").write_text(json.dumps({"results": [vars(other)]}))
    options = ("--counts", 1, "--parameters", "fast", "--json", folder / "figures.json", "--proofs", folder / "proofs")
    result = bench("trades", *options)
    assert result.returncode == 0, result.stderr
    return folder


def test_a_measured_proof_is_kept_and_holds(measured):
    proof = ProofFile.from_bytes((measured / "proofs" / proof_name(1, "fast")).read_bytes()).proof
    statement = verify_proof(proof, exchange_program(), NAMED["fast"])
    assert list(statement.output) == batch_of(1).output()


def test_figures_of_other_sets_stay(measured):
    results = json.loads((measured / "figures.json").read_text())["results"]
    assert [(entry["parameters"], entry["trades"]) for entry in results] == [("default", 10), ("fast", 1)]
    assert results[1]["proof_bytes"] == (measured / "proofs" / proof_name(1, "fast")).stat().st_size
    assert results[1]["seconds"] > 0 and results[1]["parts"] == 2


def test_picture_and_table_say_what_was_measured(measured):
    document = json.loads((measured / "figures.json").read_text())
    document["results"][0] |= {"transactions": [{"bytes": 20_000, "gas": 7_000_000}], "state_update_gas": 200_000}
    assert trades_plot.gas_per_trade(document["results"][0]) == 720_000
    assert trades_plot.gas_per_trade(document["results"][1]) is None
    assert "720,000" in trades_plot.table(document) and "0.50" in trades_plot.table(document)
    assert trades_plot.draw(document).count("<polyline") == 3


def test_the_exchanges_case_is_the_largest_batch_that_fits():
    given = filling_trades(16)
    assert run_exchange(given).n_executed_steps <= 1 << 16
    count = sum(transaction["type"] == "trade" for transaction in given["batch"]["transactions"])
    assert run_exchange(batch_of(count + 1).program_input()).n_executed_steps > 1 << 16
    assert sum(isinstance(transaction, Trade) for transaction in batch_of(count).transactions) == count


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("trades", "--counts", "0"), "counts must lie in [1, 1000]"),
        (("trades", "--counts", "many"), "counts are numbers with commas, not 'many'"),
        (("trades", "--json", "nowhere/figures.json"), "there is no folder nowhere"),
        (("prove", "--sizes", "7"), "sizes must lie in [8, 22]"),
        (("prove", "--program", __file__), "--program and --input belong together"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(arguments, cause):
    result = bench(*arguments)
    assert result.returncode != 0 and cause in result.stderr and "Traceback" not in result.stderr
