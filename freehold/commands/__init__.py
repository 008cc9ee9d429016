"""The command `freehold`: what needs no chain. `scripts/` has the commands that do."""
