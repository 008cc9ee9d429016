"""For tests of one's own against Freehold, in any repository: `pytest_plugins = ["freehold.testing.plugin"]`."""
