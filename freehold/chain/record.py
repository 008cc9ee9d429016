"""An exchange's record and its place on disk, by the chain that one is connected to (`freehold/records.py`)."""

from __future__ import annotations

from pathlib import Path

from ape.contracts.base import ContractInstance

from freehold.availability import BLS
from freehold.chain.contracts import contract_at
from freehold.chain.deployed import Deployment
from freehold.chain.exchange import open_exchange
from freehold.chain.managers import networks
from freehold.chain.network import is_local
from freehold.chain.sending import Journal
from freehold.errors import Refused
from freehold.records import RECORD, Place, Record, find_place, folder_of, new_place, read_record, read_state
from prover.stark.parameters import Parameters

TRANSACTIONS = "transactions.json"
"""Beside a record: what was sent for it, with its gas."""


def chain_folder() -> Path:
    """A live network's by its chain id. Local chains share ids and end: theirs is by the hash of the first block."""
    if is_local():
        first = networks.provider.get_block(0).hash
        return folder_of(bytes(first or b"").hex()[:16], lasts=False)
    return folder_of(str(networks.provider.chain_id), lasts=True)


def record_of(deployment: Deployment) -> Record:
    network = networks.provider.network  # without the node's address, which may hold a password

    def address(contract: ContractInstance | None) -> str | None:
        return None if contract is None else str(contract.address)

    return Record(
        exchange=str(deployment.exchange.address),
        chain_id=networks.provider.chain_id,
        network=f"{network.ecosystem.name}:{network.name}",
        block=deployment.block,
        token=address(deployment.token),
        verifier=address(deployment.verifier),
        program_number=deployment.program_number,
        adapter=address(deployment.adapter),
        committee=address(deployment.committee),
        escape_verifier=address(deployment.escape_verifier),
        parameters=deployment.parameters.describe(),
        delays=deployment.delays.describe(),
    )


def sending_file(name: str | None) -> Path:
    """Where a deployment's transactions are written down until its place is there."""
    return chain_folder() / f"{name or 'unnamed'}.sending.json"


def settle(deployment: Deployment, journal: Journal, name: str | None) -> Place:
    """The place of an exchange whose transactions are all in blocks. Whoever was stopped on the way calls again."""
    for file in chain_folder().glob(f"*/{RECORD}"):
        if read_record(file).exchange == deployment.exchange.address:
            place = Place(file)
            break
    else:
        place = write_deployment(deployment, name)
    journal.move(place.record_file.with_name(TRANSACTIONS))
    return place


def open_deployment(place: Place) -> Deployment:
    """What stands, of its record; with the last state beside it."""
    record = place.record
    exchange = open_exchange(place)
    if exchange.token is None:
        raise Refused("the exchange holds ether: it is not of `ape run deploy`")
    config, state = read_state(place.state_file)
    kind = "RollupFactAdapter" if config.data_availability_mode else "ProgramFactAdapter"
    committee = None if record.committee is None else _committee_at(record.committee)
    return Deployment(
        block=record.block,
        token=exchange.token,
        verifier=contract_at(str(record.verifier), "the verifier's address", "StarkVerifier"),
        program_number=int(record.program_number or 0),
        adapter=contract_at(str(record.adapter), "the adapter's address", kind),
        committee=committee,
        escape_verifier=contract_at(str(record.escape_verifier), "the escape verifier's address", "EscapeVerifier"),
        exchange=exchange.contract,
        config=config,
        state=state,
        parameters=_parameters(record),
    )


def _committee_at(address: str) -> ContractInstance:
    committee = contract_at(address, "the committee's address", "Committee")
    return contract_at(address, "", "BlsCommittee") if committee.identify() == BLS else committee


def _parameters(record: Record) -> Parameters:
    if record.parameters is None:
        raise Refused("the record does not say the parameters of the proofs: it is not of `ape run deploy`")
    values = dict(record.parameters)
    return Parameters(**{**values, "log_packing": tuple(values["log_packing"])})


def write_deployment(deployment: Deployment, name: str | None = None) -> Place:
    """The record and the first state of an exchange that was just deployed, in a place of their own."""
    place = new_place(chain_folder(), record_of(deployment), name)
    place.write_state(deployment.config, deployment.state)
    return place


def place_of(wanted: str | None) -> Place:
    """The place of the exchange that a command names, or of the only one on this chain."""
    return find_place(chain_folder(), wanted)
