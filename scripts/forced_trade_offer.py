"""`ape run forced_trade_offer FILE`: party B's half of a forced trade, signed. Nothing is sent."""

import secrets
from pathlib import Path

import click

from freehold.arguments import NewFile
from freehold.chain.exchange import date, open_exchange
from freehold.chain.managers import chain
from freehold.chain.record import place_of
from freehold.errors import Refused
from freehold.leaving.forced_trade import HOUR, Terms
from prover.applications.ledger.units import AssetId, Hours
from prover.applications.perpetual.amounts import quantised
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.names import asset_id
from prover.applications.perpetual.transactions import ForcedTrade
from scripts._arguments import Script, account_of, exchange_option, position_of, stark_key_of, state_option
from scripts._last_state import known_config


@click.command(cls=Script)
@click.argument("file", type=NewFile())
@exchange_option
@click.option("--account", help="Party B: the address that --stark-key is registered to. It signs.")
@click.option("--stark-key", required=True, help="Party B's Stark key, in hex.")
@click.option("--position", required=True, help="Party B's position.")
@click.option("--partner-key", required=True, help="Party A's Stark key, in hex: its owner will send the request.")
@click.option("--partner-position", required=True, help="Party A's position.")
@click.option("--side", required=True, type=click.Choice(["buys", "sells"]), help="What party B does.")
@click.option("--asset", required=True, help="The synthetic asset's id, as BTC-10 or in hex.")
@click.option("--amount", required=True, help="How much of the asset, in its units; with --in-quanta a whole number.")
@click.option("--in-quanta", is_flag=True, help="--amount counts quanta: for who has no configuration at hand.")
@click.option("--total", required=True, help="What is paid for all of it, in units of the token.")
@click.option("--hours", default=24, show_default=True, type=click.IntRange(1), help="How long the offer is good.")
@click.option("--nonce", type=click.IntRange(0), help="Tells trades with the same terms apart; by chance if not given.")
@state_option
def cli(
    file: Path,
    deployment: str | None,
    account: str | None,
    stark_key: str,
    position: str,
    partner_key: str,
    partner_position: str,
    side: str,
    asset: str,
    amount: str,
    in_quanta: bool,
    total: str,
    hours: int,
    nonce: int | None,
    state: Path | None,
) -> None:
    """Offer a trade that party A may force: sign its terms and write them into FILE, for party A to send.

    Until the offer expires party A may use it once, whatever the market does. It cannot be taken back.
    """
    place = place_of(deployment)
    exchange = open_exchange(place)
    config = known_config(state, place)
    synthetic = _asset(asset)
    trade = ForcedTrade(
        public_key_a=stark_key_of(partner_key),
        public_key_b=stark_key_of(stark_key),
        position_id_a=position_of(partner_position),
        position_id_b=position_of(position),
        synthetic_asset_id=synthetic,
        amount_collateral=exchange.quanta(total),
        amount_synthetic=_quanta(config, synthetic, amount, in_quanta),
        is_party_a_buying_synthetic=int(side == "sells"),
        nonce=secrets.randbits(64) if nonce is None else nonce,
    )
    expiration = Hours(int(chain.pending_timestamp) // HOUR + hours)
    terms = Terms(exchange, trade, expiration)
    exchange.refuse_if_frozen()
    terms.refuse_malformed()
    terms.refuse_spent()
    owner = account_of(account)
    exchange.refuse_stranger(owner, trade.public_key_b)
    click.echo(f"signs: {terms.describe(config)}, nonce {trade.nonce}, until {date((expiration + 1) * HOUR)}")
    terms.signed_by(owner).write(file)
    click.echo(
        f"the offer is in {file}: the owner of {trade.public_key_a:#x} sends it with `ape run forced_trade {file}`"
    )


def _asset(text: str) -> AssetId:
    try:
        return AssetId(int(text, 16)) if text.startswith("0x") else asset_id(text)
    except ValueError as error:
        raise Refused(f"--asset {text}: {error}") from error


def _quanta(config: GeneralConfig | None, synthetic: AssetId, text: str, in_quanta: bool) -> int:
    if in_quanta:
        if not text.isdecimal():
            raise Refused(f"--amount '{text}' is not a whole number of quanta")
        return int(text)
    for asset in config.synthetic_assets if config else ():
        if asset.asset_id == synthetic:
            try:
                return quantised(text, asset.resolution, "--amount")
            except InputRefused as error:
                raise Refused(str(error)) from error
    raise Refused(
        "how many quanta a unit has stands in the configuration, which is not at hand: --state, or --in-quanta"
    )
