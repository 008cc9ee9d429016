"""What the tests of commands and files share."""

import sys

import pytest


@pytest.fixture
def usual_recursion():
    """A command's own limit of recursion: libraries of Ape raise it beyond what the stack holds."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(3_000)
    yield
    sys.setrecursionlimit(before)
