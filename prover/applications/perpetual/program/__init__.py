"""The exchange's rules in Cairo: sources, the compiled program, and the advice that its hints ask for."""

from pathlib import Path

PROGRAM_FILE = Path(__file__).with_name("exchange.json")
"""The compiled program, as committed: `freehold compile` makes it of `exchange.cairo`."""
