"""The network that a command is connected to."""

from __future__ import annotations

from freehold.chain.managers import chain, networks


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
