"""`freehold operator`: the service that makes batches of an exchange.

What it stands on is not part of the core and is imported when it is needed.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from freehold.arguments import existing
from freehold.commands.monitoring import monitoring_command
from freehold.errors import Refused
from freehold.files import write_whole

TEMPLATE = """\
# Settings of `freehold operator`. FREEHOLD_SECTION__FIELD in the environment stands over a field of [section].
# Paths are seen from where the command runs.

[chain]
rpc = {rpc}
record = {record}  # deployment.json of the exchange; state.json beside it is the state to begin with
key.file = {key}  # hex, one line; or FREEHOLD_CHAIN__KEY='{{"value": "0x..."}}'
deposit_confirmations = {confirmations}  # blocks on top of a deposit's or a request's before it is used
finality = {finality}  # the node's tag "finalized", or a depth in blocks
max_fee_per_gas = 200_000_000_000  # wei: above it nothing is sent
resend_after = 3  # blocks without a receipt until a transaction is replaced, by one that pays `bump` more

[store]
url = "sqlite:///operator.db"  # or postgresql+psycopg://USER@HOST/NAME

[batch]
max_transactions = 100  # of users; what the operator itself adds comes on top
max_age = 600.0  # seconds from a batch's first transaction to its seal
forced_max_wait = 3_600.0  # seconds that a forced request waits for company
min_signature_life = 604_800  # seconds that a signature must still be valid when it is taken in
# seen = 41  # after a store was lost: the newest batch that a member saw of it; ids go on after it

[prover]
parameters = "default"  # those of the exchange's verifier
engine = "process"  # children of this process; "store": `freehold worker run` anywhere; "dask": a cluster
workers = 1
# scheduler = "tcp://..."  # of the cluster

[intake]
listen = "127.0.0.1:7001"
# token: in the environment alone, FREEHOLD_INTAKE__TOKEN
# tls_certificate, tls_key, tls_clients: files in PEM; only who has one of the clients' certificates may connect

[availability]
listen = "127.0.0.1:7002"
# token, tls_certificate, tls_key, tls_members: as above, for the committee's members

[pages]
listen = "127.0.0.1:7000"  # /status, /metrics, /live, /ready, /state/BATCH: they only read

[source]
# url = "http://127.0.0.1:7003"  # of signed prices and funding rates (`freehold oracle run`)

[liquidator]
# position_id = 7  # a position of yours that takes over what must be liquidated
# key.file = "liquidator.key"
"""
LOSSES = 3
"""Exit code of an operator that was overtaken, or whose chain or store is not what it relied on."""
ALARM = 3
"""Exit code of `status`, where a person should look."""

settings_option = click.option(
    "--config",
    "settings_file",
    type=existing,
    default="operator.toml",
    show_default=True,
    help="The operator's settings.",
)


@click.group("operator")
def operator_group() -> None:
    """Run an exchange: take transactions in, fill batches, have them proven and signed, bring them on chain."""


@operator_group.command("init")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), default=Path("operator.toml"))
@click.option("--rpc", default="http://127.0.0.1:8545", show_default=True, help="The node's address.")
@click.option("--record", type=existing, required=True, help="deployment.json of the exchange.")
@click.option("--key", default="operator.key", show_default=True, help="File with the secret key of the account.")
@click.option(
    "--confirmations", type=click.IntRange(0), default=12, show_default=True, help="Blocks on top of a deposit's."
)
@click.option("--finality", default="finalized", show_default=True, help="The node's tag, or a depth in blocks.")
def init_command(file: Path, rpc: str, record: Path, key: str, confirmations: int, finality: str) -> None:
    """Write settings with comments to FILE. What is there already is not touched."""
    if file.exists():
        raise Refused(f"{file} exists already")
    if finality != "finalized" and not finality.isdigit():
        raise click.UsageError(f"--finality {finality}: 'finalized', or a number of blocks")
    shown = finality if finality.isdigit() else f'"{finality}"'
    texts = {name: json.dumps(text) for name, text in (("rpc", rpc), ("record", str(record)), ("key", key))}
    write_whole(file, TEMPLATE.format(confirmations=confirmations, finality=shown, **texts))
    click.echo(f"{file} is written; `freehold operator run --config {file}` starts the operator")


@operator_group.command("run")
@settings_option
def run_command(settings_file: Path) -> None:
    """Operate until stopped. Killed anywhere, it goes on where it was.

    Exits with 0 when stopped by Ctrl-C or TERM, with 1 if the settings, the node or the store do not fit, with 3 if
    another operator took over, if what was final on the chain is not there any more, or if the exchange took a batch
    that is not in the store.
    """
    from freehold.services.base.settings import read_settings
    from freehold.services.operator.behind import StoreBehind
    from freehold.services.operator.head import StoreDamaged
    from freehold.services.operator.lease import LeaseLost
    from freehold.services.operator.run import opened
    from freehold.services.operator.settings import OperatorSettings
    from freehold.services.operator.watcher import ReorganisedBeyondFinality

    settings = read_settings(OperatorSettings, settings_file)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        with opened(settings) as operator:
            operator.run(stop)
    except (LeaseLost, ReorganisedBeyondFinality, StoreBehind, StoreDamaged) as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(LOSSES) from error


@operator_group.command("backup")
@click.argument("folder", type=click.Path(path_type=Path))
@settings_option
def backup_command(folder: Path, settings_file: Path) -> None:
    """Copy the operator's store into a new FOLDER, with the exchange's record and the state it began with.

    While the operator runs, too: the copy is the store of one moment. The store must be a SQLite file; PostgreSQL has
    `pg_dump`. No secrets are copied. What a copy lacks is lost when it is restored: make one often.
    """
    from freehold.services.base.settings import read_settings
    from freehold.services.operator.backup import back_up
    from freehold.services.operator.settings import OperatorSettings

    made = back_up(read_settings(OperatorSettings, settings_file), folder)
    click.echo(f"{folder}: batches up to {made.newest_batch}, transactions up to {made.newest_transaction}")


@operator_group.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@settings_option
def restore_command(folder: Path, settings_file: Path) -> None:
    """Put the store of the backup in FOLDER where the settings have it. What is there already is not touched.

    The operator whose store it was must not run any more. `freehold operator run` then goes on from the copy, or says
    that the exchange has gone on without it.
    """
    from freehold.services.base.settings import read_settings
    from freehold.services.operator.backup import restore
    from freehold.services.operator.settings import OperatorSettings

    made = restore(read_settings(OperatorSettings, settings_file), folder)
    click.echo(f"batches up to {made.newest_batch}, transactions up to {made.newest_transaction} are back")
    click.echo(
        "Where a committee's member has seen a later batch, write its id as `seen` into [batch] before the start."
    )


@operator_group.command("anew")
@click.argument("state", type=existing)
@settings_option
def anew_command(state: Path, settings_file: Path) -> None:
    """Let an operator whose store is lost or too old begin anew with STATE, the exchange's newest.

    `freehold committee export` of a member makes such a file, and the operator's pages gave it out as /state/BATCH. It
    must be the state that is on chain now, with its orders, and takes the place of the file beside the record, which is
    kept under another name. The settings must name a store that is not there yet, or is empty.
    """
    from freehold.ethereum.node import Node
    from freehold.patience import NodeFails
    from freehold.records import Place
    from freehold.services.base.settings import read_settings
    from freehold.services.operator import genesis
    from freehold.services.operator.contracts import open_contracts
    from freehold.services.operator.settings import OperatorSettings
    from freehold.services.operator.store import open_store

    settings = read_settings(OperatorSettings, settings_file)
    place = Place(settings.chain.record)
    store = open_store(settings.store.url)
    try:
        store.migrate()
        if genesis.is_begun(store):
            raise Refused(f"{settings_file} names a store that has begun: name a new one as `url` of [store]")
    finally:
        store.close()
    try:
        node = Node(settings.chain.rpc, settings.chain.timeout)
        found = node.call(open_contracts(node, place.record).exchange, "sharedStateHash")
    except NodeFails as error:
        raise Refused(f"the node at {settings.chain.rpc} does not answer: {error}") from error
    positions = len(genesis.set_first_state(place, state, bytes(found)).positions)
    click.echo(
        f"{place.state_file} is the exchange's state, with {positions} positions: `freehold operator run` begins"
    )


@operator_group.command("status")
@click.option("--url", default="http://127.0.0.1:7000", show_default=True, help="Of the operator's pages.")
@click.option("--json", "as_json", is_flag=True, help="The whole answer of the page.")
@click.option("--batches", type=click.IntRange(0, 24), default=8, show_default=True, help="To be shown, the last ones.")
def status_command(url: str, as_json: bool, batches: int) -> None:
    """Say how an operator stands: alarms, its last batches, and how long the earliest forced request may wait.

    Exits with 0 if nothing is due, with 1 if the operator does not answer, with 3 if there is an alarm.
    """
    import httpx

    try:
        answer = httpx.get(f"{url}/status", headers={"accept": "application/json"}, timeout=10)
        document: dict[str, Any] = answer.raise_for_status().json()
        alarms = document["alarms"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, TypeError, LookupError) as error:
        raise Refused(f"no operator answers at {url}: {error or type(error).__name__}") from error
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        _show(document, batches)
    if alarms:
        raise SystemExit(ALARM)


def _show(document: dict[str, Any], batches: int) -> None:
    from freehold.services.operator.page import PHASES, amount, duration

    console = Console(highlight=False)
    for alarm in document["alarms"]:
        console.print(f"ALARM  {alarm}", style="bold red", markup=False)
    if not document["alarms"]:
        console.print("Everything is as it should be.", style="green")
    table = Table("batch", "state", "transactions", *PHASES, box=None, header_style="bold")
    for batch in document["batches"][:batches]:
        spent = {phase["name"]: duration(phase["seconds"]) for phase in batch["phases"]}
        places = [spent.get(name, "") for name in PHASES]
        table.add_row(str(batch["id"]), batch["state"], str(batch["n_transactions"]), *places)
    if table.rows:
        console.print(table)
    for name, value in _lines(document, duration, amount):
        console.print(f"{name:24}{value}", markup=False)


def _lines(
    document: dict[str, Any], duration: Callable[[float], str], amount: Callable[[int, int], str]
) -> Iterator[tuple[str, str]]:
    obligations = document["obligations"]
    if obligations:
        first = obligations[0]
        where = "in no batch yet" if first["batch"] is None else f"in batch {first['batch']}"
        yield "forced requests", f"{len(obligations)}; the earliest, a {first['kind']}, {where}"
        yield "seconds left for it", f"{first['seconds_left']} ({duration(first['seconds_left'])})"
    else:
        yield "forced requests", "none"
    yield "transactions waiting", str(document["transactions_waiting"])
    unsigned = document["unsigned"]
    if unsigned is not None:
        yield "waits for signatures", f"batch {unsigned['batch']}: {unsigned['signatures']} of {unsigned['needed']}"
    solvency, about = document["solvency"], document["about"]
    if solvency is not None:
        yield "margin", f"{amount(solvency['margin'], about['collateral_resolution'])} above all claims"
    head = document["chain"]["head"]
    if head is not None:
        age = duration(document["time"] - head["time"])
        yield "newest block read", f"{head['number']}, {age} old; {document['chain']['lag'] or 0} to be read"
    yield "version", about["version"]


operator_group.add_command(monitoring_command)
