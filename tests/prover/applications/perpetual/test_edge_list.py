"""Every line of the list of 156 edge cases has a test that names its number, or stands here with a reason."""

import re
from pathlib import Path

ELSEWHERE = {
    42: "the batch's minimum is compared with the clock by the contract; that it is output is in test_adversary",
    155: "limbs of comparisons exist only in the program; Python integers have no limbs",
}
"""Lines that the rules in Python cannot show, and why."""


def named(text: str) -> set[int]:
    found: set[int] = set()
    for part in re.findall(r"[Ee]dges? ([0-9][0-9, and]*(?: to [0-9]+)?)", text):
        if " to " not in part:
            found |= {int(number) for number in re.findall(r"[0-9]+", part)}
    return found


def test_every_edge_case_is_named_by_a_test_or_explained():
    here = Path(__file__)
    texts = [path.read_text() for path in here.parent.glob("test_*.py") if path != here]
    names = set().union(*(named(text) for text in texts))
    missing = set(range(1, 157)) - names - set(ELSEWHERE)
    assert not missing, sorted(missing)
    assert names <= set(range(1, 157))
