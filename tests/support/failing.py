"""Tests that fail, for `tests/end_to_end/test_failures.py`: nothing else collects them."""

from decimal import Decimal


def test_that_fails():
    assert {"held": 1} == {"held": 2}


def test_that_fails_in_what_it_calls():
    Decimal("no number")
