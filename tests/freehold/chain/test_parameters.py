"""The parameter file of a deployment: what it becomes on chain, and what is refused of it in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from freehold.chain.deployed import DAY, Delays
from freehold.chain.parameters import Parameters
from freehold.chain.usable import refuse_change, refuse_unusable
from freehold.errors import Refused
from prover.applications.perpetual.config import GeneralConfig
from prover.applications.perpetual.names import asset_id
from prover.applications.perpetual.state import State
from tests.support.paths import ROOT

EXAMPLE = ROOT / "examples/sepolia.yaml"
COLLATERAL = 5


def read(folder: Path, **changes: object) -> Parameters:
    document = {**yaml.safe_load(EXAMPLE.read_text()), **changes}
    path = folder / "parameters.yaml"
    path.write_text(yaml.safe_dump(document))
    return Parameters.read(path)


def asset(**changes: object) -> dict[str, object]:
    (first,) = yaml.safe_load(EXAMPLE.read_text())["assets"]
    return {**first, **changes}


def test_the_example_is_one_that_can_trade(tmp_path):
    parameters = read(tmp_path)
    config = parameters.config(COLLATERAL, 6)
    refuse_unusable(config)
    (btc,) = config.synthetic_assets
    assert (btc.asset_id, btc.resolution, btc.oracle_price_quorum) == (asset_id("BTC-10"), 10**10, 3)
    assert [segment.upper_bound for segment in btc.risk_segments] == [10**6 * 10**6 << 32, 2**128 - 1]
    assert btc.risk_segments[0].risk == 35 * 2**32 // 1000
    assert bytes.fromhex(f"{btc.oracle_price_signed_asset_ids[0]:042x}") == b"BTCUSD".ljust(16, b"\0") + b"one\0\0"
    assert (config.collateral.resolution, config.price_validity_period, config.funding_validity_period) == (
        10**6,
        300,
        14_400,
    )
    assert config.fee_position.position_id == 1
    assert parameters.delays.delays() == Delays(configuration=14 * DAY, upgrade=14 * DAY)
    assert parameters.committee.required == 2


def test_resolution_and_bounds_follow_the_tokens_decimals(tmp_path):
    config = read(tmp_path).config(COLLATERAL, 12)
    assert config.collateral.resolution == 10**12
    assert config.synthetic_assets[0].risk_segments[0].upper_bound == 10**6 * 10**12 << 32
    by_balance = read(tmp_path, risk_by_balance_only=True).config(COLLATERAL, 6)
    assert by_balance.synthetic_assets[0].risk_segments[0].upper_bound == 10**6 * 10**10


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"mode": "both"}, "mode: Input should be 'validium' or 'rollup'"),
        ({"nothing": 1}, "nothing: Extra inputs are not permitted"),
        ({"max_funding_rate": 1 << 64}, "max_funding_rate: Input should be less than"),
        ({"delays": {"upgrade": "soon"}}, "delays.upgrade: 'soon' is no time"),
        ({"committee": {"members": ["0x" + "11" * 20], "required": 2}}, "required 2 is not in [1, 1]"),
        ({"committee": {"members": ["0x" + "11" * 20] * 2}}, "a committee member is named twice"),
        ({"committee": {"members": ["0x" + "11" * 20], "bls_members": ["x"]}}, "members or bls_members, not both"),
        ({"roles": {"operators": ["bob"]}}, "roles.operators.0: 'bob' is not an address"),
        ({"collateral": {"token": "0x" + "00" * 20}}, "is not an address"),
        ({"assets": [asset(name="btc")]}, "assets.0.name: String should match"),
        ({"assets": [asset(segments=[])]}, "assets.0.segments: Tuple should have at least 1 item"),
        ({"assets": [asset(segments=[{"margin": 100}])]}, "assets.0.segments.0.margin: Input should be less than 100"),
        ({"fees": {"position": 1}}, "fees.key: Field required"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_file_that_says_something_else_is_refused_with_its_place(tmp_path, changes, cause):
    with pytest.raises(Refused) as refusal:
        read(tmp_path, **changes)
    assert cause in str(refusal.value) and "\n" not in str(refusal.value)


def test_what_is_no_yaml_is_refused(tmp_path):
    path = tmp_path / "parameters.yaml"
    for content, cause in (("a: [", "is not YAML"), ("- 1", "is no parameter file")):
        path.write_text(content)
        with pytest.raises(Refused, match=cause):
            Parameters.read(path)
    with pytest.raises(Refused, match="cannot be read"):
        Parameters.read(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"assets": [asset(segments=[{"up_to": 5, "margin": 3}])]}, "the last upper bound is"),
        ({"assets": [asset(), asset()]}, "asset ids must ascend strictly"),
        ({"assets": [asset(segments=[{"up_to": 5, "margin": 3}, {"up_to": 4, "margin": 3}])]}, "must ascend strictly"),
    ],
)
def test_what_no_configuration_can_be_is_refused(tmp_path, changes, cause):
    with pytest.raises(Refused, match="the configuration:") as refusal:
        read(tmp_path, **changes).config(COLLATERAL, 6)
    assert cause in str(refusal.value)


def usable(tmp_path, **changes: object) -> GeneralConfig:
    return read(tmp_path, **changes).config(COLLATERAL, 6)


def of_version_1(config, **changes):
    """In version 2 the model itself refuses these."""
    (asset,) = config.synthetic_assets
    return config.model_copy(update={"limits": None, "synthetic_assets": (asset.model_copy(update=changes),)})


@pytest.mark.parametrize(("quorum", "cause"), [(2, "is 2, must be odd"), (5, "is 5, and it has 3 signers")])
def test_a_quorum_that_stops_everything_is_refused_when_the_file_is_read(tmp_path, quorum, cause):
    with pytest.raises(Refused, match=cause):
        usable(tmp_path, assets=[asset(quorum=quorum)])


def test_a_configuration_that_stops_everything_is_refused(tmp_path):
    """Each is a field away from the example, which passes."""
    good = usable(tmp_path)
    refuse_unusable(good)
    oracles = asset()["oracles"]
    for config, cause in (
        (of_version_1(good, oracle_price_quorum=2), "BTC-10: quorum 2 is even"),
        (of_version_1(good, oracle_price_quorum=5), "BTC-10: quorum 5 of 3 oracles never signs"),
        (usable(tmp_path, assets=[asset(oracles=[*oracles, oracles[0]])]), "BTC-10: an oracle's key is named twice"),
        (good.model_copy(update={"max_funding_rate": 1 << 64}), "max_funding_rate must be below 2"),
        (good.model_copy(update={"price_validity_period": 0}), "price_validity_period is 0"),
        (good.model_copy(update={"funding_validity_period": 0}), "funding_validity_period is 0"),
        (
            good.model_copy(
                update={
                    "synthetic_assets": (
                        good.synthetic_assets[0].model_copy(update={"oracle_price_signed_asset_ids": ()}),
                    )
                }
            ),
            "nothing that oracles could sign",
        ),
    ):
        with pytest.raises(Refused, match="would stop the exchange") as refusal:
            refuse_unusable(config)
        assert cause in str(refusal.value)


def test_a_change_that_nothing_can_follow_is_refused(tmp_path):
    before = usable(tmp_path)
    state = State.of(before, {}, {}, ((asset_id("BTC-10"), 0),), 5, (), 5)
    refuse_change(usable(tmp_path, max_funding_rate=1121), before, state)
    btc = before.synthetic_assets[0]
    for config, cause in (
        (usable(tmp_path, heights={"positions": 32}), "positions_tree_height is fixed for good at 64"),
        (usable(tmp_path, heights={"orders": 32}), "orders_tree_height is fixed"),
        (usable(tmp_path, mode="rollup"), "data_availability_mode is fixed for good at 0"),
        (read(tmp_path).config(COLLATERAL + 1, 6), "collateral is fixed"),
        (read(tmp_path).config(COLLATERAL, 7), "collateral is fixed"),
        (usable(tmp_path, assets=[]), "BTC-10 has funding and must stay"),
        (
            before.model_copy(update={"synthetic_assets": (btc.model_copy(update={"resolution": 10**9}),)}),
            "the resolution of BTC-10 is fixed",
        ),
    ):
        with pytest.raises(Refused, match="would stop the exchange") as refusal:
            refuse_change(config, before, state)
        assert cause in str(refusal.value)
