"""A node's answers are read or refused, a contract's refusal has its name, and no message shows the node's address."""

import pytest

from freehold.errors import Refused
from freehold.ethereum.coding import Contract, Reverted
from freehold.ethereum.node import Node, NodeRefuses
from freehold.ethereum.signer import LocalKey
from freehold.patience import NodeFails
from freehold.services.operator.contracts import open_contracts
from prover.algebra.keccak import keccak256
from tests.support.ports import free_port

STRANGER = "0x" + "99" * 20


class Answers(Node):
    """What a node might say."""

    answer: object = None

    def ask(self, method, *parameters):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def node_that_says(answer) -> Answers:
    node = Answers("http://127.0.0.1:1")
    node.answer = answer
    return node


def test_a_refusal_has_its_name_and_its_values(exchange):
    node, target = exchange.anvil.node, exchange.contracts.exchange
    with pytest.raises(Reverted) as caught:
        node.simulate(target.address, target.data("updateState", [0] * 40, [0, 0, 0]), STRANGER)
    assert caught.value.name == "OnlyOperator" and str(caught.value).startswith("OnlyOperator(")
    with pytest.raises(Reverted) as caught:
        node.estimate(STRANGER, target.address, target.data("updateState", [0] * 40, [0, 0, 0]))
    assert caught.value.name == "OnlyOperator"


def test_what_reverts_without_a_known_name_is_shown_as_it_is():
    assert str(Reverted(b"\1\2\3\4")) == "an error that is not known here, 0x01020304"
    assert str(Reverted(b"", "execution reverted")) == "execution reverted"
    text = keccak256(b"Error(string)")[:4] + (32).to_bytes(32, "big") + (2).to_bytes(32, "big") + b"no".ljust(32, b"\0")
    assert str(Reverted(text)) == "'no'"


def test_the_state_after_an_older_block_is_asked(exchange):
    node, target = exchange.anvil.node, exchange.contracts.exchange
    operator = exchange.kit.operator.address
    assert node.call(target, "isOperator", operator) is True
    with pytest.raises(NodeFails):
        node.call(target, "isOperator", operator, at=node.header(0).hash)
    with pytest.raises(NodeFails):
        node.call(target, "isOperator", operator, at=b"\1" * 32)


def test_a_message_does_not_show_the_nodes_address():
    node = Node(f"http://user:secret@127.0.0.1:{free_port()}/key", timeout=0.2)
    with pytest.raises(NodeFails) as caught:
        node.head()
    assert "secret" not in str(caught.value) and "key" not in str(caught.value)
    assert "ConnectionError" in str(caught.value)


@pytest.mark.parametrize(
    "message", ["already known", "ALREADY_EXISTS: already known", "nonce too low: next nonce 5, tx nonce 4"]
)
def test_what_the_node_has_already_is_no_failure(message):
    node_that_says(NodeRefuses("eth_sendRawTransaction", message)).send(b"\1")


def test_what_the_node_does_not_take_is_one():
    with pytest.raises(NodeRefuses, match="insufficient funds"):
        node_that_says(NodeRefuses("eth_sendRawTransaction", "insufficient funds for gas")).send(b"\1")


@pytest.mark.parametrize("answer", [None, "zz", 5, {}, []])
def test_an_answer_that_is_no_number_is_refused(answer):
    with pytest.raises(NodeFails, match="where a number is due"):
        node_that_says(answer).chain_id()


def test_an_address_without_the_contract_is_refused(exchange):
    with pytest.raises(NodeFails, match="answers what it cannot"):
        exchange.anvil.node.call(Contract(STRANGER, "Exchange"), "isFrozen")


def test_a_record_of_another_chain_or_of_nothing_is_refused(exchange):
    node = exchange.anvil.node
    record = exchange.kit.record(node.chain_id())
    assert open_contracts(node, record) == exchange.contracts
    with pytest.raises(Refused, match="the exchange is on chain 5, the node is of chain 1337"):
        open_contracts(node, record.model_copy(update={"chain_id": 5}))
    with pytest.raises(Refused, match="there is no contract at the verifier's address 0x99"):
        open_contracts(node, record.model_copy(update={"verifier": STRANGER}))
    with pytest.raises(Refused, match="the record does not name the adapter"):
        open_contracts(node, record.model_copy(update={"adapter": None}))


@pytest.mark.parametrize("secret", [0, (1 << 256) - 1])
def test_a_secret_that_is_no_key_is_refused(secret):
    with pytest.raises(Refused, match="the account's key is none"):
        LocalKey(secret)
