"""Files: every bad input is refused with its field and reason before anything runs; the commands; human amounts."""

import json
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st

from freehold.commands.main import main
from prover.applications.ledger.merkle import LeavesUnknown, SealedTree
from prover.applications.perpetual.amounts import (
    external_price,
    human,
    human_price,
    order_collateral,
    order_fee,
    price_fxp32,
    quantised,
    risk_fxp32,
)
from prover.applications.perpetual.config import Limits
from prover.applications.perpetual.documents import BatchDocument, Case, StateDocument
from prover.applications.perpetual.errors import BelowUnit, InputRefused
from prover.applications.perpetual.escape import escape_proof
from prover.applications.perpetual.explain import rows
from prover.applications.perpetual.names import asset_id, asset_name
from prover.applications.perpetual.signing import cancellation
from prover.applications.perpetual.transactions import Deleverage, OracleTick
from tests.support.paths import VECTORS
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    ETH,
    HOUR,
    NOW,
    ONE,
    PRICE,
    SOL,
    USD,
    apply,
    configured,
    deposit,
    forced_withdrawal,
    holds,
    order,
    signed_price,
    trade,
    withdrawal,
    world,
)

CASES = json.loads((VECTORS / "perpetual_batches.json").read_text())["cases"]


def document():
    """Alice holds ETH; a trade, a deposit and an invalid request."""
    state = world({7: holds(ALICE, 10**9, {ETH: 5}), 8: holds(BOB, 10**9)})
    met = trade(order(ALICE, 7, True, 10**9, 10**9), order(BOB, 8, False, 10**9, 10**9), 5 * 10**8, 5 * 10**8)
    return Case.of(apply(state, deposit(ALICE, 7, 3), met, forced_withdrawal(BOB, 7, 1))).model_dump(mode="json")


def change(path: str, value):
    """Sets the field at `a.b.0.c` of a good document; a value of None takes it away."""
    changed = document()
    *parents, last = path.split(".")
    place = changed
    for part in parents:
        place = place[int(part)] if isinstance(place, list) else place[part]
    last = int(last) if isinstance(place, list) else last
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


BAD = {
    "unknown field": ("batch.transactions.0.fee", "1", "batch.transactions.0.deposit.fee: Extra inputs"),
    "unknown section": ("notes", [], "notes: Extra inputs"),
    "unknown transaction": ("batch.transactions.0.type", "gift", "batch.transactions.0: Input tag 'gift'"),
    "missing field": ("batch.transactions.0.amount", None, "batch.transactions.0.deposit.amount: Field required"),
    "decimals": ("batch.transactions.0.amount", "1.5", "amount: takes an integer"),
    "float": ("batch.transactions.0.amount", 1.5, "amount: takes an integer"),
    "true for a number": ("batch.transactions.0.amount", True, "amount: takes an integer"),
    "underscores": ("batch.transactions.0.amount", "1_000", "amount: takes an integer"),
    "too great": ("batch.transactions.0.amount", str(2**64), "amount: must be in [0, 2^64), is 18446744073709551616"),
    "negative": ("batch.transactions.0.amount", "-1", "amount: must be in [0, 2^64), is -1"),
    "key 0": ("batch.transactions.0.public_key", "0x0", "public_key: must be in [1, p), is 0"),
    "signer's key off the curve": (
        "batch.transactions.1.buy_order.public_key",
        hex(5),
        "buy_order.public_key: 0x5 is no Stark key",
    ),
    "key beyond p": ("batch.transactions.2.public_key", hex(2**252), "public_key: must be in [0, p)"),
    "unsorted configuration": (
        "config.synthetic_assets",
        lambda d: d["config"]["synthetic_assets"][::-1],
        "config.synthetic_assets: asset ids must ascend strictly",
    ),
    "unsorted prices": (
        "prev_state.oracle_prices",
        lambda d: d["prev_state"]["oracle_prices"][::-1],
        "prev_state.oracle_prices: asset ids must ascend strictly",
    ),
    "unsorted holdings": (
        "prev_state.positions.7.assets",
        lambda d: d["prev_state"]["positions"]["7"]["assets"] * 2,
        "prev_state.positions.7.assets: asset ids must ascend strictly",
    ),
    "price missing": (
        "prev_state.oracle_prices",
        lambda d: [p for p in d["prev_state"]["oracle_prices"] if int(p[0], 16) != ETH],
        "prev_state: oracle_prices: position 7 holds",
    ),
    "index missing": (
        "prev_state.funding_indices",
        lambda d: [p for p in d["prev_state"]["funding_indices"] if int(p[0], 16) != ETH],
        "prev_state: funding_indices: position 7 holds",
    ),
    "holding of nothing": ("prev_state.positions.7.assets.0.balance", "0", "balance: a holding is never 0"),
    "key without a position": ("prev_state.positions.9", {"public_key": "0x5", "collateral_balance": "0"}, "key 0"),
    "wrong hash of an asset": ("config.synthetic_assets.0.asset_config_hash", "0x5", "asset_config_hash is 0x5"),
    "wrong hash of the configuration": ("config.config_hash", "0x5", "config_hash is 0x5"),
    "no transactions": ("batch.transactions", None, "batch.transactions: Field required"),
    "hour beyond 32 bits": (
        "batch.minimum_expiration_timestamp",
        str(2**32),
        "minimum_expiration_timestamp: must be in [0, 2^32)",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named(name):
    path, value, message = BAD[name]
    assert Case.parsed(document()).apply()
    with pytest.raises(InputRefused) as refusal:
        Case.parsed(change(path, value(document()) if callable(value) else value))
    assert message in str(refusal.value) and "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("prev_state.positions_root", "0x5", "prev_state.positions_root: 0x5 is given, positions have"),
        ("prev_state.orders_root", "0x5", "prev_state.orders_root: 0x5 is given, orders have"),
        ("prev_state.positions.7.collateral_balance", "1", "prev_state.positions_root"),
        ("prev_state.orders", {"5": "1"}, "prev_state.orders_root"),
        ("prev_state.positions.7.leaf", "0x5", "prev_state.positions.7.leaf"),
        ("config.positions_tree_height", 2, "prev_state: 7 is no leaf of a tree of height 2"),
    ],
)
def test_a_state_must_match_its_roots(path, value, message):
    with pytest.raises(InputRefused, match=message):
        Case.parsed(change(path, value)).apply()


def without_orders(document):
    del document["prev_state"]["orders"]
    return document


def used_document():
    """The good document's batch, and then one more on its state: orders are used in part."""
    after = Case.parsed(document()).apply().after
    return Case.of(apply(after, forced_withdrawal(ALICE, 7, 1))).model_dump(mode="json")


def test_a_state_may_name_its_orders_by_their_root():
    """Enough to leave, and to serve what nobody signs: same words, same proof, same output."""
    whole, sealed = Case.parsed(used_document()), Case.parsed(without_orders(used_document()))
    state, known = whole.prev_state.state(whole.config), sealed.prev_state.state(sealed.config)
    assert state.orders and not known.orders and known.words() == state.words()
    assert escape_proof(known, 7) == escape_proof(state, 7)
    assert sealed.apply().output() == whole.apply().output()
    assert sealed.program_input() == whole.program_input()
    written = StateDocument.of(known).model_dump(mode="json")
    assert "orders" not in written and written["orders_root"] == hex(state.orders_root)
    assert StateDocument.model_validate(written).state(whole.config).words() == state.words()


def test_orders_that_nobody_told_are_not_taken_for_unused():
    """A signed order needs to know how much of it is used: by the rules and for the program's input."""
    case = Case.parsed(without_orders(used_document()))
    signed = case.batch.model_copy(update={"transactions": (withdrawal(ALICE, 7, 1),)})
    for act in (Case.apply, Case.program_input):
        with pytest.raises(InputRefused, match=r"orders: only their root is given, and order \d+ is asked for"):
            act(case.model_copy(update={"batch": signed}))


def test_no_orders_and_their_root_are_a_whole_state():
    case = Case.parsed(without_orders(document()))
    assert len(case.batch.transactions) == 3 and case.apply().after.orders
    changed = without_orders(used_document())
    del changed["prev_state"]["orders_root"]
    roots = {found.prev_state.state(found.config).orders_root for found in (case, Case.parsed(changed))}
    assert len(roots) == 1


def test_a_tree_of_a_root_alone_answers_nothing():
    sealed = SealedTree(64, 5)
    assert sealed.update({}) is sealed and sealed.touched_nodes([]) == {}
    for ask in (lambda: sealed.update({9: 1}), lambda: sealed.touched_nodes([9])):
        with pytest.raises(LeavesUnknown, match="of the tree 0x5 only the root is known, leaf 9 is asked for"):
            ask()


def test_a_holding_must_be_configured():
    changed = document()
    changed["config"]["synthetic_assets"] = [
        a for a in changed["config"]["synthetic_assets"] if int(a["asset_id"], 16) != ETH
    ]
    with pytest.raises(InputRefused, match=r"config.synthetic_assets: position 7 holds .* not configured"):
        Case.parsed(changed).apply()


@pytest.mark.parametrize("text", ["{", "[]", "5", '"x"', ""])
def test_a_file_that_is_no_document(tmp_path, text):
    path = tmp_path / "case.json"
    path.write_text(text)
    with pytest.raises(InputRefused):
        Case.read(path)
    for command in ("run", "check", "explain"):
        result = CliRunner().invoke(main, ["batch", command, str(path)])
        assert result.exit_code == 1 and str(path) in result.output and len(result.output.splitlines()) == 1


# --- commands


@pytest.fixture
def case_file(tmp_path):
    path = tmp_path / "case.json"
    path.write_text(json.dumps(CASES[-1]))
    return path


def invoke(*arguments):
    return CliRunner().invoke(main, ["batch", *map(str, arguments)])


def test_run_writes_what_it_is_asked_for(case_file, tmp_path):
    words, state, given = (tmp_path / f"{name}.json" for name in ("words", "state", "input"))
    result = invoke("run", case_file, "--words", words, "--state", state, "--program-input", given)
    assert result.exit_code == 0, result.output
    assert json.loads(words.read_text()) == CASES[-1]["expected"]["output_words"]
    next_state = StateDocument.model_validate_json(state.read_text())
    assert next_state.state(Case.parsed(CASES[-1]).config).tree.root == int(CASES[-1]["expected"]["positions_root"], 16)
    assert set(json.loads(given.read_text())) == {"config", "prev_state", "batch", "advice"}


def test_a_refused_batch_writes_nothing(tmp_path):
    refused = next(c for c in CASES if c["name"] == "buyer pays one more than round up")
    path, words = tmp_path / "case.json", tmp_path / "words.json"
    path.write_text(json.dumps(refused))
    result = invoke("run", path, "--words", words)
    assert result.exit_code == 1 and "INVALID_FULFILLMENT_ASSETS_RATIO (pays 2 for 1" in result.output
    assert not words.exists()


def test_check_compares_with_what_is_expected(case_file):
    assert invoke("check", case_file).exit_code == 0
    changed = json.loads(case_file.read_text())
    changed["expected"]["output_words"][5] = "0x7"
    case_file.write_text(json.dumps(changed))
    result = invoke("check", case_file)
    assert result.exit_code == 1 and "output word 5 is" in result.output
    changed["expected"] = {"provable": False, "reason": "a test"}
    case_file.write_text(json.dumps(changed))
    assert "accepted, but a refusal is expected" in invoke("check", case_file).output


def test_explain_speaks_in_whole_assets(case_file, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    output = invoke("explain", case_file).output
    for text in ("+10 SYN00-9", "-20000", "invalid: ILLEGAL_POSITION_TRANSITION_NO_RISK_REDUCED_VALUE", "empty"):
        assert text in output


def test_explain_shows_what_came_before_a_refusal(tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    refused = document()
    refused["batch"]["transactions"].append(
        {"type": "deposit", "public_key": hex(holds(BOB, 1).public_key), "position_id": "7", "amount": "1"}
    )
    path = tmp_path / "case.json"
    path.write_text(json.dumps(refused))
    result = invoke("explain", path)
    assert result.exit_code == 1
    assert "+0.5 ETH-9" in result.output and "transaction 3 (deposit): position 7: INVALID_PUBLIC_KEY" in result.output


def test_explain_shows_what_came_before_a_price_that_is_too_late(tmp_path, monkeypatch):
    """The signed prices are of the refused tick's time, which the transactions before it do not reach."""
    monkeypatch.setenv("COLUMNS", "200")
    config = configured(limits=Limits())
    state = world({7: holds(ALICE, 5)}, config)
    price = signed_price(ETH, 2 * ONE, NOW + 60)
    case = Case(
        config=config,
        prev_state=StateDocument.of(state),
        batch=BatchDocument(
            minimum_expiration_timestamp=HOUR,
            signed_min_prices=(price,),
            signed_max_prices=(price,),
            transactions=(deposit(ALICE, 7, 10**6), OracleTick(prices=((ETH, 2 * ONE),), timestamp=NOW + 60)),
        ),
    )
    path = tmp_path / "case.json"
    path.write_text(case.model_dump_json())
    result = invoke("explain", path)
    assert result.exit_code == 1 and "transaction 1 (oracle): PRICE_MOVE" in result.output
    assert "+1" in result.output and "deposit" in result.output


def test_rows_tell_margins():
    """Position 7: 1000 of collateral before the trade, 3.5 % of 0.5 ETH at 1000 a piece needed after it."""
    found = [row for row in rows(Case.parsed(document()).apply()) if row.position == "7"]
    assert [row.transaction for row in found] == ["deposit", "trade", "forced_withdrawal"]
    assert found[1].change == "-500, +0.5 ETH-9" and found[1].holds == "500.000003, 0.500000005 ETH-9"
    assert found[1].margin == "1000.000007 → 982.500007"
    assert asset_name(5) == "0x5" and asset_name(BTC) == "BTC-10"


def test_what_version_2_adds_is_read_and_explained(tmp_path, monkeypatch):
    """Limits, flags, a cancellation and a deleverage that pays: written, read, shown; and the rule of a refusal."""
    monkeypatch.setenv("COLUMNS", "220")
    config = configured(limits=Limits())
    held = {7: holds(ALICE, -650, {ETH: -100}), 8: holds(BOB, 10**9, {ETH: 5 * 10**8}), 9: holds(CAROL, 10**9)}
    closing = order(BOB, 8, False, 10**8, 10**8, reduce_only=1, fill_or_kill=1)
    resting = order(BOB, 8, False, 3 * 10**8, 10**9, nonce=2)
    met = trade(order(CAROL, 9, True, 10**8, 10**8), closing, 10**8, 10**8)
    paid = Deleverage(
        deleveragable_position_id=7,
        deleverager_position_id=8,
        synthetic_asset_id=ETH,
        amount_synthetic=100,
        amount_collateral=-650,
        deleverager_is_buying_synthetic=0,
    )
    transactions = [met, cancellation(resting, BOB, USD), paid]
    case = Case.of(apply(world(held, config), *transactions, config=config)).model_dump(mode="json")
    assert case["config"]["limits"]["max_price_spread"] == str(2**32 // 50)
    assert case["batch"]["transactions"][2]["amount_collateral"] == "-650"
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case))
    output = invoke("explain", path).output
    for text in ("trade, reduce-only, fill-or-kill", "cancel_order", "nothing; no more of 0.3 ETH-9", "+0.00065"):
        assert text in output, output
    case["batch"]["transactions"].append(forced_withdrawal(BOB, 8, 1).model_dump(mode="json"))
    path.write_text(json.dumps(case))
    refused = invoke("explain", path)
    assert refused.exit_code == 1 and "transaction 3 (forced_withdrawal): FORCED_AFTER_DELEVERAGE" in refused.output
    assert "no more of 0.3 ETH-9" in refused.output, "and what came before it"


# --- amounts


@given(st.integers(0, 2**64 - 1), st.sampled_from([1, 7, 10**6, 10**10, 2**63]))
def test_amounts_survive_the_way_to_text_and_back(amount, resolution):
    if resolution != 7:
        assert quantised(human(amount, resolution), resolution) == amount


def test_amounts_are_never_rounded_silently():
    assert quantised("1.5", 10**6) == 1_500_000 and human(-1_500_000, 10**6) == "-1.5" and human(0, 10**6) == "0"
    with pytest.raises(InputRefused, match=r"amount: 1.0000005 has too many decimals, the resolution is 1,000,000"):
        quantised("1.0000005", 10**6)
    with pytest.raises(BelowUnit, match=r"amount: 0.0000009 is less than one unit, the resolution is 1,000,000"):
        quantised("0.0000009", 10**6)
    for text in ("x", "", "nan", "inf", "1,5", "1e1000000000", f"1.{'0' * 100}1"):
        with pytest.raises(InputRefused, match="no decimal number"):
            quantised(text, 10**6)
    for text in ("-1", "18446744073709.551616"):
        with pytest.raises(InputRefused, match="must be in"):
            quantised(text, 10**6)


def test_prices_and_risks_round_as_published():
    """5.8: 20,000 is 2 * 2^32; 3.5 % rounds down, so that 19,300 of 20,000 may leave."""
    assert price_fxp32("20000", 10**10, 10**6) == 2 * ONE == PRICE[BTC]
    assert price_fxp32("1000", 10**9, 10**6) == ONE and price_fxp32("40", 10**7, 10**6) == PRICE[SOL]
    assert human_price(2 * ONE, 10**10, 10**6) == "20000" and external_price("0.5") == 5 * 10**17
    assert risk_fxp32("3.5") == 150323855
    for text, refusal in (("0.0000000000000000001", BelowUnit), ("1.0000000000000000001", InputRefused)):
        with pytest.raises(refusal, match="oracles sign 18"):
            external_price(text)
    for wrong in ("0", "100"):
        with pytest.raises(InputRefused, match="risk"):
            risk_fxp32(wrong)
    with pytest.raises(InputRefused, match="price"):
        price_fxp32("0", 10**10, 10**6)


@given(st.integers(1, 2**40), st.integers(1, 2**60), st.integers(0, 24))
def test_order_amounts_are_rounded_as_clients_do(amount, price, decimals):
    """Up for a buyer, down for a seller, from the exact price: both sides then meet at any price in between."""
    text = f"{Decimal(price).scaleb(-decimals):f}"
    exact = Fraction(amount * price * 10**6, 10**decimals * 10**10)
    assume(exact < 2**64 - 1)
    assert order_collateral(amount, text, 10**10, 10**6, True) == ceil(exact)
    if exact >= 1:
        assert order_collateral(amount, text, 10**10, 10**6, False) == floor(exact)
    else:
        with pytest.raises(BelowUnit, match="less than one unit of collateral"):
            order_collateral(amount, text, 10**10, 10**6, False)


def test_the_exact_price_counts_and_not_the_one_of_32_bits():
    """100,000.0000000001 a coin for 10^9 coins is 0.1 of a collateral unit more than 32.32 can say."""
    assert price_fxp32("100000.0000000001", 10**10, 10**6) == price_fxp32("100000", 10**10, 10**6)
    amounts = (quantised("0.0001", 10**10), "100000.0000000001", 10**10, 10**6)
    assert order_collateral(*amounts, is_buying_synthetic=True) == 10_000_001
    assert order_collateral(*amounts, is_buying_synthetic=False) == 10_000_000
    assert order_fee(10_000_001, "0.0005") == 5_001 and order_fee(10_000_000, "0") == 0
    with pytest.raises(InputRefused, match="must be in"):
        order_collateral(2**63, "100000", 10**6, 10**6, is_buying_synthetic=True)


@pytest.mark.parametrize("name", ["1INCH-7", "BTC-10", "0-0"])
def test_names_are_spelt_by_ids(name):
    assert asset_name(asset_id(name)) == name and asset_id(name) < 2**120


@pytest.mark.parametrize("name", ["", "SIXTEEN-LETTERS-"])
def test_a_name_that_no_id_spells_is_refused(name):
    with pytest.raises(ValueError, match="an asset's id spells 1 to 15 bytes"):
        asset_id(name)


def test_the_example_of_the_documents_is_a_published_batch():
    path = VECTORS / "example.json"
    assert json.loads(path.read_text()) == CASES[-1]
    assert invoke("check", path).exit_code == 0
