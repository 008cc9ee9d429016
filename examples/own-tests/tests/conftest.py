"""Freehold's fixtures: validium, rollup, proven, new_exchange, world, freehold_contracts."""

pytest_plugins = ["freehold.testing.plugin"]
