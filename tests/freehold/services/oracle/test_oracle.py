"""The oracle says the same of the same seed and time, signs it as the rules want it, and stays within the limits."""

import json
import stat
from decimal import Decimal
from itertools import pairwise
from statistics import median_low

import pytest
from click.testing import CliRunner

from freehold.commands.main import main
from freehold.errors import Refused
from freehold.services.oracle.application import application
from freehold.services.oracle.keys import make_keys, read_keys, write_keys
from freehold.services.oracle.market import Market
from freehold.services.oracle.service import KEYS, SETTINGS, market_of
from freehold.services.oracle.settings import MarketSettings
from freehold.services.oracle.walk import ONE, Walk
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.limits import reach
from prover.applications.perpetual.prices import check_signed_prices, internal_price
from prover.applications.perpetual.transactions import PriceSignature, SignedPrice
from tests.support.served import get
from tests.support.world import BTC, ETH, SIGNERS, SOL, configured, key

NOW = 1_800_000_000
PRICES = {"BTC-10": Decimal("60000"), "ETH-9": Decimal("3000.5"), "SOL-7": Decimal("150")}
CONFIG = configured(limits=Limits())
SECRETS = {key(signer): signer for signer in SIGNERS[:3]}


def market(config=CONFIG, keys=SECRETS, prices=PRICES, **settings) -> Market:
    return Market(config, keys, MarketSettings(**settings), prices)


def medians(config, quotes) -> dict[int, int]:
    resolution = {asset.asset_id: asset.resolution for asset in config.synthetic_assets}
    return {
        asset_id: median_low(
            internal_price(quote.external_price, resolution[asset_id], config.collateral.resolution) for quote in signed
        )
        for asset_id, signed in quotes.quotes.items()
    }


# --- walks


def test_a_walk_moves_and_stays_in_its_band_and_under_its_steepest():
    walk = Walk("seed", "name", ONE // 10)
    values = [walk.at(NOW + 60 * step) for step in range(3_000)]
    assert max(map(abs, values)) <= ONE // 10
    assert max(values) - min(values) > ONE // 50
    steps = [abs(after - before) for before, after in pairwise(values)]
    assert max(steps) <= walk.steepest() * 60 // 3600 + 1
    assert max(steps) > walk.steepest() * 60 // 3600 // 4  # the bound is no idle one


def test_walks_differ_by_seed_and_name():
    values = {Walk(seed, name, ONE // 10).at(NOW) for seed in "ab" for name in "cd"}
    assert len(values) == 4


def test_a_walk_is_the_same_on_every_machine():
    assert Walk("freehold", "BTC-10", ONE // 10).at(NOW) == EXPECTED


EXPECTED = -9029567


# --- the market


def test_the_same_seed_and_time_give_the_same():
    assert market().quotes(NOW) == market().quotes(NOW)
    assert market().funding(NOW) == market().funding(NOW)
    assert market(seed="another").quotes(NOW) != market().quotes(NOW)


def test_quotes_are_what_the_rules_take():
    quotes = market().quotes(NOW)
    signed = [
        SignedPrice(asset_id=asset_id, price=price, signatures=quotes.quotes[asset_id])
        for asset_id, price in sorted(medians(CONFIG, quotes).items())
    ]
    assert set(check_signed_prices(CONFIG, signed, NOW - 300, NOW)) == {BTC, ETH, SOL}


def test_prices_move_no_faster_than_the_limits_allow(monkeypatch):
    monkeypatch.setattr("freehold.services.oracle.market.sign_price", unsigned)
    steepest = market(amplitude=0.2, spread=0.001)
    old, moved = None, 0
    for step in range(400):
        prices = medians(CONFIG, steepest.quotes(NOW + 60 * step))
        for asset_id, price in prices.items():
            if old is not None:
                assert abs(price - old[asset_id]) <= reach(CONFIG.limits, old[asset_id], 60)
                moved += price != old[asset_id]
        old = prices
    assert moved > 1_000


def unsigned(secret, signed_asset_id, price, time):
    return PriceSignature(signer_key=key(secret), external_price=price, timestamp=time, signed_asset_id=signed_asset_id)


def test_rates_stay_below_their_share_of_the_maximum():
    rates = [rate for hour in range(200) for rate in market(funding=0.5).funding(NOW + 3600 * hour).rates.values()]
    assert max(map(abs, rates)) <= CONFIG.max_funding_rate // 2
    assert min(rates) < 0 < max(rates)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"prices": {**PRICES, "DOGE-1": Decimal(1)}}, "prices.DOGE-1: the exchange has no such asset"),
        ({"prices": {"BTC-10": Decimal(1)}}, "none is given for ETH-9, SOL-7"),
        ({"prices": {**PRICES, "BTC-10": Decimal(0)}}, "above 0"),
        ({"prices": {**PRICES, "BTC-10": Decimal("NaN")}}, "above 0"),
        ({"keys": {key(signer): signer for signer in SIGNERS[:2]}}, "takes 3 signers of its 5, and the keys of 2"),
        ({"amplitude": 0.4}, "in an hour"),
        ({"config": configured(limits=Limits(max_price_spread=ONE // 1000))}, "signers may be 0.001 apart"),
    ],
)
def test_what_cannot_be_served_is_refused_at_the_start(changes, says):
    with pytest.raises(Refused, match=says):
        market(**changes)


def test_without_limits_any_market_may_be():
    market(configured(), amplitude=0.4)


# --- keys and the command


def test_keys_are_secret_and_made_once(tmp_path):
    keys, path = make_keys(3), tmp_path / "keys.json"
    write_keys(path, keys)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_keys(path) == keys
    with pytest.raises(Refused, match="exists already"):
        write_keys(path, make_keys(3))
    assert read_keys(path) == keys


@pytest.mark.parametrize("text", ["{", "[]", '{"0x1": 5}', '{"0x1": "zz"}', '{"0x1": "0x2"}'])
def test_a_spoilt_file_of_keys_is_refused_and_not_repeated(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(Refused) as refused:
        read_keys(path)
    assert str(path) in str(refused.value)
    assert "0x2" not in str(refused.value)


def test_init_makes_what_run_reads(tmp_path):
    made = CliRunner(mix_stderr=False).invoke(main, ["oracle", "init", str(tmp_path / "oracle"), "--signers", "3"])
    assert made.exit_code == 0, made.output
    public = [int(line, 16) for line in made.stdout.splitlines()]
    assert sorted(read_keys(tmp_path / "oracle" / KEYS)) == public
    secrets = json.loads((tmp_path / "oracle" / KEYS).read_text()).values()
    assert not any(secret in made.output for secret in secrets)
    assets = [
        asset.model_copy(update={"oracle_price_signers": tuple(public)})
        for asset in CONFIG.synthetic_assets
        if asset.asset_id in (BTC, ETH)
    ]
    config = configured(*assets, limits=Limits())
    state = {"config": config.model_dump(mode="json"), "state": {}}
    (tmp_path / "oracle" / "state.json").write_text(json.dumps(state))
    _, served = market_of(tmp_path / "oracle" / SETTINGS)
    assert [len(quotes) for quotes in served.quotes(NOW).quotes.values()] == [3, 3]
    again = CliRunner().invoke(main, ["oracle", "init", str(tmp_path / "oracle")])
    assert (again.exit_code, "exists already" in again.output) == (1, True)


def test_run_refuses_a_state_without_configuration(tmp_path):
    CliRunner().invoke(main, ["oracle", "init", str(tmp_path)])
    (tmp_path / "state.json").write_text("{}")
    refused = CliRunner().invoke(main, ["oracle", "run", "--config", str(tmp_path / SETTINGS)])
    assert refused.exit_code == 1
    assert "state.json has no config" in refused.output


def test_it_serves_over_http():
    app = application(market(), lambda: NOW + 0.5)
    assert get(app, "/live").status_code == 200
    quotes, funding = get(app, "/quotes").json(), get(app, "/funding").json()
    assert quotes == market().quotes(NOW).model_dump(mode="json")
    assert set(quotes["quotes"]) == set(funding["rates"]) == {hex(asset) for asset in (BTC, ETH, SOL)}
