"""The sample batches are accepted, and are what they say they are."""

import pytest

from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.errors import Code
from prover.applications.perpetual.samples import every_kind, trades
from prover.applications.perpetual.transactions import Trade


@pytest.mark.parametrize(("count", "positions", "n_touched"), [(1, 3, 3), (1, 59, 3), (7, 6, 6)])
def test_trades_among_positions(count, positions, n_touched):
    batch = Case.parsed(trades(count, positions)).apply()
    assert sum(isinstance(transaction, Trade) for transaction in batch.transactions) == count
    assert len(batch.touched_positions) == n_touched
    assert len(batch.touched_orders) == 2 * count


def test_fewer_than_three_positions_cannot_trade():
    with pytest.raises(ValueError, match="not 2"):
        trades(1, 2)


@pytest.mark.parametrize("is_rollup", [False, True])
def test_every_kind_is_there(is_rollup):
    batch = Case.parsed(every_kind(is_rollup=is_rollup)).apply()
    assert {transaction.number for transaction in batch.transactions} == set(range(11))
    assert [code == Code.SUCCESS for code in batch.served] == [True, False, True, False]
    assert bool(batch.config.data_availability_mode) == is_rollup
    assert batch.conditions == (77,)
