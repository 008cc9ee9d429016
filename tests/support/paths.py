"""Where things lie that tests read."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VECTORS = ROOT / "tests/vectors"
PROGRAMS = ROOT / "tests/prover/cairo/programs"
"""Small compiled programs, and their sources."""
EXCHANGE = ROOT / "prover/applications/perpetual/program"
