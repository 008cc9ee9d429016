"""A whole exchange on one machine: its chain, its services, and people who trade on it."""
