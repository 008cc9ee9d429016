"""A scenario's amounts are checked when its file is read: nothing is deployed for one that cannot be run."""

from __future__ import annotations

import click
import pytest

from freehold.scenarios.document import read_scenario

TEXT = """
title: One trade
assets: {1INCH: {decimals: 7, margin: 5}}
people: {ann: 100, ben: 100}
steps:
  - join: {who: ann, amount: 60}
  - price: {1INCH: 0.5}
  - trade: {buyer: ann, seller: ben, asset: 1INCH, amount: 3, total: 1.5, fee: 0.1}
  - transfer: {who: ann, to: ben, amount: 1}
  - holds: {who: ann, coins: -58.5, assets: {1INCH: 3}}
end: {tokens: {ann: 40}}
"""


def read(tmp_path, old: str, new: str):
    assert old in TEXT
    path = tmp_path / "scenario.yaml"
    path.write_text(TEXT.replace(old, new, 1))
    return read_scenario(path)


def test_an_asset_may_have_a_name_that_begins_with_a_digit(tmp_path):
    assert list(read(tmp_path, "1INCH", "1INCH").assets) == ["1INCH"]


@pytest.mark.parametrize(
    ("old", "new", "cause"),
    [
        ("amount: 60", "amount: 0.0000001", "step 0: amount: 1E-7 is less than one unit, the resolution is 1,000,000"),
        ("amount: 60", "amount: 1.0000001", "step 0: amount: 1.0000001 has too many decimals"),
        ("amount: 60", "amount: .nan", "steps.0.join.amount: Input should be a finite number"),
        ("amount: 60", "amount: .inf", "steps.0.join.amount: Input should be"),
        ("amount: 60", "amount: 0", "steps.0.join.amount: Input should be greater than 0"),
        ("ann: 100", "ann: .nan", "people.ann: Input should be a finite number"),
        ("ann: 100", "ann: 0.0000001", "ann: 1E-7 is less than one unit"),
        ("ann: 100", "ann: -1", "ann: -1 is -1,000,000 quanta, must be in [0, 2^64)"),
        ("0.5}", "0.0000000001}", "step 1: price of 1INCH: 1E-10 is 0 in 32.32, must be in [1, 2^64)"),
        ("0.5}", "'1.0000000000000000001'}", "oracles sign 18"),
        ("amount: 3", "amount: 0.00000001", "step 2: 1INCH: 1E-8 is less than one unit"),
        ("total: 1.5", "total: 0.0000001", "step 2: total: 1E-7 is less than one unit"),
        ("fee: 0.1", "fee: 0.0000001", "step 2: fee: 1E-7 is less than one unit"),
        ("fee: 0.1", "fee: .nan", "fee: Input should be a finite number"),
        ("amount: 1}", "amount: 0.0000001}", "step 3: amount"),
        ("-58.5", "-0.0000001", "step 4: coins: 1E-7 is less than one unit"),
        ("1INCH: 3}}", "1INCH: 0.00000001}}", "step 4: 1INCH: 1E-8 is less than one unit"),
        ("ann: 40", "ann: 0.0000001", "ann: 1E-7 is less than one unit"),
        ("margin: 5", "margin: 0.000000001", "margin of 1INCH"),
    ],
)
def test_an_amount_that_is_none_is_refused_when_the_file_is_read(tmp_path, old, new, cause):
    with pytest.raises(click.UsageError) as refusal:
        read(tmp_path, old, new)
    text = str(refusal.value)
    assert cause in text and "\n" not in text and "pydantic" not in text and "Value error" not in text
