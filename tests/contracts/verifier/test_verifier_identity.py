"""What a user compares at a verifier: one word that names all that it believes, the same in Python."""

from dataclasses import replace

import pytest

from freehold.chain.verifier import deploy_shape, parameter_words
from freehold.testing.parameters import SMALL
from prover.cairo.prove import key_of
from prover.cairo.statement import proven_identity
from prover.codegen.shapes import HASH_BUILTINS

KEY = key_of(HASH_BUILTINS, SMALL)


@pytest.fixture(scope="module")
def shape(project, prover_account):
    return deploy_shape(project, prover_account, "HashShape")


def test_a_verifier_has_the_identity_of_its_key(project, verifier, number, hashes_program):
    header_verifier = project.HeaderVerifier.at(verifier.headerVerifier())
    assert header_verifier.identity() == KEY.identity
    assert verifier.identity(number) == proven_identity(KEY, hashes_program.data)


@pytest.mark.parametrize(
    "change",
    [
        {"log_blowup": 3},
        {"n_queries": 4},
        {"grinding_bits": 0},
        {"log_arity": 2},
        {"log_last": 5},
        {"digest_bytes": 16},
        {"log_packing": (1, 2, 2)},
        {"log_packing": (2, 1, 2)},
        {"log_packing": (2, 2, 1)},
    ],
    ids=lambda change: " ".join(f"{name} {value}" for name, value in change.items()),
)
def test_other_parameters_have_another_identity(project, prover_account, shape, change):
    """Of the same root, so that the parameter alone differs."""
    words = parameter_words(replace(SMALL, **change))
    other = prover_account.deploy(project.HeaderVerifier, shape, KEY.preprocessed_root, words)
    assert other.identity() == replace(KEY, parameters=replace(SMALL, **change)).identity != KEY.identity


def test_a_false_window_table_has_another_identity(project, prover_account, shape, verifier, number):
    """Shape and program have the names of a true one's."""
    root = KEY.preprocessed_root ^ 1
    false = prover_account.deploy(project.HeaderVerifier, shape, root, parameter_words(SMALL))
    assert false.programKind()[0] == verifier.shapeId() == KEY.shape.identity
    assert false.identity() == replace(KEY, preprocessed_root=root).identity != KEY.identity


def test_another_shape_has_another_identity(project, prover_account):
    plain = deploy_shape(project, prover_account, "PlainShape")
    other = prover_account.deploy(project.HeaderVerifier, plain, KEY.preprocessed_root, parameter_words(SMALL))
    assert other.identity() != KEY.identity


def test_how_openings_are_cut_is_in_no_identity(project, prover_account, shape):
    words = parameter_words(replace(SMALL, part_queries=2))
    other = prover_account.deploy(project.HeaderVerifier, shape, KEY.preprocessed_root, words)
    assert other.identity() == KEY.identity
