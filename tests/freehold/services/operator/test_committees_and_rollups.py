"""Other exchanges: a rollup's batch comes on chain with its data, a committee may sign with BLS keys."""

import pytest
from py_ecc.bls.ciphersuites import G2ProofOfPossession as Scheme

from freehold.services.operator.tables import Batch, Signature
from freehold.testing.output_words import ROLLUP, availability_claim
from prover.algebra.keccak import keccak_of_words
from tests.support.served_exchange import BLS_SECRETS, Operator, proof_fact, serve, state_hash

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
DATA = [0, 5, 77]


@pytest.fixture
def beginning(anvil):
    snapshot = anvil.snapshot()
    yield
    anvil.revert(snapshot)


def operator_of(served, writer) -> Operator:
    operator = Operator(served, writer)
    operator.root()
    operator.read()
    return operator


@pytest.fixture
def rollup(anvil, beginning, project, accounts, chain, writer):
    return operator_of(serve(anvil, project, accounts, chain, committee=None), writer)


def output_of(kit):
    return kit.output(mode=ROLLUP, data=(int.from_bytes(keccak_of_words(DATA), "big"), len(DATA)))


def test_a_rollups_batch_comes_with_its_data(rollup):
    with rollup.served.people() as kit:
        output = output_of(kit)
    rollup.batch(0, output, data=DATA)
    rollup.work()
    assert rollup.state(0) == "mined" and rollup.purposes() == ["fact", "data", "update"]
    assert state_hash(rollup) == output.after.hash()


def test_data_that_somebody_else_published_is_not_sent_again(rollup):
    with rollup.served.people() as kit:
        output = output_of(kit)
        kit.proofs.declare(proof_fact([*output.main_words(), *DATA]), sender=kit.stranger)
        kit.verifier.publish(output.main_words(), DATA, sender=kit.stranger)
    rollup.batch(0, output, data=DATA)
    rollup.work()
    assert rollup.state(0) == "mined" and rollup.purposes() == ["update"]


def test_signatures_of_bls_keys_are_summed(anvil, beginning, project, accounts, chain, writer):
    operator = operator_of(serve(anvil, project, accounts, chain, committee="bls"), writer)
    with operator.served.people() as kit:
        output = kit.output()
    operator.batch(0, output)
    with operator.writer.unit() as session:
        claim = availability_claim(output.after, session.get_one(Batch, 0).sequence_number)
        for secret in BLS_SECRETS[::2]:
            key, signature = Scheme.SkToPk(secret), Scheme.Sign(secret, claim)
            row = Signature(batch=0, member="0x" + key.hex(), claim=claim, signature=signature, received_at=0.0)
            session.add(row)
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ["fact", "availability", "update"]
