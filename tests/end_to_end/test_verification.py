"""A deployment beside the source tree: an honest one is the same line by line, and each tampered one is named."""

from __future__ import annotations

import json

import pytest
from ape.contracts.base import ContractContainer
from click.testing import CliRunner

from freehold.chain.deployed import USUAL_DELAYS
from freehold.chain.deployment import deploy_exchange
from freehold.chain.verification import Line, Verdict, is_same, verify_deployment
from freehold.chain.verifier import deploy_shape, deploy_verifier, parameter_words
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from freehold.testing.kit import Kit
from prover.cairo.prove import key_of
from prover.cairo.statement import program_identity
from prover.codegen.shapes import EXCHANGE_BUILTINS, EXCHANGE_SHAPE
from prover.proving.batch import exchange_program
from prover.stark.parameters import DEFAULT, NAMED, Parameters
from scripts import verify_deployment as command

DAY = 86_400
AMOUNTS, OTHER_AMOUNTS = "67ffffffffffffffff", "67fffffffffffffffe"
"""2^64 - 1 as the compiler pushes it, and one less."""


@pytest.fixture(scope="module")
def users():
    return Accounts.of_test_accounts()


@pytest.fixture(scope="module")
def deployed(project, chain, users):
    token = users.governor.deploy(project.PlainToken)
    now = chain.blocks.head.timestamp
    return deploy_exchange(project, users.governor, users.operator, [users.member], token, now)


def by_verdict(lines: list[Line], *verdicts: Verdict) -> dict[tuple[str, str], str]:
    """(part, what) -> reason."""
    return {(line.part, line.what): line.reason for line in lines if line.verdict in verdicts}


def wrong(lines: list[Line]) -> dict[tuple[str, str], str]:
    return by_verdict(lines, Verdict.DIFFERENT, Verdict.UNTOLD)


def test_a_deployment_of_this_tree_is_the_same(deployed, users):
    lines = verify_deployment(deployed.exchange.address, deployed.config)
    assert wrong(lines) == {} and is_same(lines)
    same = by_verdict(lines, Verdict.SAME)
    assert same.keys() >= {
        ("exchange", "proxy"),
        ("exchange", "proxy's constructor"),
        ("exchange", "implementation"),
        ("exchange", "custody"),
        ("exchange", "administration"),
        ("exchange", "immutable _custody"),
        ("escape verifier", "code"),
        ("escape verifier", "tables"),
        ("verifier 1", "adapter"),
        ("verifier 1", "verifier"),
        ("verifier 1", "verifier's constructor"),
        ("verifier 1", "header verifier"),
        ("verifier 1", "shape"),
        ("verifier 1", "constants of the shape"),
        ("verifier 1", "parameters"),
        ("verifier 1", "preprocessed root"),
        ("verifier 1", "identity"),
        ("verifier 1", "program"),
        ("committee 1", "code"),
        ("configuration", "general"),
        ("history", "first state"),
        *(("delays", name) for name in vars(USUAL_DELAYS)),
    }
    shown = {(line.part, line.what, line.found) for line in lines if line.verdict is Verdict.SHOWN}
    assert shown >= {
        ("roles", "governor", users.governor.address),
        ("roles", "governor of the code", users.governor.address),
        ("roles", "operator", users.operator.address),
        ("committee 1", "members who must sign", "1 of 1"),
        ("committee 1", "member 0", users.member.address),
    }


def run(*options: str):
    arguments = ["--network", "ethereum:local:test", *options]
    return CliRunner().invoke(command.cli, arguments, catch_exceptions=False)


def test_the_command_shows_the_lines_and_ends_with_the_verdict(deployed, users, tmp_path, monkeypatch):
    monkeypatch.setattr("ape.cli.commands.parse_network", lambda context: None)
    config, address = tmp_path / "config.json", deployed.exchange.address
    config.write_text(json.dumps(deployed.config.model_dump(mode="json")))
    result = run(address, "--config", str(config), "--json")
    assert result.exit_code == 0, result.output
    assert {line["verdict"] for line in json.loads(result.output)} == {"same", "shown"}
    other = deployed.config.model_copy(update={"positions_tree_height": 32})
    config.write_text(json.dumps(other.model_dump(mode="json")))
    result = run(address, "--config", str(config))
    assert result.exit_code == 1 and "configuration" in result.output and "different" in result.output
    for arguments in ((users.operator.address,), ("nothing",), (address, "--config", str(tmp_path / "none"))):
        assert run(*arguments).exit_code == 2


def variant(container: ContractContainer, old: str, new: str) -> ContractContainer:
    """A contract whose code has another constant, once."""
    contract = container.contract_type.model_copy(deep=True)
    code = str(contract.deployment_bytecode.bytecode)
    assert old in code and len(old) == len(new)
    contract.deployment_bytecode.bytecode = code.replace(old, new, 1)
    return ContractContainer(contract)


def test_a_changed_constant_is_named(project, deployed, users):
    """Custody that keeps another bound, behind an upgrade that waited. What leads there is this tree's code."""
    governor, exchange = users.governor, deployed.exchange
    custody = governor.deploy(variant(project.Custody, AMOUNTS, OTHER_AMOUNTS))
    code = governor.deploy(project.Freehold, custody, governor.deploy(project.Administration))
    exchange.addImplementation(code, b"", False, sender=governor)
    travel(15 * DAY)
    exchange.upgradeTo(code, b"", False, sender=governor)
    found = wrong(verify_deployment(exchange.address))
    assert found.keys() == {("exchange", "custody")}
    assert found["exchange", "custody"].startswith("not Custody: byte ")


def test_storage_that_no_constructor_wrote_is_named(project, users, accounts, chain):
    """The code is a committee's, and so is what it says of itself. A fact could stand in its storage."""
    honest = users.governor.deploy(project.Committee, [users.member], 1)
    code = bytes(chain.provider.get_code(honest.address))
    loader = bytes.fromhex(f"60015f55 61{len(code):04x}80600e5f395ff3")  # storage[0] = 1, then return the code
    contract = project.Committee.contract_type.model_copy(deep=True)
    contract.deployment_bytecode.bytecode = "0x" + (loader + code).hex()
    contract.abi = [one for one in contract.abi if one.type != "constructor"]
    crafted = users.governor.deploy(ContractContainer(contract))
    assert bytes(chain.provider.get_code(crafted.address)) == code
    exchange = Kit(project, accounts, chain, configured=False).exchange
    exchange.registerAvailabilityVerifier(crafted, crafted.identify(), sender=accounts[0])
    found = wrong(verify_deployment(exchange.address))
    assert [what for part, what in found if part == "committee 1"] == ["code's constructor"]
    assert found["committee 1", "code's constructor"].endswith("made it by a constructor of its own")


def test_code_that_waits_is_told(project, deployed, users):
    governor, exchange = users.governor, deployed.exchange
    pieces = [governor.deploy(piece) for piece in (project.Custody, project.Administration)]
    code = governor.deploy(project.Freehold, *pieces)
    exchange.addImplementation(code, b"", False, sender=governor)
    assert wrong(verify_deployment(exchange.address)).keys() == {("history", "announced")}


@pytest.fixture
def kit_with(project, users, accounts, chain):
    """What is wrong with an exchange whose verifier is another."""
    program = exchange_program().data

    def found(verifier, parameters: Parameters) -> dict[tuple[str, str], str]:
        identity = program_identity(key_of(EXCHANGE_BUILTINS, parameters).shape, program)
        adapter = users.governor.deploy(project.ProgramFactAdapter, verifier, identity)
        exchange = Kit(project, accounts, chain, configured=False).exchange
        exchange.registerVerifier(adapter, adapter.identify(), sender=accounts[0])
        return wrong(verify_deployment(exchange.address))

    return found


def test_weak_parameters_are_named(project, kit_with, users):
    found = kit_with(deploy_verifier(project, users.governor, NAMED["fast"]), NAMED["fast"])
    assert [what for part, what in found if part == "verifier 1"] == ["parameters"]
    assert found["verifier 1", "parameters"] == "a named set of 100.0 proven bits is expected"


def test_a_false_root_is_named(project, kit_with, users):
    """Code, shape, parameters and program are this tree's."""
    root = key_of(EXCHANGE_BUILTINS).preprocessed_root ^ 1
    shape = deploy_shape(project, users.governor, EXCHANGE_SHAPE)
    header = users.governor.deploy(project.HeaderVerifier, shape, root, parameter_words(DEFAULT))
    found = kit_with(users.governor.deploy(project.StarkVerifier, header), DEFAULT)
    assert [what for part, what in found if part == "verifier 1"] == ["preprocessed root", "identity"]
