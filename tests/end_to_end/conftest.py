"""What scenarios without proofs share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freehold.chain import deployment
from scripts import deploy


@pytest.fixture(scope="module")
def no_verifier() -> Iterator[None]:
    """Deployments get a registry in the place of the verifier: for tests in which nothing is proven."""

    def deploy_registry(project, account, *_):
        return account.deploy(project.ObedientRegistry)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deployment, "deploy_verifier", deploy_registry)
        patch.setattr(deployment, "register_program", lambda *_: 1)
        patch.setattr(deploy, "verify_deployment", lambda *_: [])  # it would find the registry
        yield
