"""The contracts read each word of a shared state and of a program output where the rules in Python write it."""

from collections.abc import Iterable

import pytest

from prover.applications.perpetual.batch import Batch
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import ForcedWithdrawal
from tests.support.every_kind import every_kind

BALANCE_BIAS = 1 << 63


@pytest.fixture(scope="module")
def places(project, accounts):
    return accounts[0].deploy(project.WordPlaces)


@pytest.fixture(scope="module", params=[0, 1], ids=["validium", "rollup"])
def batch(request) -> Batch:
    """Every list in it is longer than one, but for the conditions' and the withdrawals'."""
    return every_kind(request.param)


def words_of(pairs: Iterable[tuple[int, int]], bias: int = 0) -> list[int]:
    return [word for key, value in pairs for word in (key, value + bias)]


def test_a_shared_state_is_read_as_it_is_written(places, batch):
    for state in (batch.before, batch.after):
        read = places.readState(state.words())
        assert read.hash == state.hash()
        assert (read.positionsRoot, read.positionsHeight) == (state.tree.root, state.tree.height)
        assert (read.ordersRoot, read.ordersHeight) == (state.orders_root, state.shared().orders_height)
        assert read.funding == words_of(state.funding_indices, BALANCE_BIAS)
        assert read.fundingTime == state.funding_timestamp
        assert read.prices == words_of(state.oracle_prices)
        assert read.systemTime == state.system_time
    assert len(batch.after.funding_indices) > 1 and len(batch.after.oracle_prices) > 1
    assert batch.after.funding_timestamp != batch.before.funding_timestamp


def test_the_first_state_is_read_as_it_is_written(places, batch):
    state = State.initial(batch.config, 12345)
    read = places.readEmptyState(state.words())
    assert (read.positionsRoot, read.positionsHeight) == (state.tree.root, state.tree.height)
    assert (read.ordersRoot, read.ordersHeight) == (state.orders_root, state.shared().orders_height)
    assert (read.fundingCount, read.priceCount) == (0, 0)
    assert (read.fundingTime, read.systemTime) == (12345, 12345)


def test_words_that_are_no_state_are_known(places, batch):
    words = batch.after.words()
    assert places.isState(words)
    for wrong in (words[:-1], [*words, 0], [*words[:4], words[4] + 1, *words[5:]]):
        assert not places.isState(wrong)


def test_an_output_is_read_as_it_is_written(places, batch):
    words = [*batch.main_words(), *((1, 2) if batch.config.data_availability_mode else ())]
    read = places.readOutput(words)
    assert read.isRollup == bool(batch.config.data_availability_mode)
    assert int.from_bytes(read.globalConfiguration, "big") == batch.config.hash()
    assert read.assets == [word for asset in batch.config.synthetic_assets for word in (asset.asset_id, asset.hash())]
    assert (read.stateBefore, read.stateAfter) == (batch.before.words(), batch.after.words())
    assert read.expiration == batch.minimum_expiration_timestamp
    assert [(m.starkKey, m.positionId, m.biased) for m in read.modifications] == list(batch.modifications)
    assert read.forcedRequestCount == len(batch.forced) == 4
    assert read.forcedRequests == [word for request in batch.forced for word in request.action_words()]
    assert read.conditions == list(batch.conditions) == [99]
    assert len(batch.modifications) > 1


def test_forced_requests_are_read_as_they_are_written(places, batch):
    collateral = batch.config.collateral_asset_id
    for request in batch.forced:
        words = request.action_words()
        if isinstance(request, ForcedWithdrawal):
            assert tuple(places.readWithdrawal(words)) == (request.public_key, request.position_id, request.amount)
        else:
            trade = places.readTrade(words, collateral)
            terms = trade.terms
            assert (terms.starkKeyA, terms.positionIdA) == (request.public_key_a, request.position_id_a)
            assert (terms.starkKeyB, terms.positionIdB) == (request.public_key_b, request.position_id_b)
            assert (terms.collateralAssetId, terms.syntheticAssetId) == (collateral, request.synthetic_asset_id)
            assert (terms.amountCollateral, terms.amountSynthetic) == (
                request.amount_collateral,
                request.amount_synthetic,
            )
            assert terms.aIsBuyingSynthetic == bool(request.is_party_a_buying_synthetic)
            assert trade.nonce == request.nonce
