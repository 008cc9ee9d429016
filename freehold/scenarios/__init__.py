"""Scenarios: documents that say who does what and what must hold, run on an exchange of their own."""
