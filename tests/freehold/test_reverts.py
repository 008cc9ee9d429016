"""What a contract refused with is read from its bytes, by the package's ABIs and whatever else is given."""

import pytest
from eth_abi import encode

from freehold import reverts
from prover.algebra.keccak import keccak256


def data_of(signature: str, *values: object) -> bytes:
    kinds = [kind for kind in signature.split("(")[1][:-1].split(",") if kind]
    return keccak256(signature.encode())[:4] + encode(kinds, values)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            data_of("ConditionNotMet(uint256,address,bytes32)", 3, "0x" + "11" * 20, b"\2" * 32),
            f"ConditionNotMet(index = 3, registry = 0x{'11' * 20}, fact = 0x{'02' * 32})",
        ),
        (data_of("StateIsFrozen()"), "StateIsFrozen()"),
        (data_of("Error(string)", "no"), "'no'"),
        (data_of("Panic(uint256)", 17), "the contract panics with code 0x11"),
        (b"", "the contract refuses and gives no reason"),
    ],
)
def test_words(data, words):
    assert reverts.words_of(data) == words


@pytest.mark.parametrize("data", [data_of("Unheard(uint256)", 5), b"\1\2", data_of("Error(string)", "no")[:20]])
def test_what_cannot_be_read_is_shown_as_it_is(data):
    assert reverts.said(data) is None
    assert reverts.words_of(data) == f"an error that is not known here, 0x{data.hex()}"


def test_more_errors_are_known_where_they_are_given():
    entry = {"type": "error", "name": "Unheard", "inputs": [{"type": "uint256", "name": ""}]}
    data, more = data_of("Unheard(uint256)", 5), reverts.errors_in([entry])
    assert reverts.said(data, more) == reverts.Said("Unheard", [""], (5,))
    assert reverts.words_of(data, more) == "Unheard(5)"
