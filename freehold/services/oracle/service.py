"""The oracle as a service: made once, then run with the settings of its file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import structlog
import uvicorn
from pydantic import ValidationError

from freehold.errors import Refused
from freehold.files import read_json, write_whole
from freehold.services.base.settings import listen_address, read_settings
from freehold.services.oracle.application import application
from freehold.services.oracle.keys import make_keys, read_keys, write_keys
from freehold.services.oracle.market import Market
from freehold.services.oracle.settings import OracleSettings
from prover.applications.ledger.units import StarkKey
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.documents import reasons

log = structlog.get_logger(__name__)
SETTINGS, KEYS = "oracle.toml", "oracle-keys.json"
TEMPLATE = """\
# Settings of `freehold oracle run`. FREEHOLD_SECTION__FIELD in the environment stands over a field.

[service]
# host and port
listen = "127.0.0.1:7003"
# the signers' secret keys
keys = "{keys}"
# state.json of the exchange, for its configuration: which assets there are, and whose signatures count
state = "state.json"

[market]
# prices and rates follow from the seed and the time alone
seed = "freehold"
# the share of its start that a price is never further away from it
amplitude = 0.1
# the share of a price that a signer's own is never further away from it
spread = 0.001
# the share of the configured maximum that no funding rate exceeds
funding = 0.25

[prices]
# where each asset's price starts: whole collateral for one whole asset
"BTC-10" = "60000"
"ETH-9" = "3000"
"""


def init(folder: Path, n_signers: int) -> Sequence[StarkKey]:
    """Writes keys and settings into a folder and returns the public keys. What is there already is not touched."""
    settings, keys_file = folder / SETTINGS, folder / KEYS
    if settings.exists():
        raise Refused(f"{settings} exists already")
    folder.mkdir(parents=True, exist_ok=True)
    keys = make_keys(n_signers)
    write_keys(keys_file, keys)
    write_whole(settings, TEMPLATE.format(keys=KEYS))
    return sorted(keys)


def market_of(path: Path) -> tuple[OracleSettings, Market]:
    """Of a settings file; paths in it are relative to it. Raises Refused."""
    settings = read_settings(OracleSettings, path)
    service = settings.service
    config, keys = read_config(path.parent / service.state), read_keys(path.parent / service.keys)
    return settings, Market(config, keys, settings.market, settings.prices)


def read_config(path: Path) -> GeneralConfig:
    """Of a state's file, whose positions are not looked at. Raises Refused."""
    document = read_json(path)
    if not isinstance(document, dict) or "config" not in document:
        raise Refused(f"{path} has no config: it is no state of an exchange")
    try:
        return GeneralConfig.model_validate(document["config"])
    except ValidationError as error:
        raise Refused(f"{path}: config: {reasons(error)}") from error


def run(path: Path) -> None:
    """Until it is stopped. Raises Refused."""
    settings, market = market_of(path)
    host, port = listen_address(settings.service.listen)
    log.info("oracle", listen=settings.service.listen, assets=len(market.assets), seed=settings.market.seed)
    uvicorn.run(application(market), host=host, port=port, log_level="warning", access_log=False)
