"""The Cairo machine: runs a compiled program, with its hints, and gives a finished run. Knows no constraint."""
