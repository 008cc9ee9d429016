"""An exchange whose tree of positions has 2^8 leaves: what the contract takes, a batch can serve."""

import ape
import pytest

from freehold.testing.kit import DAY, GRACE, Kit
from prover.applications.perpetual.batch import apply_batch
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.errors import RuleBroken
from prover.applications.perpetual.state import State
from prover.applications.perpetual.transactions import ForcedWithdrawal

HEIGHT = 8
LAST = 2**HEIGHT - 1


@pytest.fixture(scope="module")
def low(project, accounts, chain):
    made = Kit(project, accounts, chain, height=HEIGHT)
    made.register(made.alice, made.bob)
    return made


def servable(low, position: int) -> bool:
    """By the rules: proven valid or invalid."""
    config = GeneralConfig(collateral_asset_id=low.asset, positions_tree_height=HEIGHT)
    request = ForcedWithdrawal(public_key=low.alice.stark_key, position_id=position, amount=1)
    try:
        apply_batch(config, State.initial(config, low.now()), [request], 0)
    except RuleBroken:
        return False
    return True


def test_a_withdrawal_is_requested_up_to_the_last_leaf(low):
    """Otherwise anybody stops the exchange by a request that no batch can serve."""
    request, by = low.exchange.forcedWithdrawalRequest, {"sender": low.alice.account}
    assert servable(low, LAST) and not servable(low, LAST + 1)
    with ape.reverts(low.error("PositionIdOutOfRange"), positionId=LAST + 1):
        request(low.alice.stark_key, LAST + 1, 1, False, **by)
    with ape.reverts(low.error("PositionIdOutOfRange"), positionId=LAST + 1):
        low.exchange.freezeRequest(low.alice.stark_key, LAST + 1, 1, sender=low.stranger)
    request(low.alice.stark_key, LAST, 1, False, **by)
    low.wait(GRACE)
    low.exchange.freezeRequest(low.alice.stark_key, LAST, 1, sender=low.stranger)


@pytest.mark.parametrize("side", ["position_a", "position_b"])
def test_a_trade_is_requested_up_to_the_last_leaf(low, side):
    with ape.reverts(low.error("PositionIdOutOfRange"), positionId=LAST + 1):
        low.request_trade(low.trade(**{side: LAST + 1}))
    with ape.reverts(low.error("PositionIdOutOfRange"), positionId=LAST + 1):
        low.freeze_trade(low.trade(**{side: LAST + 1}))
    low.request_trade(low.trade(**{side: LAST}))


def test_a_deposit_is_for_a_leaf_and_is_cancelled_and_reclaimed(low):
    slot, by = (low.alice.stark_key, low.asset, LAST), {"sender": low.alice.account}
    with ape.reverts(low.error("PositionIdOutOfRange"), positionId=LAST + 1):
        low.exchange.depositERC20(*slot[:2], LAST + 1, 5, **by)
    low.exchange.depositERC20(*slot, 5, **by)
    low.exchange.depositCancel(*slot, **by)
    low.wait(2 * DAY)
    low.exchange.depositReclaim(*slot, **by)
    assert low.token.balanceOf(low.alice.account) == low.START


def test_ether_is_deposited_for_a_leaf(project, accounts, chain):
    ether = Kit(project, accounts, chain, token=None, height=HEIGHT)
    slot, by = (int(ether.stranger.address, 16), ether.asset), {"sender": ether.stranger, "value": 3}
    with ape.reverts(ether.error("PositionIdOutOfRange"), positionId=LAST + 1):
        ether.exchange.depositEth(*slot, LAST + 1, **by)
    ether.exchange.depositEth(*slot, LAST, **by)
