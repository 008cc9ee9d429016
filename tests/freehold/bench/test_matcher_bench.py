"""The matcher's bench runs small, and what it measures happens."""

import json

from click.testing import CliRunner

from freehold.commands.main import main


def test_the_matchers_bench_prints_what_it_measured_beside_what_is_wanted():
    arguments = ("--orders", "300", "--signed", "100", "--positions", "20", "--taking", "30")
    result = CliRunner().invoke(main, ["bench", "matcher", *arguments])
    assert result.exit_code == 0, result.output
    figures = json.loads(result.output)
    assert figures["wanted"] == {"orders_per_second": 10_000, "orders_per_second_with_signatures": 1_000}
    for kind, count in (("without_signatures", 300), ("with_signatures", 100)):
        found = figures[kind]
        assert found["orders"] == count
        assert found["filled"] > 0 and found["rested"] > 0 and "refused" not in found
        assert found["p50_us"] <= found["p99_us"]
