"""The network that a command is connected to."""

from __future__ import annotations

from ape import networks


def is_local() -> bool:
    """A chain of this machine's own, where nothing is worth anything."""
    return networks.provider.network.is_dev


def time_travels() -> bool:
    """The chain lets its clock be moved: Ape's embedded one does, and anvil as Ape's foundry provider."""
    return is_local() and networks.provider.name in ("test", "foundry")


def network_name() -> str:
    """As Ape writes it: ecosystem:network:provider."""
    return networks.provider.network_choice
