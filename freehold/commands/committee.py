"""`freehold committee`: the member of a committee that keeps an exchange's data.

What it stands on is not part of the core and is imported when it is needed.
"""

from __future__ import annotations

import json
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import click

from freehold.arguments import NewFile, existing
from freehold.errors import Refused
from freehold.files import write_whole
from freehold.records import write_last
from prover.applications.ledger.units import CollateralId

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from freehold.services.base.store import Store
    from freehold.services.committee.chain_state import ChainState
    from freehold.services.committee.member import Member
    from freehold.services.committee.settings import CommitteeSettings
    from freehold.services.committee.tables import Batch
    from prover.applications.perpetual.state import SharedState

TEMPLATE = """# A committee's member. FREEHOLD_SECTION__FIELD in the environment stands over a field.

[gateway]
urls = [{url}]  # the operator's availability gateways; tried in order
# token: in the environment alone, FREEHOLD_GATEWAY__TOKEN
# tls_authority = "authority.pem"
# tls_certificate = "member.pem"
# tls_key = "member.key"

[key]
kind = "{kind}"  # account or bls, as the committee's contract takes it
file = {key}

[member]
# poll = 1.0  # seconds between two questions while there is nothing new
# rules = ["module:function"]  # of your own; each may refuse a batch

[store]
url = {store}

[chain]  # for `export`, which then needs nobody's word
# rpc = "http://127.0.0.1:8545"
# exchange = "0x..."
# block = 0
"""

settings_option = click.option(
    "--settings",
    "settings_file",
    type=existing,
    default="member.toml",
    show_default=True,
    help="The member's settings.",
)

tree_height = click.IntRange(1, 64)


@click.group("committee")
def committee_group() -> None:
    """Keep an exchange's data as a member of its committee, and give it to whoever must leave."""


@committee_group.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--gateway", required=True, help="URL of the operator's availability gateway.")
@click.option("--key", "key_file", required=True, type=existing, help="File with the member's secret key, in hex.")
@click.option(
    "--kind",
    type=click.Choice(["account", "bls"]),
    default="account",
    show_default=True,
    help="What the member signs with.",
)
@click.option("--store", "store_url", help="URL of the database; a file in FOLDER without it.")
@click.option("--state", "state_file", type=existing, help="The exchange's state to begin with; empty without it.")
@click.option("--batch", "batch_id", default=-1, show_default=True, help="The batch that led to this state.")
@click.option("--sequence-number", default=-1, show_default=True, help="The exchange's in this state.")
@click.option("--heights", nargs=2, default=(64, 64), show_default=True, type=tree_height, help="Of the trees.")
@click.option("--collateral", help="The collateral's asset id in hex, where no --state and no node says it.")
def init_command(
    folder: Path,
    gateway: str,
    key_file: Path,
    kind: str,
    store_url: str | None,
    state_file: Path | None,
    batch_id: int,
    sequence_number: int,
    heights: tuple[int, int],
    collateral: str | None,
) -> None:
    """Make FOLDER with a member's settings and its store, which begins empty or with --state.

    --sequence-number is -1 for an exchange whose first update has the number 0.
    """
    from freehold.services.base.claims import signer_of
    from freehold.services.base.settings import read_settings
    from freehold.services.committee.beginning import Beginning, begin
    from freehold.services.committee.settings import CommitteeSettings
    from freehold.services.committee.store import open_store

    settings_file = folder / "member.toml"
    if settings_file.exists():
        raise Refused(f"{settings_file} exists already")
    beginning = Beginning(batch_id, sequence_number, *heights, _collateral(collateral))
    if state_file is not None:
        beginning = Beginning.of_file(state_file, batch_id, sequence_number)
    folder.mkdir(parents=True, exist_ok=True)
    store_url = store_url or f"sqlite:///{folder.resolve() / 'member.db'}"
    texts = {name: json.dumps(text) for name, text in (("url", gateway), ("key", str(key_file.resolve())))}
    write_whole(settings_file, TEMPLATE.format(kind=kind, store=json.dumps(store_url), **texts))
    try:
        settings = read_settings(CommitteeSettings, settings_file)
        member = signer_of(settings.key.kind, settings.key.secret()).member
        store = open_store(settings.store.url)
        begin(store, beginning)
        store.close()
    except BaseException:
        settings_file.unlink()
        raise
    click.echo(f"{member} keeps the batches after {batch_id}: {settings_file}")


def _collateral(text: str | None) -> CollateralId | None:
    if text is None:
        return None
    try:
        number = int(text, 16)
    except ValueError as error:
        raise Refused(f"--collateral '{text}' is not hex") from error
    if not 0 <= number < 1 << 250:
        raise Refused(f"--collateral {text} is no asset id: it must be below 2^250")
    return CollateralId(number)


@committee_group.command("run")
@settings_option
def run_command(settings_file: Path) -> None:
    """Ask for batch after batch, keep each and sign it, until a signal stops it."""
    member, settings = _member(_settings(settings_file))
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"{member.signer.member} asks {', '.join(settings.gateway.urls)}", err=True)
    member.run(settings.member, stop)
    member.store.close()


@committee_group.command("status")
@settings_option
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def status_command(settings_file: Path, as_json: bool) -> None:
    """Say what was kept and signed, and what was refused."""
    from freehold.services.committee.status import status

    store = _store(_settings(settings_file))
    with store.unit() as session:
        found = status(session)
    store.close()
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        if name != "evidence":
            click.echo(f"{name.replace('_', ' ')}: {value}")
    for piece in found["evidence"]:
        click.echo(f"refused: batch {piece['batch']} of {piece['gateway']}: {piece['reason']}")


@committee_group.command("export")
@click.argument("file", type=NewFile())
@settings_option
@click.option("--batch", "batch_id", type=int, help="The state after this batch.")
@click.option("--root", help="The state with this root of the positions, in hex.")
def export_command(file: Path, settings_file: Path, batch_id: int | None, root: str | None) -> None:
    """Write the state's FILE that `freehold leave` and `ape run escape` read.

    Where [chain] names a node and the exchange, it is the state that is on chain, and nobody's word is needed. Else
    --batch or --root says which, and prices and funding are those that the gateway told.
    """
    if batch_id is not None and root is not None:
        raise click.UsageError("--batch and --root name the same: choose one")
    settings = _settings(settings_file)
    store = _store(settings)
    try:
        with store.unit() as session:
            text = _export(session, settings, file, batch_id, root)
    finally:
        store.close()
    click.echo(text)


def _export(session: Session, settings: CommitteeSettings, file: Path, batch_id: int | None, root: str | None) -> str:
    from freehold.services.committee.export import batch_of_root, last_state, told_state

    chain = _chain(settings)
    shared = chain.shared_state() if chain is not None else None
    batch = _wanted(session, batch_id, root)
    if batch is None:
        if shared is None:
            raise Refused("--batch or --root must say which state, where [chain] names no node")
        batch = batch_of_root(session, shared.positions_root)
    is_last = shared is not None and _is_of(batch, shared)
    words = shared if shared is not None and is_last else told_state(batch)

    def collateral() -> CollateralId:
        if chain is None:
            raise Refused("the collateral's id is not known: name a node and the exchange in [chain]")
        return chain.collateral()

    write_last(file, last_state(session, batch, words, collateral))
    source = "the chain's last update" if is_last else "what the gateway told"
    return f"{file}: the state after batch {batch.id}, 0x{words.hash().hex()}, its prices from {source}"


def _wanted(session: Session, batch_id: int | None, root: str | None) -> Batch | None:
    from freehold.services.committee.export import batch_of_id, batch_of_root

    if batch_id is not None:
        return batch_of_id(session, batch_id)
    if root is None:
        return None
    try:
        return batch_of_root(session, int(root, 16))
    except ValueError as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"--root '{root}' is not hex") from error


def _is_of(batch: Batch, shared: SharedState) -> bool:
    return (shared.positions_root, shared.orders_root) == (batch.positions_root, batch.orders_root)


def _settings(settings_file: Path) -> CommitteeSettings:
    from freehold.services.base.settings import read_settings
    from freehold.services.committee.settings import CommitteeSettings

    return read_settings(CommitteeSettings, settings_file)


def _store(settings: CommitteeSettings) -> Store:
    from freehold.services.committee.store import open_store

    store = open_store(settings.store.url)
    store.migrate()
    return store


def _member(settings: CommitteeSettings) -> tuple[Member, CommitteeSettings]:
    from freehold.services.base.claims import signer_of
    from freehold.services.committee.gateway import gateways
    from freehold.services.committee.member import Member, rules_of

    signer = signer_of(settings.key.kind, settings.key.secret())
    rules, asked = rules_of(settings.member), gateways(settings.gateway)
    return Member(_store(settings), asked, signer, rules), settings


def _chain(settings: CommitteeSettings) -> ChainState | None:
    if settings.chain.rpc is None or settings.chain.exchange is None:
        return None
    from web3 import HTTPProvider

    from freehold.services.committee.chain_state import ChainState

    return ChainState(HTTPProvider(settings.chain.rpc), settings.chain.exchange, settings.chain.block)
