"""What no block takes is replaced, what the node lost is broadcast again, and one nonce has one winner."""

from dataclasses import replace

import pytest

from freehold.services.operator.fees import FeePolicy
from freehold.services.operator.lifecycle import abandon
from tests.support.served_exchange import ALL, GWEI, raise_fee

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_above_the_most_nothing_is_sent_until_fees_fall(operator, first):
    anvil = operator.served.anvil
    anvil.next_base_fee(600 * GWEI)
    anvil.mine()
    operator.work()
    assert operator.sent() == [] and "at most" in operator.submitter.waits_for
    anvil.next_base_fee(3 * GWEI)
    anvil.mine()
    operator.work()
    assert operator.purposes() == ALL and operator.submitter.waits_for is None


def test_a_transaction_that_no_block_takes_is_replaced_at_a_higher_fee(operator, stuck):
    operator.turn()
    assert [row.attempt for row in operator.sent()][:1] == [0] and len({row.nonce for row in operator.sent()}) == 2
    raise_fee(operator, 3)
    operator.turn()
    attempts = [row for row in operator.sent() if row.purpose == "fact"]
    assert [row.attempt for row in attempts] == [0, 1] and len({row.nonce for row in attempts}) == 1
    assert attempts[1].max_fee >= attempts[0].max_fee * 1.125 and attempts[1].tip >= attempts[0].tip * 1.125
    operator.served.anvil.automine(True)
    operator.served.anvil.mine()
    operator.work()
    assert operator.state(0) == "mined"
    assert [row.succeeded for row in operator.sent() if row.purpose == "fact"] == [None, True]


def test_the_replaced_transaction_is_mined_instead_of_the_replacement(operator, stuck):
    raise_fee(operator, 3)
    operator.turn()
    old, _ = (row for row in operator.sent() if row.purpose == "fact")
    anvil = operator.served.anvil
    for row in operator.sent():
        anvil.drop(row.hash)
    anvil.next_base_fee(GWEI)
    anvil.mine()
    anvil.node.send(old.raw)
    anvil.next_base_fee(GWEI)
    anvil.mine()
    anvil.automine(True)
    operator.work()
    assert operator.state(0) == "mined"
    assert [row.succeeded for row in operator.sent() if row.purpose == "fact"] == [True, None]
    assert [row.purpose for row in operator.sent() if row.attempt == 0] == ALL


def test_a_replacement_above_the_most_is_not_made(operator, first):
    poor = replace(operator, policy=FeePolicy(most=50 * GWEI, bump=0.125))
    anvil = operator.served.anvil
    anvil.automine(False)
    poor.turn()
    poor.turn()
    raise_fee(poor, 4)
    poor.turn()
    assert {row.attempt for row in poor.sent()} == {0} and "above the most" in poor.submitter.waits_for


def test_a_transaction_that_the_node_lost_is_broadcast_again_as_it_was(operator, first):
    anvil = operator.served.anvil
    anvil.automine(False)
    operator.turn()
    operator.turn()
    (row,) = [row for row in operator.sent() if row.purpose == "fact"]
    anvil.drop(row.hash)
    assert not anvil.node.knows(row.hash)
    operator.turn()
    assert anvil.node.knows(row.hash) and len(operator.sent()) == 2
    anvil.automine(True)
    anvil.mine()
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ALL


def test_without_money_nothing_is_sent_and_the_reason_is_told(operator, first):
    anvil, address = operator.served.anvil, operator.sender.signer.address
    anvil.ask("anvil_setBalance", address, hex(5))
    operator.work()
    assert operator.sent() == [] and f"{address} has 5 wei" in operator.submitter.waits_for
    assert operator.sender.balance() == 5


def test_a_nonce_that_was_used_elsewhere_is_noticed_and_the_step_sent_anew(operator, first):
    anvil, address = operator.served.anvil, operator.sender.signer.address
    anvil.automine(False)
    operator.turn()
    operator.turn()
    for row in operator.sent():
        anvil.drop(row.hash)
    for _ in range(2):
        anvil.ask("eth_sendTransaction", {"from": address, "to": address, "value": "0x1"})
    anvil.mine()
    anvil.automine(True)
    operator.work()
    assert operator.state(0) == "mined" and operator.purposes() == ["fact", "availability", *ALL]


def test_a_transaction_of_an_abandoned_batch_gives_way_to_nothing(operator, stuck):
    with operator.writer.unit() as session:
        abandon(session, 0, "for a test", 0.0)
    raise_fee(operator, 1)
    operator.watcher.step()
    operator.sender.watch()
    assert [row.purpose for row in operator.sent() if row.attempt == 1] == ["nothing"] * 2
    operator.served.anvil.automine(True)
    operator.served.anvil.mine()
    operator.work()
    assert [row.succeeded for row in operator.sent() if row.attempt == 1] == [True] * 2
