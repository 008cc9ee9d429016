"""Why a call has no answer.

ClientError
  ApplicationRefused       the application says no, and why
  ApplicationUnreachable   no answer, or none that can be read: whether it was done is not known
"""

from __future__ import annotations

from freehold.errors import Refused


class ClientError(Refused):
    pass


class ApplicationRefused(ClientError):
    """`status` is HTTP's; the message is the application's."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ApplicationUnreachable(ClientError):
    """An order that is sent again under the same client id is the same order."""
