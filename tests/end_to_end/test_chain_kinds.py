"""Chains that are too old, and what tokens and contracts say when they refuse."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from ape.exceptions import ContractLogicError
from eth_abi import encode
from web3 import HTTPProvider, Web3

from freehold.chain import network
from freehold.chain.refusals import error_name, refusal, words_of
from freehold.errors import Refused
from prover.algebra.keccak import keccak256
from tests.support.ports import free_port


@pytest.fixture
def anvil(request) -> Iterator[Web3]:
    port = free_port()
    command = [Path(sys.executable).parent / "anvil", "--port", str(port), "--hardfork", request.param, "--silent"]
    process, web3 = subprocess.Popen(command), Web3(HTTPProvider(f"http://127.0.0.1:{port}"))
    for _ in range(100):
        if web3.is_connected():
            break
        time.sleep(0.1)
    yield web3
    process.terminate()
    process.wait()


def on(web3: Web3, monkeypatch) -> None:
    provider = SimpleNamespace(web3=web3, network_choice="ethereum:old:node")
    monkeypatch.setattr(network, "networks", SimpleNamespace(provider=provider))


@pytest.mark.parametrize("anvil", ["shanghai"], indirect=True)
def test_a_chain_before_cancun_is_refused_in_a_sentence(anvil, monkeypatch):
    on(anvil, monkeypatch)
    with pytest.raises(Refused, match="ethereum:old:node is older than Ethereum's Cancun upgrade"):
        network.refuse_old_chain()


@pytest.mark.parametrize("anvil", ["cancun"], indirect=True)
def test_a_chain_since_cancun_is_taken(anvil, monkeypatch):
    on(anvil, monkeypatch)
    network.refuse_old_chain()


def test_the_embedded_chain_is_taken(chain):
    network.refuse_old_chain()


def data_of(signature: str, *values: object) -> bytes:
    kinds = [kind for kind in signature.split("(")[1][:-1].split(",") if kind]
    return keccak256(signature.encode())[:4] + encode(kinds, values)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (data_of("ERC20InsufficientBalance(address,uint256,uint256)", "0x" + "11" * 20, 5, 7), "needed = 7"),
        (data_of("InsufficientAllowance(uint256,uint256)", 1, 2), "InsufficientAllowance(allowance = 1, needed = 2)"),
        (data_of("SafeERC20FailedOperation(address)", "0x" + "11" * 20), "SafeERC20FailedOperation(token = 0x1111"),
        (data_of("StateIsFrozen()"), "StateIsFrozen()"),
        (data_of("Error(string)", "Blacklistable: account is blacklisted"), "account is blacklisted"),
        (data_of("Panic(uint256)", 0x11), "panics with code 0x11"),
        (data_of("Unheard(uint256)", 5), "an error that is not known here, 0x"),
        (b"", "gives no reason"),
        (data_of("StateIsFrozen()")[:3], "an error that is not known here, 0x"),
        (data_of("Error(string)", "x")[:20], "an error that is not known here, 0x"),
    ],
)
def test_what_a_contract_says_is_told_in_words(project, data, words):
    assert words in words_of(data)
    assert words in refusal(ContractLogicError(str(data)))
    if len(data) % 32 == 4:
        assert words in refusal(ContractLogicError(f"execution reverted: 0x{data.hex()}"))


def test_errors_have_their_names(project):
    assert error_name(ContractLogicError(str(data_of("EscapeAlreadyUsed(uint256)", 5)))) == "EscapeAlreadyUsed"
    assert error_name(ContractLogicError("ESCAPE_ALREADY_USED")) == "ESCAPE_ALREADY_USED"
