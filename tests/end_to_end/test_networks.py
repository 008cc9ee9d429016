"""Scripts on other chains than the embedded one: anvil, and a plain anvil reached by URI as a live network's stand-in.

Each script runs as a user types it, in a process of its own; Ape's folder is a fresh one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from eth_account import Account
from web3 import HTTPProvider, Web3

from tests.support.paths import ROOT
from tests.support.ports import free_port

BIN = Path(sys.executable).parent
SEPOLIA = 11155111
KEY = "0x" + "5eed" * 16
TOKENLESS = "0x" + "00" * 19 + "99"


@dataclass(frozen=True)
class Node:
    """A running anvil, or none yet if `uri` is empty; `network` is its name in Ape's terms."""

    uri: str
    home: Path

    @property
    def network(self) -> str:
        return f"ethereum:sepolia:{self.uri}"

    def ape_run(self, *arguments: str, network: str | None = None, answer: str = "") -> subprocess.CompletedProcess:
        environment = {
            **os.environ,
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "APE_DATA_FOLDER": str(self.home),
            "APE_ACCOUNTS_me_PASSPHRASE": "secret",
        }
        environment |= {"APE_FOUNDRY_HOST": self.uri} if self.uri else {}
        command = [BIN / "ape", "run", *arguments, "--network", network or self.network, "--verbosity", "ERROR"]
        return subprocess.run(
            command, cwd=ROOT, env=environment, input=answer, capture_output=True, text=True, timeout=300
        )


def start_anvil(home: Path, chain_id: int) -> tuple[subprocess.Popen, Node]:
    port = free_port()
    command = [BIN / "anvil", "--port", str(port), "--chain-id", str(chain_id), "--hardfork", "prague", "--silent"]
    process, node = subprocess.Popen(command), Node(f"http://127.0.0.1:{port}", home)
    web3 = Web3(HTTPProvider(node.uri))
    for _ in range(100):
        if web3.is_connected():
            return process, node
        time.sleep(0.1)
    process.terminate()
    raise RuntimeError(f"anvil does not answer at {node.uri}")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Ape's folder with the accounts `me`, who is rich, and `poor`."""
    folder = tmp_path_factory.mktemp("ape")
    (folder / "accounts").mkdir()
    for alias, key in (("me", KEY), ("poor", "0x" + "70" * 32)):
        keyfile = Account.encrypt(key, "secret", kdf="pbkdf2", iterations=1000)
        keyfile["address"] = Account.from_key(key).address
        (folder / "accounts" / f"{alias}.json").write_text(json.dumps(keyfile))
    return folder


@pytest.fixture(scope="module")
def live(home) -> Iterator[Node]:
    process, node = start_anvil(home, SEPOLIA)
    Web3(HTTPProvider(node.uri)).provider.make_request("anvil_setBalance", [Account.from_key(KEY).address, hex(10**21)])
    yield node
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def local(home) -> Iterator[Node]:
    process, node = start_anvil(home, 31337)
    yield node
    process.terminate()
    process.wait()


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("deploy",), "--token is needed outside local networks"),
        (("deploy", "--token", TOKENLESS, "--account", "TEST::0"), "TEST::0 is everybody's account"),
        (("deploy", "--token", TOKENLESS, "--account", "poor"), "has no ether"),
        (("demo",), "--account is needed on ethereum:sepolia"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_refusal_is_one_line_and_sends_nothing(live, arguments, cause):
    before = Web3(HTTPProvider(live.uri)).eth.block_number
    result = live.ape_run(*arguments)
    assert result.returncode != 0 and cause in result.stderr and "Traceback" not in result.stderr
    assert Web3(HTTPProvider(live.uri)).eth.block_number == before


def test_no_node_is_one_line(home):
    result = Node(f"http://127.0.0.1:{free_port()}", home).ape_run("demo", "--account", "me")
    assert result.returncode != 0 and "No (supported) node found" in result.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_live_demo_ends_with_the_deposit_paid_back(live):
    result = live.ape_run("demo", "--account", "me", answer="y\n")
    assert result.returncode == 0, result.stderr
    assert "every number is as expected" in result.stdout
    assert "silence, freeze and escape take a week" in result.stdout


@pytest.mark.slow
def test_the_whole_demo_on_anvil(local):
    result = local.ape_run("demo", network="ethereum:local:foundry")
    assert result.returncode == 0, result.stderr
    assert "freeze the exchange" in result.stdout and "every number is as expected" in result.stdout


@pytest.mark.slow
def test_the_whole_demo_on_an_anvil_of_apes_own(home):
    """As `make demo-anvil`: Ape starts anvil through the wrapper, which drops step tracing."""
    result = Node("", home).ape_run("demo", network="ethereum:local:foundry")
    assert result.returncode == 0, result.stderr
