"""The file from which anybody leaves: an exchange's last state, and the configuration that says what it means."""

from __future__ import annotations

from pydantic import ValidationError

from prover.applications.ledger.fields import Document
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import StateDocument, reasons
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.state import State


class LastState(Document):
    """All positions, the orders or their root, and what governance fixed."""

    config: GeneralConfig
    state: StateDocument

    @staticmethod
    def of(config: GeneralConfig, state: State) -> LastState:
        return LastState(config=config, state=StateDocument.of(state))

    @staticmethod
    def parsed(document: object) -> tuple[GeneralConfig, State]:
        """Roots are made anew. Raises InputRefused, naming the cause."""
        try:
            last = LastState.model_validate(document)
        except ValidationError as error:
            raise InputRefused(reasons(error)) from error
        return last.config, last.state.state(last.config)
