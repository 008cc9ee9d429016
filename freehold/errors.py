"""What is refused before anything is sent or written. Commands show it in one line."""

from __future__ import annotations


class Refused(ValueError):
    """What was asked for cannot be done; the message says what and why."""
