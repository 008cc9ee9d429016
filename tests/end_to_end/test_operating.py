"""An exchange operated by hand: a batch with a trade, the committee's signatures, a new configuration, new governors.

It is deployed by a parameter file, and one batch is proven. Everything else asks the chain what is there.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from freehold.chain import delivery
from freehold.chain.availability import Signature
from freehold.chain.committee import BlsMember
from freehold.chain.record import open_deployment, place_of
from freehold.records import read_state
from freehold.scenarios.accounts import Accounts
from freehold.scenarios.acts import travel
from freehold.scenarios.assets import ORACLES, Asset, Assets
from prover.algebra.ecdsa import public_key
from prover.applications.ledger.units import Hours
from prover.applications.perpetual.documents import BatchDocument
from prover.applications.perpetual.signing import Signer
from prover.applications.perpetual.transactions import Deposit, FundingTick, OracleTick, Trade
from scripts import (
    accept_governance,
    announce_configuration,
    apply_configuration,
    deploy,
    sign_availability,
    submit_batch,
)

DAY, COINS = 86_400, 10**6
BTC = Asset("BTC", 10, Decimal(10))
PARAMETERS = {
    "name": "mine",
    "proofs": "fast",
    "limits": None,
    "assets": [
        {
            "name": "BTC",
            "decimals": 10,
            "segments": [{"margin": 10}],
            "oracles": [{"name": f"ora-{n}", "key": hex(public_key(key))} for n, key in enumerate(ORACLES)],
            "quorum": 3,
        }
    ],
    "fees": {"position": 1, "key": hex(public_key(0xFEE))},
}
BLS_SECRET = 0xB15


@pytest.fixture(scope="module")
def users():
    return Accounts.of_test_accounts()


@pytest.fixture(scope="module", autouse=True)
def connected():
    """The suite's chain stays connected: a command's own connection would make Ape forget its snapshots."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ape.cli.commands.parse_network", lambda context: None)
        yield


def run(script, *options: object):
    arguments = ["--network", "ethereum:local:test", *map(str, options)]
    return CliRunner().invoke(script.cli, arguments, catch_exceptions=False)


def accepted(result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def refused(result, cause: str) -> None:
    assert result.exit_code == 2 and cause in result.output, result.output


@pytest.fixture(scope="module")
def folder(tmp_path_factory, users, project):
    """A Validium that two of two accounts vouch for, deployed by a file, with two users' deposits: its folder."""
    path = tmp_path_factory.mktemp("operating")
    roles = {
        "operators": [str(users.operator)],
        "main_governor": str(users.stranger),
        "proxy_governor": str(users.stranger),
    }
    committee = {"members": [str(users.member), str(users.stranger)], "required": 2}
    (path / "mine.yaml").write_text(yaml.safe_dump({**PARAMETERS, "roles": roles, "committee": committee}))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(path)
        accepted(run(deploy, "--config", "mine.yaml"))
        deployed = open_deployment(place_of("mine"))
    for user in users.users:
        deployed.token.mint(user.account, 5_000 * COINS, sender=users.governor)
        deployed.token.approve(deployed.exchange, 5_000 * COINS, sender=user.account)
        deployed.exchange.registerSender(user.stark_key, user.registration(), sender=user.account)
        deposit = (user.stark_key, deployed.asset_type, user.position_id, 5_000 * COINS)
        deployed.exchange.deposit(*deposit, sender=user.account)
    return path


@pytest.fixture
def opened(folder, monkeypatch):
    """As it was deployed: what a test writes beside the record is undone, as the chain is."""
    monkeypatch.chdir(folder)
    place = place_of("mine")
    before = place.state_file.read_text()
    yield open_deployment(place)
    place.state_file.write_text(before)


@pytest.fixture(scope="module")
def first_batch(folder, users, chain):
    """Both deposits, and a trade of a tenth of a BTC; its file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        deployed = open_deployment(place_of("mine"))
    now, listed = chain.blocks.head.timestamp, Assets({"BTC": BTC})
    prices = listed.signed_prices({"BTC": Decimal(20_000)}, now)
    signer = Signer(deployed.asset_type, Hours(now // 3600 + 1000))
    alice, bob = users.users
    amounts = BTC.quanta(Decimal("0.1")), 2_000 * COINS, 1 * COINS
    trade = Trade(
        buy_order=signer.order(alice, BTC.asset_id, True, *amounts),
        sell_order=signer.order(bob, BTC.asset_id, False, *amounts),
        actual_synthetic=amounts[0],
        actual_collateral=amounts[1],
        actual_buyer_fee=amounts[2],
        actual_seller_fee=amounts[2],
    )
    deposits = [
        Deposit(public_key=user.stark_key, position_id=user.position_id, amount=5_000 * COINS) for user in users.users
    ]
    batch = BatchDocument(
        minimum_expiration_timestamp=now // 3600 + 500,
        signed_min_prices=tuple(prices),
        signed_max_prices=tuple(prices),
        transactions=(
            FundingTick(funding_indices=listed.funding({}, {}), timestamp=now),
            OracleTick(prices=tuple((price.asset_id, price.price) for price in prices), timestamp=now),
            *deposits,
            trade,
        ),
    )
    path = folder / "batch.json"
    path.write_text(batch.model_dump_json())
    return path


class Killed(BaseException):
    """As if the process had been ended."""


MEMBERS = ("--member", "TEST::2", "--member", "TEST::3")


def test_a_batch_with_a_trade_goes_on_chain_killed_at_every_step(opened, first_batch, users, chain, monkeypatch):
    """Five transactions: the proof's header and two parts, availability, state update. The proof is made once."""
    provider, first = type(chain.provider), chain.blocks.head.number
    send, is_sent = provider.send_transaction, False

    def ends(self, txn):
        if is_sent:
            send(self, txn)
        raise Killed

    options = (first_batch, "--account", "TEST::1", *MEMBERS)
    with monkeypatch.context() as patch:
        patch.setattr(provider, "send_transaction", ends)
        for count in range(5):
            for is_sent in (False, True):
                with pytest.raises(Killed):
                    run(submit_batch, *options)
                assert chain.blocks.head.number - first == count + is_sent
                patch.setattr(submit_batch, "prove_batch", None)
    output = accepted(run(submit_batch, *options))
    assert "accepted: batch 1" in output
    assert chain.blocks.head.number - first == 5
    _, state = read_state(place_of("mine").state_file)
    alice, bob = users.users
    assert bytes(opened.exchange.sharedStateHash()) == state.hash()
    assert state.position(alice.position_id).balance(BTC.asset_id) == BTC.quanta(Decimal("0.1"))
    assert state.position(bob.position_id).collateral_balance == 6_999 * COINS
    assert opened.exchange.getSequenceNumber() == 1


def test_a_batch_is_refused_before_anything_is_sent(opened, first_batch, users, chain, tmp_path):
    before = chain.blocks.head.number
    refused(run(submit_batch, first_batch, "--account", "TEST::0", *MEMBERS), "is no operator of")
    as_operator = (first_batch, "--account", "TEST::1")
    refused(run(submit_batch, *as_operator, "--member", "TEST::2"), "1 members have signed, 2 must")
    refused(
        run(submit_batch, *as_operator, "--member", "TEST::2", "--member", "TEST::4"), "is no member of the committee"
    )
    refused(run(submit_batch, *as_operator, *MEMBERS, "--condition", "0x5", "0x06"), "a fact has 32 bytes")
    condition = ("--condition", opened.committee.address, "0x" + "11" * 32)
    refused(run(submit_batch, *as_operator, *MEMBERS, *condition), "the batch has 0 conditions, 1 are named")
    wrong = tmp_path / "wrong.json"
    wrong.write_text("{")
    refused(run(submit_batch, wrong, "--account", "TEST::1"), "is not JSON")
    document = json.loads(first_batch.read_text())
    wrong.write_text(json.dumps({**document, "transactions": document["transactions"][:-1], "signed_max_prices": []}))
    refused(run(submit_batch, wrong, "--account", "TEST::1"), "wrong.json: ")
    wrong.write_text(json.dumps({**document, "minimum_expiration_timestamp": chain.pending_timestamp // 3600 - 1}))
    refused(run(submit_batch, wrong, "--account", "TEST::1", *MEMBERS), "the batch expired in hour")
    refused(run(submit_batch, *as_operator, *MEMBERS, "--proof", wrong), "is no proof")
    assert chain.blocks.head.number == before


def test_a_batch_of_another_configuration_or_state_is_refused(opened, first_batch, chain, tmp_path):
    batch = delivery.read_batch(first_batch, opened)
    case = json.loads(delivery.Case.of(batch).model_dump_json())
    other = tmp_path / "case.json"
    other.write_text(json.dumps(case))
    before = chain.blocks.head.number
    for place, change, cause in (
        ("config", {"max_funding_rate": "1119"}, "is under another general configuration"),
        ("prev_state", {"system_time": "5", "funding_timestamp": "5"}, "the exchange stands at"),
    ):
        other.write_text(json.dumps({**case, place: {**case[place], **change}}))
        refused(run(submit_batch, other, "--account", "TEST::1", *MEMBERS), cause)
    assert chain.blocks.head.number == before


def test_members_sign_where_their_keys_are(opened, first_batch, users, chain, tmp_path):
    """Files of two members are as good as their accounts; one of another claim is not."""
    claim = delivery.Delivery(opened, delivery.read_batch(first_batch, opened)).claim()
    paths = [tmp_path / f"{alias}.signature" for alias in ("one", "two")]
    for alias, path in zip(("TEST::2", "TEST::3"), paths, strict=True):
        output = accepted(run(sign_availability, first_batch, "--account", alias, "-o", path))
        assert "keep it" in output
    _, after = read_state(first_batch.with_name("batch.json.after.json"))
    assert after.hash() == delivery.read_batch(first_batch, opened).after.hash()
    signatures = [Signature.read(path) for path in paths]
    assert [signature.claim for signature in signatures] == [claim, claim]
    proof = delivery.availability_of(opened.committee, claim, signatures)
    opened.committee.verifyAvailabilityProof(claim, proof, sender=users.stranger)
    assert opened.committee.isValid(claim)
    document = json.loads(paths[0].read_text())
    before = chain.blocks.head.number
    for change, cause in (
        ({"claim": "0x" + "00" * 32}, "the claim is 0x"),
        ({"member": str(users.stranger)}, "1 members have signed"),
        ({"signature": json.loads(paths[1].read_text())["signature"]}, "the signature is"),
        ({"signature": "0x00"}, "signature is none"),
        ({"member": "0x00"}, "is no member of the committee"),
    ):
        paths[0].write_text(json.dumps({**document, **change}))
        with pytest.raises(delivery.Refused, match=cause):
            delivery.availability_of(opened.committee, claim, [Signature.read(path) for path in paths])
    assert chain.blocks.head.number == before
    paths[0].write_text("{}")
    with pytest.raises(delivery.Refused, match="is no member's signature"):
        Signature.read(paths[0])


def test_bls_members_sign_apart_and_are_summed(project, users, tmp_path):
    secrets = [BLS_SECRET, BLS_SECRET + 1, BLS_SECRET + 2]
    members = [BlsMember.of(secret) for secret in secrets]
    keys, proofs = [member.public_key for member in members], [member.possession for member in members]
    committee = project.BlsCommittee.deploy(keys, proofs, 2, sender=users.governor)
    claim = bytes(range(32))
    signatures = [Signature.of_key(secret, claim) for secret in (secrets[2], secrets[0])]
    path = tmp_path / "signature"
    signatures[0].write(path)
    proof = delivery.availability_of(committee, claim, [Signature.read(path), signatures[1]])
    committee.verifyAvailabilityProof(claim, proof, sender=users.stranger)
    assert committee.isValid(claim)
    stranger = Signature.of_key(BLS_SECRET + 9, claim)
    with pytest.raises(delivery.Refused, match="is no member of the committee"):
        delivery.availability_of(committee, claim, [signatures[0], stranger])
    forged = Signature(claim, signatures[1].member, signatures[0].signature)
    with pytest.raises(delivery.Refused, match="did not sign this claim"):
        delivery.availability_of(committee, claim, [signatures[0], forged])
    with pytest.raises(delivery.Refused, match="1 members have signed, 2 must"):
        delivery.availability_of(committee, claim, signatures[:1])


def changed(folder: Path, **changes: object) -> Path:
    path = folder / "next.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load((folder / "mine.yaml").read_text()), **changes}))
    return path


def test_a_configuration_is_announced_waits_and_is_applied(opened, folder, chain):
    """The general one and an asset's, each with a hash of its own; the record's document follows."""
    (btc,) = PARAMETERS["assets"]
    path = changed(folder, max_funding_rate=1000, assets=[{**btc, "segments": [{"margin": 12}]}])
    refused(run(apply_configuration, path), "BTC-10 was not announced")
    refused(run(announce_configuration, path, "--account", "TEST::5"), "is no main governor")
    refused(run(announce_configuration, folder / "mine.yaml"), "has this configuration already")
    announced = accepted(run(announce_configuration, path))
    assert announced.count("due in") == 2 and "the general configuration: 0x" in announced
    assert accepted(run(announce_configuration, path)).count("announced before") == 2
    refused(run(apply_configuration, path), "it is too early")
    travel(opened.exchange.configurationDelay())
    output = accepted(run(apply_configuration, path))
    assert output.count("applied") == 2
    config, _ = read_state(place_of("mine").state_file)
    assert config.max_funding_rate == 1000
    assert int.from_bytes(opened.exchange.globalConfigurationHash(), "big") == config.hash()
    refused(run(apply_configuration, path), "has this configuration already")
    document = folder / "config.json"
    document.write_text(config.model_copy(update={"max_funding_rate": 999}).model_dump_json())
    assert accepted(run(announce_configuration, document)).count("due in") == 1


def test_an_application_that_was_stopped_goes_on(opened, folder, chain, monkeypatch):
    (btc,) = PARAMETERS["assets"]
    place = place_of("mine")
    kept = place.state_file.read_text()
    path = changed(folder, max_funding_rate=900, assets=[{**btc, "segments": [{"margin": 13}]}])
    accepted(run(announce_configuration, path))
    travel(opened.exchange.configurationDelay())
    send, count = type(chain.provider).send_transaction, 0

    def ends(self, txn):
        send(self, txn)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(type(chain.provider), "send_transaction", ends)
        for _ in range(2):
            with pytest.raises(Killed):
                run(apply_configuration, path)
            count += 1
    assert place.state_file.read_text() == kept
    accepted(run(apply_configuration, path))
    config, _ = read_state(place.state_file)
    assert config.max_funding_rate == 900 and count == 2


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"assets": [{**PARAMETERS["assets"][0], "quorum": 2}]}, "quorum 2 is even"),
        ({"assets": [{**PARAMETERS["assets"][0], "quorum": 5}]}, "quorum 5 of 3 oracles never signs"),
        ({"heights": {"positions": 32}}, "positions_tree_height is fixed"),
        ({"mode": "rollup"}, "data_availability_mode is fixed"),
        ({"max_funding_rate": 1 << 64}, "max_funding_rate: Input should be less"),
        ({"price_validity": 0}, "price_validity"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_would_stop_everything_is_not_announced(opened, folder, chain, changes, cause):
    before = chain.blocks.head.number
    refused(run(announce_configuration, changed(folder, **changes)), cause)
    assert chain.blocks.head.number == before


def test_a_governor_is_nominated_and_accepts(opened, users):
    """The parameter file nominated the stranger to both sets."""
    refused(run(accept_governance, "--account", "TEST::5"), "there is nothing to accept")
    shown = accepted(run(accept_governance, "--calldata"))
    assert f"main: to {opened.exchange.address}, value 0, data 0x" in shown and shown.count("data 0x") == 2
    first = accepted(run(accept_governance, "--account", "TEST::3", "--which", "main"))
    assert "is a main governor (" in first and opened.exchange.mainIsGovernor(users.stranger)
    both = accepted(run(accept_governance, "--account", "TEST::3"))
    assert "is a main governor already" in both and opened.exchange.proxyIsGovernor(users.stranger)
    refused(run(accept_governance, "--account", "TEST::3"), "there is nothing to accept")
