"""What the chain package refuses before anything is sent. Commands show it in one line."""

from __future__ import annotations


class Refused(ValueError):
    """What was asked for cannot be done on this network; the message says what and why."""
