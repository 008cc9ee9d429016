"""One exchange for all its tests; Ape starts each test function from one snapshot.

Ape is made faster here, and stricter. On anvil its own work would take most of the time; it leaves out what no test
reads. And `ape.reverts` compares the error that a test names with what came: by itself it lets pass what it could not
decode, as revert data with a byte 0x27, and compares nothing where the error is a contract's that is not deployed.
"""

from __future__ import annotations

from ast import literal_eval

import pytest
from ape import networks
from ape.exceptions import ContractLogicError, CustomError
from ape.pytest.contextmanagers import RevertsContextManager
from ape_test.provider import LocalProvider
from eth_tester.exceptions import TransactionFailed

from freehold.testing.kit import Kit
from freehold.testing.speed import no_idle_work
from prover.algebra.keccak import keccak256


@pytest.fixture(scope="session", autouse=True)
def _no_idle_work():
    with no_idle_work():
        yield


@pytest.fixture(scope="session", autouse=True)
def _refusals_are_compared():
    leave, decode = RevertsContextManager.__exit__, LocalProvider.get_virtual_machine_error

    def compare(self, kind, value, traceback) -> bool:
        done = leave(self, kind, value, traceback)
        expected = self.expected_message
        if isinstance(expected, type) and issubclass(expected, CustomError):
            data = revert_data(value)
            wanted = keccak256(expected.abi.selector.encode())[:4]
            assert data[:4] == wanted, (
                f"{expected.abi.selector} was expected, {data[:4].hex() or 'nothing'} came: {value}"
            )
            read = networks.ethereum.decode_calldata(expected.abi, data[4:])
            assert {name: read[name] for name in self.error_inputs} == self.error_inputs
        return done

    def decode_quoted(self, exception, **kwargs):
        return decode(self, requoted(exception), **kwargs)

    RevertsContextManager.__exit__, LocalProvider.get_virtual_machine_error = compare, decode_quoted
    yield
    RevertsContextManager.__exit__, LocalProvider.get_virtual_machine_error = leave, decode


def requoted(exception: Exception) -> Exception:
    """The chain shows revert data as Python does, b"..." where a byte is an apostrophe; Ape reads b'...' alone."""
    before, said, data = str(exception).partition("execution reverted: ")
    if not isinstance(exception, TransactionFailed) or not data.startswith('b"'):
        return exception
    escaped = "".join(f"\\x{byte:02x}" for byte in literal_eval(data))
    return TransactionFailed(f"{before}{said}b'{escaped}'")


def revert_data(refusal: ContractLogicError) -> bytes:
    """Ape keeps it in place of a message where it does not know the error, and in the error where it does."""
    if isinstance(refusal, CustomError):
        selector = keccak256(refusal.abi.selector.encode())[:4]
        return selector + networks.ethereum.encode_calldata(refusal.abi, *refusal.inputs.values())
    return bytes.fromhex(refusal.revert_message.removeprefix("0x"))


@pytest.fixture(scope="session")
def kit(project, accounts, chain):
    """Alice and bob are registered."""
    made = Kit(project, accounts, chain)
    made.register(made.alice, made.bob)
    return made
