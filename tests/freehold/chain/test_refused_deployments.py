"""What a deployment refuses before anything is sent."""

import pytest
from ape.contracts import ContractContainer
from ethpm_types import ContractType

from freehold.chain.contracts import deploy
from freehold.chain.deployment import deploy_exchange
from freehold.chain.exchange import decimals_of
from freehold.chain.usable import refuse_fine_quantum
from freehold.errors import Refused
from prover.applications.ledger.units import Seconds

ANSWERS_18 = bytes.fromhex("601260005260206000f3")
"""Code that answers every call with 18."""


@pytest.mark.parametrize("decimals", [None, 0, 6, 12])
def test_a_position_has_room_for_a_million_coins(decimals):
    refuse_fine_quantum(decimals)


@pytest.mark.parametrize(("decimals", "coins"), [(13, "922,337"), (18, "9"), (19, "0"), (2**255, "0")])
def test_a_token_whose_coins_do_not_fit_a_position_is_refused(decimals, coins):
    with pytest.raises(Refused, match=rf"{decimals} decimals .* ends at 2\^63 quanta, {coins} whole coins"):
        refuse_fine_quantum(decimals)


def answering(code: bytes) -> ContractContainer:
    """A contract of this code, without functions of its own."""
    creation = bytes.fromhex(f"61{len(code):04x}80600a5f395ff3") + code
    contract = {"abi": [], "contractName": "Fine", "deploymentBytecode": {"bytecode": "0x" + creation.hex()}}
    return ContractContainer(ContractType.model_validate(contract))


def test_the_decimals_are_the_tokens_own(project, accounts):
    governor = accounts[0]
    token = deploy(governor, answering(ANSWERS_18))
    nonce = governor.nonce
    assert decimals_of(token.address) == 18
    with pytest.raises(Refused, match="18 decimals"):
        deploy_exchange(project, governor, governor, [governor], token, Seconds(0))
    assert governor.nonce == nonce
