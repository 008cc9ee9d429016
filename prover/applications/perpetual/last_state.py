"""The file from which anybody leaves: an exchange's last state, and the configuration that says what it means."""

from __future__ import annotations

from pydantic import Field, ValidationError

from prover.applications.ledger.fields import CollateralIdField, Document
from prover.applications.ledger.units import CollateralId
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import StateDocument, reasons
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.state import State


class LastState(Document):
    """All positions, the orders or their root, and what governance fixed.

    The chain has only the configuration's hash. Whoever has no more leaves with the collateral's id in its place.
    """

    config: GeneralConfig | None = Field(None, exclude_if=lambda config: config is None)
    collateral_asset_id: CollateralIdField | None = Field(None, exclude_if=lambda asset_id: asset_id is None)
    state: StateDocument

    @staticmethod
    def of(config: GeneralConfig, state: State) -> LastState:
        return LastState(config=config, state=StateDocument.of(state))

    @staticmethod
    def without_config(collateral: CollateralId, state: State) -> LastState:
        return LastState(collateral_asset_id=collateral, state=StateDocument.without_config(state))

    @staticmethod
    def parsed(document: object) -> tuple[GeneralConfig, State]:
        """Roots are made anew. Raises InputRefused, naming the cause."""
        last = LastState.checked(document)
        if last.config is None:
            raise InputRefused("config: Field required: without the configuration a state is good for an escape alone")
        return last.config, last.state.state(last.config)

    @staticmethod
    def to_leave_with(document: object) -> tuple[CollateralId, State]:
        """What an escape takes; the configuration may be missing. Raises InputRefused, naming the cause."""
        last = LastState.checked(document)
        if last.config is not None:
            return last.config.collateral_asset_id, last.state.state(last.config)
        if last.collateral_asset_id is None:
            raise InputRefused("config: Field required, or collateral_asset_id in its place")
        return last.collateral_asset_id, last.state.known()

    @staticmethod
    def checked(document: object) -> LastState:
        """The file as it stands, its roots not yet made anew. Raises InputRefused, naming the cause."""
        try:
            return LastState.model_validate(document)
        except ValidationError as error:
            raise InputRefused(reasons(error)) from error
