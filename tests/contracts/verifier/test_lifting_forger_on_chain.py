"""The forger of a lifted column before the contract's own query phase, which refuses where the verifier does."""

from __future__ import annotations

import ape
import pytest

from prover.stark import verifier
from tests.support.lifting_forger import FORGED, HONEST, LAYOUT, LOG_H, PARAMETERS, Proof, Prover, query_of

FIRST_FRI_LAYER = 16


def context_of(proof: Proof) -> dict:
    """The query phase's context, as `HeaderVerifier` would make it of this layout: every k is 1."""
    query, positions = query_of(proof)
    rows = [(tree, log) for tree in LAYOUT.trees() for log in LAYOUT.physical_heights(tree)]
    points: list[tuple[int, int]] = []
    claims: dict[int, int] = {}
    openings = []
    for term, _, (claimed,) in query.terms:
        group = term.group
        point = group.log_height, verifier.term_point(LAYOUT, term, query.z)
        if point not in points:
            points.append(point)
        number, row = points.index(point), rows.index((group.tree, group.log_physical))
        claims[number] = claims.get(number, 0) + claimed
        first = verifier.first_in_row(LAYOUT, group)
        openings += [number << 32 | row << 16 | first + column for column in term.columns]
    width = {row: sum(len(group.columns) for group in LAYOUT.row_groups(*row)) for row in rows}
    return {
        "transcript": bytes(32),
        "fact": bytes(32),
        "logDegree": LOG_H,
        "lambda": query.power,
        "roots": [0, *query.roots.values()],
        "rows": [tree << 32 | log << 16 | width[tree, log] for tree, log in rows],
        "points": [word for point in points for word in point],
        "claims": [
            word
            for number, claimed in claims.items()
            for word in (number << 24 | points[number][0] << 8 | 1, claimed % verifier.PRIME)
        ],
        "openings": openings,
        "friRoots": query.fri_roots,
        "zetas": query.zetas,
        "last": query.last,
        "positions": positions,
    }


@pytest.fixture(scope="module")
def check(project, prover_account):
    harness = prover_account.deploy(project.QueryPhaseHarness)
    settings = {
        "logBlowup": PARAMETERS.log_blowup,
        "logArity": PARAMETERS.log_arity,
        "logLast": PARAMETERS.log_last,
        "digestBytes": PARAMETERS.digest_bytes,
    }
    return harness, lambda proof: harness.check(context_of(proof), settings, proof.openings)


def test_the_honest_prover_is_accepted(check):
    _, judged = check
    judged(Prover(HONEST, naive=False).prove())


@pytest.mark.parametrize("plays_against_naive", [True, False])
def test_the_forger_is_refused(check, plays_against_naive):
    harness, judged = check
    with ape.reverts(harness.OpeningRefused, tree=FIRST_FRI_LAYER):
        judged(Prover(FORGED, naive=plays_against_naive).prove(tries=1 << 10))
