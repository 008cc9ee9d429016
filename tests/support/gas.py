"""Calls beside the chain; what a transaction costs: execution, calldata, and the floor set by calldata (EIP-7623)."""

from __future__ import annotations

from dataclasses import dataclass

from prover.algebra.keccak import keccak256

TRANSACTION = 21_000
MAX_TRANSACTION_GAS = 1 << 24
"""EIP-7825."""
MAX_TRANSACTION_BYTES = 128 << 10
"""What public mempools take."""


@dataclass(frozen=True)
class Cost:
    """`used`: of the receipt, under Prague rules. `execution`: without the transaction itself and its calldata."""

    used: int
    execution: int
    calldata_bytes: int
    floor: int

    @property
    def execution_per_byte(self) -> float:
        return self.execution / self.calldata_bytes


def floor_of(data: bytes) -> int:
    """21,000 and 10 gas a zero byte, 40 a non-zero one: the least that a transaction pays."""
    zeros = data.count(0)
    return TRANSACTION + 10 * zeros + 40 * (len(data) - zeros)


def execute(provider, account, contract, data: bytes):
    """Executes a call beside the chain, which it leaves as it was: py-evm's computation, with output and gas."""
    sender, to = (bytes.fromhex(one.address[2:]) for one in (account, contract))
    vm = provider.evm_backend.chain.get_vm()
    snapshot = vm.state.snapshot()
    computation = vm.execute_bytecode(
        origin=sender,
        gas_price=0,
        gas=MAX_TRANSACTION_GAS,
        to=to,
        sender=sender,
        value=0,
        data=data,
        code=vm.state.get_code(to),
    )
    vm.state.revert(snapshot)
    return computation


def error_names(contract) -> dict[bytes, str]:
    """Selector -> name of a contract's errors."""
    return {keccak256(error.selector.encode())[:4]: error.name for error in contract.contract_type.errors}


def cost_of(provider, account, contract, data: bytes) -> Cost:
    """Sends a transaction and says what it cost. Its receipt does not show execution where the floor is above it."""
    computation = execute(provider, account, contract, data)
    computation.raise_if_error()
    receipt = account.transfer(contract, 0, data=data)
    return Cost(receipt.gas_used, computation.get_gas_used(), len(data), floor_of(data))
