"""What must be refused: by a contract with a typed error, or by the rules with the name of the one that is broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ape.exceptions import ContractLogicError

from freehold.chain.refusals import error_name, error_values, refusal
from prover.applications.perpetual.errors import RuleBroken


@contextmanager
def refused(name: str, **values: Any) -> Iterator[None]:
    """The block ends in this refusal; `values` are those of a typed error that matter, by name.

    Raises AssertionError for another refusal and for none. `ape.reverts` lets pass what it could not decode.
    """
    try:
        yield
    except RuleBroken as error:
        assert error.rule == name and not values, f"{name} was expected, the rules refuse with {error}"
    except ContractLogicError as error:
        found = error_values(error)
        same = error_name(error) == name and {key: found.get(key) for key in values} == values
        assert same, f"{name}({values or ''}) was expected, {refusal(error)} came"
    else:
        raise AssertionError(f"{name} was expected, nothing was refused")
