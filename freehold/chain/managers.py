"""Ape's managers under their types. Ape makes its own names at first use, so that to a type checker they say nothing;
classes are therefore imported from where they are defined, and managers from here."""

from __future__ import annotations

from typing import cast

import ape
from ape.managers.accounts import AccountManager
from ape.managers.chain import ChainManager
from ape.managers.networks import NetworkManager
from ape.managers.project import ProjectManager

from freehold.chain.packaged import PackagedProject, is_checkout

accounts = cast(AccountManager, ape.accounts)
chain = cast(ChainManager, ape.chain)
networks = cast(NetworkManager, ape.networks)
project = cast(ProjectManager, ape.project if is_checkout(ape.project.path) else PackagedProject())
"""Freehold's own: Ape's where that is a checkout of Freehold, else the package's contracts."""
