"""Every metric has the name, kind and labels that dashboards and alarms were written for, and the value of the rows."""

import math

import pytest
from prometheus_client.parser import text_string_to_metric_families

from freehold.services.operator.figures import ChainFacts, Figures
from freehold.services.operator.metrics import exposition
from freehold.services.operator.store import open_store
from tests.support.operating import ABOUT, DAY, FACTS, MEMBERS, NOW, fill

PUBLISHED = {
    "freehold_transactions_total": ("counter", {"type", "result", "code"}),
    "freehold_transactions_waiting": ("gauge", set()),
    "freehold_batches": ("gauge", {"state"}),
    "freehold_batches_waiting": ("gauge", set()),
    "freehold_batch_stage_seconds": ("histogram", {"stage"}),
    "freehold_prove_seconds": ("histogram", {"shape"}),
    "freehold_batch_transactions": ("histogram", set()),
    "freehold_batch_steps": ("histogram", set()),
    "freehold_batches_failed_total": ("counter", {"stage"}),
    "freehold_last_batch_id": ("gauge", {"state"}),
    "freehold_last_batch_timestamp_seconds": ("gauge", {"state"}),
    "freehold_batch_deadline_timestamp_seconds": ("gauge", set()),
    "freehold_forced_actions_pending": ("gauge", {"kind"}),
    "freehold_forced_action_deadline_timestamp_seconds": ("gauge", set()),
    "freehold_withdrawal_latency_seconds": ("histogram", set()),
    "freehold_jobs": ("gauge", {"kind", "state"}),
    "freehold_job_attempts_total": ("counter", set()),
    "freehold_job_peak_memory_bytes": ("gauge", set()),
    "freehold_proof_bytes": ("histogram", set()),
    "freehold_proof_size_steps_log2": ("histogram", set()),
    "freehold_gas_used_total": ("counter", {"purpose"}),
    "freehold_wei_spent_total": ("counter", {"purpose"}),
    "freehold_sender_balance_wei": ("gauge", {"role"}),
    "freehold_chain_head_timestamp_seconds": ("gauge", set()),
    "freehold_chain_lag_blocks": ("gauge", set()),
    "freehold_reorg_depth_blocks": ("histogram", set()),
    "freehold_committee_signatures": ("gauge", set()),
    "freehold_committee_member_last_signature_timestamp_seconds": ("gauge", {"member"}),
    "freehold_oracle_price_timestamp_seconds": ("gauge", {"asset"}),
    "freehold_solvency_margin_quanta": ("gauge", set()),
    "freehold_build_info": ("gauge", {"version", "program_identity", "configuration_hash"}),
}
STAGES = {"fill", "execute", "trace", "prove", "verify", "sign", "fact", "update"}


def families(store, facts=FACTS):
    text = exposition(Figures(store, ABOUT, lambda: facts, lambda: float(NOW))).decode()
    found = {}
    for family in text_string_to_metric_families(text):
        name = family.name + "_total" if family.type == "counter" else family.name
        assert name not in found
        found[name] = family
    return found


@pytest.fixture
def empty(tmp_path):
    store = open_store(f"sqlite:///{tmp_path / 'operator.db'}")
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def filled(empty):
    fill(empty)
    return empty


def value(families, name, sample="", **labels):
    """`sample` is what follows the family's name."""
    family = families[name]
    found = [one.value for one in family.samples if one.name == name + sample and one.labels == labels]
    assert len(found) == 1, family.samples
    return found[0]


def test_the_names_kinds_and_labels_are_the_published_ones(filled):
    found = families(filled)
    assert found.keys() == PUBLISHED.keys()
    for name, (kind, labels) in PUBLISHED.items():
        family = found[name]
        assert family.type == kind, name
        assert family.samples, name
        assert {frozenset(sample.labels) - {"le"} for sample in family.samples} == {frozenset(labels)}, name


def test_an_empty_operator_has_the_same_metrics(empty):
    assert families(empty, ChainFacts()).keys() == PUBLISHED.keys()


def test_values_are_those_of_the_rows(filled):
    found = families(filled)
    assert value(found, "freehold_transactions_total", type="TRADE", result="accepted", code="") == 12
    rejected = {"type": "LIQUIDATE", "result": "rejected", "code": "UNLIQUIDATABLE_POSITION"}
    assert value(found, "freehold_transactions_total", **rejected) == 1
    assert value(found, "freehold_batches", state="final") == 8
    assert value(found, "freehold_batches", state="ready") == 0
    assert value(found, "freehold_batches_failed_total", stage="update") == 1
    assert value(found, "freehold_forced_actions_pending", kind="withdrawal") == 1
    assert value(found, "freehold_forced_actions_pending", kind="trade") == 0
    assert value(found, "freehold_forced_action_deadline_timestamp_seconds") == NOW + 5 * DAY
    assert value(found, "freehold_wei_spent_total", purpose="fact") == 8 * 3_000_000 * 2e9
    assert value(found, "freehold_sender_balance_wei", role="submitter") == 3e18
    assert value(found, "freehold_chain_lag_blocks") == 2
    assert value(found, "freehold_committee_signatures") == 1
    member = {"member": MEMBERS[1]}
    assert value(found, "freehold_committee_member_last_signature_timestamp_seconds", **member) < NOW
    assert value(found, "freehold_solvency_margin_quanta") == 0
    assert value(found, "freehold_withdrawal_latency_seconds", "_count") == 2


def test_all_stages_are_told_of(filled):
    samples = families(filled)["freehold_batch_stage_seconds"].samples
    assert {sample.labels["stage"] for sample in samples} == STAGES


def test_buckets_are_cumulative_and_end_with_the_count(filled):
    found = families(filled)
    for name in (name for name, (kind, _) in PUBLISHED.items() if kind == "histogram"):
        series = {}
        for sample in found[name].samples:
            if sample.name.endswith("_bucket"):
                key = frozenset(item for item in sample.labels.items() if item[0] != "le")
                series.setdefault(key, []).append((float(sample.labels["le"]), sample.value))
        for key, buckets in series.items():
            bounds, counts = zip(*buckets, strict=True)
            assert list(bounds) == sorted(set(bounds))
            assert bounds[-1] == math.inf
            assert list(counts) == sorted(counts)
            assert counts[-1] == value(found, name, "_count", **dict(key))


def test_what_is_not_known_is_left_out_and_not_zero(filled):
    found = families(filled, ChainFacts())
    for name in ("freehold_chain_lag_blocks", "freehold_solvency_margin_quanta", "freehold_sender_balance_wei"):
        assert found[name].samples == []


def test_a_restart_loses_no_count(filled):
    before, again = families(filled), open_store(filled.url)
    after = families(again)
    again.close()
    for name in PUBLISHED:
        assert before[name].samples == after[name].samples
