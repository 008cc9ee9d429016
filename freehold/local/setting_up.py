"""A local exchange's folder: keys, parameters and settings, written once; the deployment on its chain."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from freehold.errors import Refused
from freehold.files import write_whole
from freehold.local import people
from freehold.local.processes import BIN, run_once
from freehold.records import RECORD, STATE, Place, read_state
from freehold.services.base.settings import listen_address
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.signing import stark_key

CHAIN_ID = 1337
"""Of Ape's local networks."""
PLACE_SAID = re.compile(r"record and state in (.+): keep them")
START_PRICES = {"BTC-10": "60000", "ETH-9": "3000"}


@dataclass(frozen=True)
class Ports:
    """Each service's; `base` is the first."""

    base: int

    @property
    def pages(self) -> int:
        return self.base

    @property
    def gateway(self) -> int:
        return self.base + 1

    @property
    def availability(self) -> int:
        return self.base + 2

    @property
    def oracle(self) -> int:
        return self.base + 3

    @property
    def chain(self) -> int:
        return self.base + 4

    def url(self, port: int) -> str:
        host, number = listen_address(f"127.0.0.1:{port}")
        return f"http://{host}:{number}"


@dataclass(frozen=True)
class Home:
    """The folder of one local exchange. Whoever finds it goes on with it."""

    folder: Path
    ports: Ports
    seed: str

    @property
    def chain_state(self) -> Path:
        return self.folder / "chain.json"

    @property
    def place(self) -> Place:
        return Place(self.folder / RECORD)

    @property
    def is_deployed(self) -> bool:
        return self.place.record_file.exists()

    @property
    def rpc(self) -> str:
        return self.ports.url(self.ports.chain)

    def config(self) -> GeneralConfig:
        return read_state(self.place.state_file)[0]

    def member(self, number: int) -> Path:
        return self.folder / f"member-{number}"

    # --- before the chain

    def make_oracle(self) -> None:
        """Keys of three signers, and settings that name the exchange's state."""
        folder = self.folder / "oracle"
        if (folder / "oracle.toml").exists():
            return
        environment: dict[str, str] = {}
        printed = run_once(
            [BIN / "freehold", "oracle", "init", folder], self.folder / "logs", "oracle-init", environment
        )
        keys = [line for line in printed.splitlines() if line.startswith("0x")]
        write_whole(folder / "public-keys.json", json.dumps(keys))
        prices = "\n".join(f'"{name}" = "{price}"' for name, price in START_PRICES.items())
        settings = f"""\
[service]
listen = "127.0.0.1:{self.ports.oracle}"
keys = "oracle-keys.json"
state = "../{STATE}"

[market]
seed = {json.dumps(self.seed)}

[prices]
{prices}
"""
        write_whole(folder / "oracle.toml", settings)

    def deploy(self) -> None:
        """With `ape run deploy`; what was sent before an interruption is gone on with."""
        parameters = self.folder / "parameters.json"
        if not parameters.exists():
            write_whole(parameters, json.dumps(self._parameters(), indent=1))
        command: list[str | Path] = [
            BIN / "ape",
            "run",
            "deploy",
            "--network",
            f"ethereum:local:{self.rpc}",
            "--config",
            parameters,
            "--yes",
        ]
        printed = run_once(command, self.folder / "logs", "deploy", {})
        said = PLACE_SAID.search(printed)
        if said is None:
            raise Refused("the deployment did not say where its record is")
        made = Path(said.group(1))
        shutil.copy(made / STATE, self.folder / STATE)
        shutil.copy(made / RECORD, self.folder / RECORD)  # last: it says that all is there

    def _parameters(self) -> dict[str, object]:
        keys = json.loads((self.folder / "oracle" / "public-keys.json").read_text())
        signers = [{"name": name, "key": key} for name, key in zip(("one", "two", "three"), keys, strict=True)]
        market = {"oracles": signers, "quorum": len(signers), "segments": [{"margin": 5}]}
        members = range(people.FIRST_MEMBER, people.FIRST_MEMBER + people.N_MEMBERS)
        return {
            "name": f"exchange-{self.ports.base}",
            "mode": "validium",
            "assets": [{"name": "BTC", "decimals": 10, **market}, {"name": "ETH", "decimals": 9, **market}],
            "fees": {"position": 1, "key": hex(stark_key(people.fee_key(self.seed)))},
            "price_validity": "5 minutes",
            "funding_validity": "4 hours",
            "committee": {"members": [people.address_of(place) for place in members], "required": 2},
            "roles": {"operators": [people.address_of(people.OPERATOR)]},
        }

    # --- after it

    def make_services(self) -> None:
        self._key("operator.key", people.secret_of(people.OPERATOR))
        liquidator = people.traders(self.seed)[0]
        self._key("liquidator.key", liquidator.stark_private_key)
        if not (self.folder / "operator.toml").exists():
            write_whole(self.folder / "operator.toml", self._operator(int(liquidator.position_id)))
        for number in range(people.N_MEMBERS):
            self._make_member(number)

    def _key(self, name: str, secret: int) -> None:
        path = self.folder / name
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(f"{secret:#x}\n")

    def _operator(self, liquidator: int) -> str:
        local = "127.0.0.1"
        quoted = {name: json.dumps(str(self.folder / name)) for name in (RECORD, "operator.key", "liquidator.key")}
        return f"""\
[chain]
rpc = "{self.rpc}"
record = {quoted[RECORD]}
key.file = {quoted["operator.key"]}
deposit_confirmations = 1
finality = 3
poll = 0.5

[store]
url = "sqlite:///{self.folder / "operator.db"}"

[batch]
max_transactions = 100
max_age = 30.0
forced_max_wait = 30.0

[prover]
parameters = "default"

[intake]
listen = "{local}:{self.ports.gateway}"

[availability]
listen = "{local}:{self.ports.availability}"

[pages]
listen = "{local}:{self.ports.pages}"

[source]
url = "{self.ports.url(self.ports.oracle)}"

[liquidator]
position_id = {liquidator}
key.file = {quoted["liquidator.key"]}
"""

    def _make_member(self, number: int) -> None:
        folder = self.member(number)
        if (folder / "member.toml").exists():
            return
        self._key(f"member-{number}.key", people.secret_of(people.FIRST_MEMBER + number))
        command: list[str | Path] = [
            BIN / "freehold",
            "committee",
            "init",
            folder,
            "--gateway",
            self.ports.url(self.ports.availability),
        ]
        command += ["--key", self.folder / f"member-{number}.key", "--sequence-number", "0"]
        run_once(command, self.folder / "logs", f"member-{number}-init", {})
