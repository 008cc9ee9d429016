"""The network that a command is connected to."""

from __future__ import annotations

from freehold.chain.managers import chain, networks
from freehold.errors import Refused

CANCUN = "0x5f5f5f5e5f5c5000"
"""MCOPY of nothing, TLOAD of nothing: instructions that came with that upgrade."""


def is_local() -> bool:
    """A chain of this machine's own, where nothing is worth anything."""
    return bool(networks.provider.network.is_dev)


def time_travels() -> bool:
    """The chain lets its clock be moved: Ape's embedded one does, and anvil as Ape's foundry provider."""
    return is_local() and networks.provider.name in ("test", "foundry")


def network_name() -> str:
    """As Ape writes it: ecosystem:network:provider."""
    return str(networks.provider.network_choice)


def head_number() -> int:
    """Of the newest block."""
    return int(chain.blocks.head.number or 0)


def refuse_old_chain() -> None:
    """The contracts use instructions that came with Ethereum's Cancun upgrade: elsewhere a deployment only costs.

    Raises Refused. The node runs them as the creation of a contract that is never made.
    """
    try:
        networks.provider.web3.eth.call({"data": CANCUN})
    except Exception as error:  # each kind of node says in its own way that it knows no such instruction
        reason = " ".join(str(error).split())[:200]
        raise Refused(
            f"{network_name()} is older than Ethereum's Cancun upgrade, whose instructions the contracts use: {reason}"
        ) from error
