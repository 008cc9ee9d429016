"""One batch with all kinds of transactions of each version, in Validium and in rollup form."""

import pytest

from prover.applications.perpetual.errors import Code
from tests.support.every_kind import every_kind
from tests.support.world import (
    ALICE,
    FEES,
    key,
)


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("mode", [0, 1], ids=["validium", "rollup"])
def test_a_batch_of_every_kind(mode, version):
    batch = every_kind(mode, version)
    kinds = {transaction.number for transaction in batch.transactions}
    assert kinds == set(range(10 + version)) and len(kinds) == 10 + version
    assert batch.served == (
        Code.SUCCESS,
        Code.ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE,
        Code.SUCCESS,
        Code.INVALID_PUBLIC_KEY,
    )
    assert batch.conditions == (99,)
    assert [(owner, place, delta - 2**64) for owner, place, delta in batch.modifications] == [
        (key(ALICE), 7, 1000),
        (0xABCDEF, 8, -300),
        (key(ALICE), 11, -77),
    ]
    assert len(batch.output()) == len(batch.main_words()) + (len(batch.data()) if mode else 0)
    assert batch.after.position(FEES).collateral_balance == 111
