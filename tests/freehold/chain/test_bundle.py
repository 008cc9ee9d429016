"""What others take of the contracts: the compiler's inputs give the bytecode, and the ABI is the contracts'."""

from __future__ import annotations

import json
import subprocess

import pytest

from freehold.abi import BESIDE, BESIDE_CONTRACTS, EXCHANGE, abi_of, packaged
from freehold.chain import solc
from freehold.chain.bundle import contracts_abi, exchange_abi, names, standard_input, write_bundle
from freehold.chain.contracts import PIECES


def compiled(request: dict, name: str) -> str:
    """By the compiler itself, not by the answers that are kept."""
    line = json.dumps(request)
    done = subprocess.run([solc.FOLDER / "worker"], input=line + "\n", capture_output=True, text=True, check=True)
    answer = json.loads(done.stdout)
    assert not solc.errors_of(answer), solc.errors_of(answer)
    (found,) = [contracts[name] for contracts in answer["contracts"].values() if name in contracts]
    return str(found["evm"]["bytecode"]["object"])


@pytest.mark.parametrize("name", ["FreeholdProxy", "Committee", "RollupFactAdapter"])
def test_the_compilers_input_gives_the_same_bytecode(project, name):
    bytecode = project.get_contract(name).contract_type.deployment_bytecode.bytecode
    assert "0x" + compiled(standard_input(name), name).removeprefix("0x") == bytecode


def test_another_source_gives_another_bytecode(project):
    request = standard_input("Committee")
    for source in request["sources"].values():
        source["content"] = source["content"].replace("SIGNATURE_BYTES = 65", "SIGNATURE_BYTES = 66")
    bytecode = project.get_contract("Committee").contract_type.deployment_bytecode.bytecode
    assert "0x" + compiled(request, "Committee").removeprefix("0x") != bytecode


def test_every_deployed_contract_has_its_input(project, tmp_path):
    """Each is one that the project compiled: the kept answer is found under it."""
    written = {path.stem for path in write_bundle(tmp_path / "bundle")}
    assert written == set(names()) and set(PIECES) < written
    assert (tmp_path / "bundle/compiler.txt").read_text() == solc.version()
    for name in written:
        request = json.loads((tmp_path / f"bundle/{name}.json").read_text())
        source = project.get_contract(name).contract_type.source_id
        assert source in request["sources"] and request["language"] == "Solidity"
        assert solc.missing(request) == 0, name
        found = solc.answer(request)["contracts"][source][name]["evm"]["bytecode"]["object"]
        expected = project.get_contract(name).contract_type.deployment_bytecode.bytecode
        assert "0x" + found.removeprefix("0x") == expected


def test_the_packaged_abi_is_the_contracts(project):
    """After a change of an interface: `ape run abi`."""
    assert packaged(EXCHANGE) == exchange_abi()
    entries = abi_of("Exchange")
    found = {
        kind: {entry["name"] for entry in entries if entry["type"] == kind} for kind in ("function", "event", "error")
    }
    assert {"updateState", "upgradeTo", "proxyAcceptGovernance"} <= found["function"]
    assert {"SharedStateUpdated", "ImplementationAdded"} <= found["event"]
    assert {"SafeERC20FailedOperation", "UpgradeNotEnabledYet", "NoProof"} <= found["error"]


def test_the_packaged_abis_of_what_stands_beside_are_the_contracts(project):
    """After a change of such a contract: `ape run abi`."""
    assert packaged(BESIDE) == contracts_abi()
    named = {contract: {entry.get("name") for entry in abi_of(contract)} for contract in BESIDE_CONTRACTS}
    assert {"verify", "begin", "continueVerification", "pending", "PartNotPending"} <= named["StarkVerifier"]
    assert "publish" in named["RollupFactAdapter"] and "isMember" in named["Committee"]
    assert "memberKey" in named["BlsCommittee"]
