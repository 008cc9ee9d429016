"""Contracts for other repositories: from the package, from the checkout behind it, or refused in one line."""

from __future__ import annotations

import json

import pytest
from ape.managers.project import ContractManager, LocalProject

from freehold.chain import packaged
from freehold.chain.compilation import keep_fresh
from freehold.chain.packaged import PackagedProject
from freehold.chain.packaging import packaged_contracts
from freehold.errors import Refused

NEEDED = ("IFreehold", "FreeholdProxy", "StarkVerifier", "ObedientRegistry", "ObedientEscapes", "PlainToken", "Batcher")


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of nobody's checkout."""
    monkeypatch.setattr(packaged, "PACKAGE", tmp_path / "freehold")
    monkeypatch.setattr(packaged, "CONTRACTS", tmp_path / "contracts.json")
    return tmp_path


def test_the_package_has_what_deployments_and_tests_need(package, project):
    (package / "contracts.json").write_text(packaged_contracts())
    found = PackagedProject()
    for name in NEEDED:
        own = project.get_contract(name).contract_type
        assert found.get_contract(name).contract_type.deployment_bytecode == own.deployment_bytecode
        assert getattr(found, name).contract_type.abi == own.abi
    with pytest.raises(AttributeError, match="no contract Feehold"):
        _ = found.Feehold


def test_a_package_without_contracts_is_refused(package):
    with pytest.raises(Refused, match="has no compiled contracts"):
        PackagedProject().get_contract("Freehold")


@pytest.fixture
def checkout(package):
    """Its Python is a shell script."""
    (package / packaged.CONFIG).write_text("name: freehold\n")
    python = package / ".venv/bin/python"
    python.parent.mkdir(parents=True)

    def does(line: str) -> None:
        python.write_text(f"#!/bin/sh\n{line}\n")
        python.chmod(0o755)

    return does


def test_a_checkout_is_asked_anew(checkout, package, project):
    """What was written before is of older sources, perhaps."""
    (package / "contracts.json").write_text("{}")
    kind = project.PlainToken.contract_type.model_dump(mode="json", by_alias=True)
    (package / "new.json").write_text(json.dumps({"PlainToken": kind}))
    checkout("cp new.json contracts.json")
    assert "PlainToken" in PackagedProject().contracts


def test_a_checkout_that_does_not_compile_is_refused(checkout, package):
    checkout("echo 'Error: it does not compile' >&2; exit 1")
    with pytest.raises(Refused, match=r"`make contracts` there \(Error: it does not compile\)"):
        _ = PackagedProject().contracts


def test_another_project_keeps_apes_way_of_compiling(tmp_path):
    keep_fresh()
    (tmp_path / packaged.CONFIG).write_text("name: mine\n")
    assert type(LocalProject(tmp_path).contracts) is ContractManager
    (tmp_path / packaged.CONFIG).write_text("name: freehold\n")
    assert type(LocalProject(tmp_path).contracts) is not ContractManager
