"""An escape planned from a state file alone."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from eth_abi import encode

from freehold.commands.main import main
from freehold.leaving.calldata import call
from freehold.leaving.plan import NothingToTake, plan_from_state
from prover.algebra.keccak import keccak256
from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.errors import InputRefused
from prover.applications.perpetual.escape import escape_amount, escape_proof
from prover.applications.perpetual.last_state import LastState
from prover.applications.perpetual.samples import BANKRUPT, A, every_kind


@pytest.fixture(scope="module")
def last():
    batch = Case.parsed(every_kind()).apply()
    return batch.config, batch.after


@pytest.fixture(scope="module")
def collateral(last):
    return last[0].collateral_asset_id


@pytest.fixture
def state_file(last, tmp_path):
    path = tmp_path / "state.json"
    path.write_text(json.dumps(LastState.of(*last).model_dump(mode="json")))
    return path


@pytest.mark.parametrize(
    ("signature", "arguments"),
    [
        ("f()", ()),
        ("withdraw(uint256,uint256)", (7, (1 << 256) - 1)),
        ("g(uint256[],uint256,uint256[])", ([1, 2, 3], 9, [])),
        ("h(uint256[],uint256[])", ([], [5])),
    ],
)
def test_calls_are_encoded_as_others_encode_them(signature, arguments):
    types = [name for name in signature.split("(")[1][:-1].split(",") if name]
    assert call(signature, *arguments) == keccak256(signature.encode())[:4] + encode(types, arguments)


def test_the_plan_is_what_the_rules_say(last, collateral):
    _, state = last
    plan = plan_from_state(collateral, state, A)
    held = state.position(A)
    assert plan.worth == escape_amount(held, state.funding_indices, state.oracle_prices) > 0
    prove, escape, withdraw = plan.calls
    assert prove.arguments == (escape_proof(state, A), len(held.assets), state.words())
    assert escape.arguments == (held.public_key, A, plan.worth)
    assert withdraw.arguments == (held.public_key, collateral)


def test_who_owes_takes_nothing(last, collateral):
    with pytest.raises(NothingToTake, match="is worth -"):
        plan_from_state(collateral, last[1], BANKRUPT)
    with pytest.raises(NothingToTake, match="is worth 0 quanta"):
        plan_from_state(collateral, last[1], 12345)


def test_the_command_prints_the_calls(state_file, last, collateral):
    result = CliRunner().invoke(main, ["leave", str(state_file), "--position", str(A), "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.output)
    plan = plan_from_state(collateral, last[1], A)
    assert document["shared_state_hash"] == "0x" + last[1].hash().hex()
    assert [bytes.fromhex(one["data"][2:]) for one in document["calls"]] == [one.data for one in plan.calls]
    told = CliRunner().invoke(main, ["leave", str(state_file), "--position", str(A)]).output
    assert f"is worth {plan.worth:,} quanta" in told and "3. to the exchange: withdraw" in told


@pytest.mark.parametrize(
    ("content", "cause"),
    [("{", "is not JSON"), ("\xff", "is not JSON"), ("{}", "Field required"), ("[]", "valid dictionary")],
)
def test_a_file_that_is_no_state_is_refused(tmp_path, content, cause):
    path = tmp_path / "state.json"
    path.write_bytes(content.encode("latin-1"))
    result = CliRunner().invoke(main, ["leave", str(path), "--position", "1"])
    assert result.exit_code == 1 and cause in result.output and "Traceback" not in result.output


def test_a_state_without_a_configuration_leads_out(last, collateral, tmp_path):
    """As the chain has it: no orders, no configuration."""
    _, state = last
    path = tmp_path / "state.json"
    document = LastState.without_config(collateral, state.sealed(state.orders_root)).model_dump(mode="json")
    path.write_text(json.dumps(document))
    result = CliRunner().invoke(main, ["leave", str(path), "--position", str(A), "--json"])
    assert result.exit_code == 0, result.output
    sent = [one.data for one in plan_from_state(collateral, state, A).calls]
    assert [bytes.fromhex(one["data"][2:]) for one in json.loads(result.output)["calls"]] == sent


@pytest.mark.parametrize(
    ("missing", "cause"),
    [
        ("collateral_asset_id", "collateral_asset_id in its place"),
        ("state.positions_root", "state.positions_root: a state without a configuration needs it"),
        ("state.orders_height", "state.orders_height: a state without a configuration needs it"),
        ("state.positions.5", "positions have the root"),
    ],
)
def test_what_a_state_without_a_configuration_needs(last, collateral, missing, cause):
    document = LastState.without_config(collateral, last[1]).model_dump(mode="json")
    *path, name = missing.split(".")
    place = document
    for part in path:
        place = place[part]
    del place[name if name in place else next(iter(place))]
    with pytest.raises(InputRefused, match=cause):
        LastState.to_leave_with(document)
    with pytest.raises(InputRefused, match="good for an escape alone"):
        LastState.parsed(LastState.without_config(collateral, last[1]).model_dump(mode="json"))
