"""The page of fields is made from the models, and has all of them."""

from __future__ import annotations

import re

from freehold.scenarios.reference import PAGE, page
from tests.support.paths import ROOT


def test_the_page_of_fields_is_the_models():
    """After a change of a model: `ape run fields`."""
    assert (ROOT / PAGE).read_text() == page()


def test_every_link_of_the_page_has_its_section_once():
    text = page()
    sections = [title.lower().replace(" ", "-") for title in re.findall(r"^### (.*)$", text, re.MULTILINE)]
    assert len(set(sections)) == len(sections)
    assert set(re.findall(r"\(#([\w-]+)\)", text)) <= set(sections)


def test_what_a_field_takes_is_told():
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]*) \|", page(), re.MULTILINE))
    assert rows["price_validity"] == "span"
    assert rows["main_governor"] == "address"
    assert rows["minimum_expiration_timestamp"] == "decimal in [0, 2^32)"
    assert rows["oracle_prices"] == "list of pair of hex in [0, 2^120) and decimal in [1, 2^64)"
    assert rows["margin"] == "number above 0 below 100"
    assert not [name for name, takes in rows.items() if "anything" in takes and name != "reason"]
