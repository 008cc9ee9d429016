"""Fixtures that several parts of the suite share: people, programs and small proofs, each made once a session."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from _pytest._code import Traceback
from ape import project

from freehold.chain.compilation import bring_up_to_date, keep_fresh
from freehold.testing.parameters import SMALL
from prover.cairo.program import Program
from prover.cairo.prove import prove_run
from prover.cairo.run import run_program
from tests.support.paths import ROOT

keep_fresh()


def pytest_collection_finish(session):
    """Contracts are compiled before the first test that has them, where nothing is captured and no time is limited."""
    if any("project" in item.fixturenames for item in session.items) and not session.config.option.collectonly:
        with session.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            bring_up_to_date(project, project.sources)


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(report, call):
    """A failure shows this project's frames. Ape takes `.venv` for a part of the project and prints its locals too."""
    own = [frame for frame in call.excinfo.traceback if _is_own(frame)]
    if own:
        call.excinfo.traceback = Traceback(own)
        report.longrepr = call.excinfo.getrepr(style="short", abspath=False, tbfilter=False, chain=False)


def _is_own(frame) -> bool:
    path = Path(frame.path)
    return path.is_relative_to(ROOT) and not path.is_relative_to(ROOT / ".venv")


@pytest.fixture(scope="session")
def hashes_program() -> Program:
    path = ROOT / "tests/prover/cairo/programs/hashes.json"
    return Program.from_json(json.loads(path.read_text()))


@pytest.fixture(scope="session")
def hashes_run(hashes_program):
    return run_program(hashes_program, {"n": 5})


@pytest.fixture(scope="session")
def small_proof(hashes_run):
    return prove_run(hashes_run, SMALL)
