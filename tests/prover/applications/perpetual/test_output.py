"""The batch as a whole and its words: edges 143 to 156 of the list, and what a reader of rollup data can rebuild."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prover.algebra.pedersen import pedersen_pairs
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.batch import Batch, apply_batch
from prover.applications.perpetual.documents import Case
from prover.applications.perpetual.positions import EMPTY, Asset, Position, leaves
from prover.applications.perpetual.rollup_data import Published
from prover.applications.perpetual.state import State
from tests.support.world import (
    ALICE,
    BOB,
    BTC,
    CAROL,
    CONFIG,
    ETH,
    FEE_KEEPER,
    FEES,
    HALF,
    HOUR,
    NOW,
    ONE,
    SOL,
    USD,
    apply,
    configured,
    deposit,
    forced_trade,
    forced_withdrawal,
    funding,
    holds,
    key,
    order,
    refused,
    trade,
    transfer,
    withdrawal,
    world,
)

EMPTY_ROOT = 0x52DDCBDD431A044CF838A71D194248640210B316D7B1A568997ECAD9DEC9626
EMPTY_ORDERS_ROOT = 0x7CED9B79B31453A1D939AC7FC159188F369EE677D20385864C767FC391FA61B
ROLLUP = configured(data_availability_mode=1)
DELTA_BIAS = 2**64


def split(batch: Batch) -> dict[str, list[int]]:
    """The output by its parts, read by their own counts (10.1)."""
    words, parts = list(batch.output()), {}

    def take(name: str, count: int) -> list[int]:
        parts[name] = words[:count]
        del words[:count]
        return parts[name]

    take("head", 2)
    take("assets", 2 * take("n_assets", 1)[0])
    take("before", take("n_before", 1)[0])
    take("after", take("n_after", 1)[0])
    take("minimum", 1)
    take("modifications", 3 * take("n_modifications", 1)[0])
    n_forced_words, _ = take("n_forced", 2)
    take("forced", n_forced_words)
    take("conditions", take("n_conditions", 1)[0])
    parts["data"] = words
    return parts


def test_an_empty_batch():
    """Edge 143."""
    state = world({7: holds(ALICE, 5)})
    parts = split(apply(state))
    assert parts["before"] == parts["after"] == state.words()
    assert parts["head"] == [CONFIG.hash(), 0] and parts["minimum"] == [HOUR]
    assert not (parts["modifications"] or parts["forced"] or parts["conditions"] or parts["data"])


def test_the_new_time_is_the_last_ticks():
    """Edge 144: a file that says otherwise is refused."""
    case = Case.of(apply(world({}), funding(NOW + 5)))
    assert case.batch.new_system_time == NOW + 5
    for wrong in (NOW + 4, NOW + 6):
        document = case.model_dump(mode="json")
        document["batch"]["new_system_time"] = str(wrong)
        with refused("NEW_SYSTEM_TIME"):
            Case.parsed(document).apply()


def test_lists_keep_the_order_of_execution():
    """Edges 145 and 19: condition 0 hashes as a plain transfer, and is still written."""
    state = world({7: holds(ALICE, 100), 8: holds(BOB, 100), 9: holds(CAROL, 10**6)})
    batch = apply(
        state,
        forced_withdrawal(BOB, 8, 1),
        deposit(ALICE, 7, 5),
        transfer(BOB, 8, ALICE, 7, 1, condition=77),
        forced_trade((CAROL, 9), (ALICE, 7), True, 1, 1),
        withdrawal(ALICE, 7, 3),
        transfer(BOB, 8, ALICE, 7, 2, condition=0),
    )
    parts = split(batch)
    assert parts["modifications"] == [
        *(key(BOB), 8, DELTA_BIAS - 1),
        *(key(ALICE), 7, DELTA_BIAS + 5),
        *(key(ALICE), 7, DELTA_BIAS - 3),
    ]
    assert parts["n_forced"] == [4 + 10, 2]
    assert parts["forced"] == [0, key(BOB), 8, 1, 1, key(CAROL), key(ALICE), 9, 7, ETH, 1, 1, 1, 7]
    assert parts["conditions"] == [77, 0]
    plain = transfer(BOB, 8, ALICE, 7, 2)
    assert plain.message_hash(USD) == transfer(BOB, 8, ALICE, 7, 2, condition=0).message_hash(USD)


def test_biased_deltas_fit_65_bits():
    """Edge 146."""
    most = 2**64 - 1
    state = world({7: holds(ALICE, -HALF, {ETH: 1}), 8: holds(BOB, HALF - 1)})
    batch = apply(state, deposit(ALICE, 7, most - 1), withdrawal(BOB, 8, HALF - 1))
    assert [delta for _, _, delta in batch.modifications] == [2**65 - 2, 2**64 - HALF + 1]


def test_shared_state_words():
    """Edge 147: the count before them is theirs alone; indices are biased, prices are not."""
    state = world({}, indices={ETH: -3, BTC: 4}, prices={ETH: 9})
    parts = split(apply(state))
    assert parts["n_before"] == [len(state.words())] == [4 + 1 + 4 + 1 + 1 + 2 + 1]
    assert state.words()[4:] == [2, BTC, HALF + 4, ETH, HALF - 3, NOW - 100, 1, ETH, 9, NOW]


def busy_batch(config=ROLLUP) -> Batch:
    """Positions created (41), emptied (40), touched without a change (8), changed in part (20, 21)."""
    state = world(
        {
            FEES: holds(FEE_KEEPER, 10),
            8: holds(BOB, 50, {ETH: 5}),
            20: holds(ALICE, 10**6, {BTC: 7, SOL: -2}),
            21: holds(CAROL, 10**6, {ETH: 1000}),
            40: holds(BOB, 7),
        },
        config,
    )
    return apply(
        state,
        funding(NOW + 3, indices={ETH: 50}),
        trade(order(ALICE, 20, True, 1000, 1000), order(CAROL, 21, False, 1000, 990), 1000, 990),
        withdrawal(BOB, 40, 7),
        funding(NOW + 9, indices={ETH: 100, SOL: -9}),
        deposit(CAROL, 41, 12),
        forced_withdrawal(ALICE, 8, 1),
        config=config,
    )


def records(data: list[int]) -> tuple[list[tuple[dict[int, int], int]], list[list[int]]]:
    """The funding table and the position records of rollup data."""
    words = list(data)
    table = []
    for _ in range(words.pop(0)):
        count = words.pop(0)
        pairs = [words.pop(0) for _ in range(2 * count)]
        indices = {asset: index - HALF for asset, index in zip(pairs[::2], pairs[1::2], strict=True)}
        table.append((indices, words.pop(0)))
    found = []
    while words:
        found.append([words.pop(0) for _ in range(words.pop(0))])
    return table, found


def test_rollup_records():
    """Edges 148, 149 and 151: a removed asset is written as 0, an emptied position with key and time 0."""
    batch = busy_batch()
    table, found = records(split(batch)["data"])
    assert [time for _, time in table] == [NOW + 3, NOW + 9]
    assert [record[0] for record in found] == [FEES, 8, 20, 21, 40, 41]
    by_id = {record[0]: record[1:] for record in found}
    assert by_id[8] == [key(BOB), HALF + 49, NOW + 9]
    assert by_id[20] == [key(ALICE), HALF + 10**6 - 990, NOW + 3, ETH << 64 | HALF + 1000]
    assert by_id[21] == [key(CAROL), HALF + 10**6 + 990 - 1, NOW + 3, ETH << 64 | HALF]
    assert by_id[40] == [0, HALF, 0]
    assert by_id[41] == [key(CAROL), HALF + 12, NOW + 9]
    validium = busy_batch(CONFIG)
    assert split(validium)["data"] == [] and validium.output()[2:] == batch.output()[2 : len(validium.output())]


def rebuild(known: dict[int, Position], batch_words: dict[str, list[int]]) -> dict[int, Position]:
    """What a reader makes of one batch's words, given what was known before: no state of ours is looked at."""
    before = batch_words["before"]
    n_indices = before[4]
    pairs = before[5 : 5 + 2 * n_indices]
    previous = {asset: index - HALF for asset, index in zip(pairs[::2], pairs[1::2], strict=True)}
    table, found = records(batch_words["data"])
    indices_at = {before[5 + 2 * n_indices]: previous, **{time: indices for indices, time in table}}
    positions = dict(known)
    for position_id, public_key, collateral, time, *changes in found:
        balances = {asset.asset_id: asset.balance for asset in known.get(position_id, EMPTY).assets}
        balances |= {word >> 64: (word & 2**64 - 1) - HALF for word in changes}
        if time == 0 and public_key:
            continue
        indices = indices_at.get(time, {})
        assets = tuple(Asset(a, balance, indices[a]) for a, balance in sorted(balances.items()) if balance)
        positions[position_id] = Position(public_key, collateral - HALF, assets)
    return {key: position for key, position in positions.items() if position != EMPTY}


def root_of(positions: dict[int, Position]) -> int:
    return MerkleTree(64, EMPTY.leaf(), dict(zip(positions, leaves(positions.values()), strict=True))).root


def test_a_reader_rebuilds_the_tree_from_successive_batches():
    """Edge 150: from words alone, starting with the positions of the first state."""
    first = busy_batch()
    positions = rebuild(dict(first.before.positions), split(first))
    assert root_of(positions) == first.after.tree.root
    second = apply(first.after, forced_withdrawal(ALICE, 20, 5), transfer(CAROL, 41, BOB, 40, 3), config=ROLLUP)
    positions = rebuild(positions, split(second))
    assert root_of(positions) == second.after.tree.root
    third = apply(second.after, funding(NOW + 20, indices={ETH: 99, SOL: -9}), deposit(ALICE, 20, 1), config=ROLLUP)
    assert root_of(rebuild(positions, split(third))) == third.after.tree.root


def test_a_reader_keeps_a_position_that_funding_could_not_reach():
    """docs/spec/perpetual-state.md 11.2 in rollup data: time 0 under a key means that the indices are the old ones."""
    position = holds(ALICE, HALF - 1, {ETH: -1})
    state = world({7: position}, ROLLUP, indices={BTC: 0, SOL: 0, ETH: ONE})
    batch = apply(state, forced_withdrawal(ALICE, 7, 1), config=ROLLUP)
    assert records(split(batch)["data"])[1] == [[7, key(ALICE), HALF + HALF - 1, 0]]
    assert rebuild({7: position}, split(batch)) == {7: position}


def test_the_reader_of_calldata_rebuilds_the_same():
    """`rollup_data.py` reads the data alone, every batch's ticks once."""
    first = busy_batch()
    second = apply(first.after, funding(NOW + 20, indices={ETH: 99, SOL: -9}), deposit(ALICE, 20, 1), config=ROLLUP)
    third = apply(second.after, forced_withdrawal(ALICE, 20, 5), transfer(CAROL, 41, BOB, 40, 3), config=ROLLUP)
    published = Published.after(first.before)
    for batch in (first, second, third):
        published.read(batch.data())
        assert published.root(64) == batch.after.tree.root
    unreachable = world({7: holds(ALICE, HALF - 1, {ETH: -1})}, ROLLUP, indices={BTC: 0, SOL: 0, ETH: ONE})
    published = Published.after(unreachable)
    published.read(apply(unreachable, forced_withdrawal(ALICE, 7, 1), config=ROLLUP).data())
    assert published.root(64) == unreachable.tree.root


def test_a_position_touched_in_three_ways_is_one_leaf():
    """Edge 156."""
    state = world({7: holds(ALICE, 1000), 8: holds(BOB, 10**6)})
    batch = apply(
        state,
        deposit(ALICE, 7, 5),
        trade(order(ALICE, 7, True, 10, 10), order(BOB, 8, False, 10, 10), 10, 10),
        forced_withdrawal(ALICE, 7, 4),
    )
    chain = [change for change in batch.changes if change.position_id == 7]
    assert [change.before for change in chain] == [holds(ALICE, 1000), *(change.after for change in chain[:-1])]
    assert chain[-1].after == batch.after.position(7) == holds(ALICE, 991, {ETH: 10})
    assert batch.touched_positions == [FEES, 7, 8]


def test_advice_leads_from_the_old_root_to_every_touched_leaf():
    """Edge 152: the program's hints find every old leaf and its siblings; the program makes the new root itself."""
    batch = busy_batch()
    document = batch.program_input()
    nodes = {int(n, 16): [int(c, 16) for c in pair] for n, pair in document["advice"]["preimage"].items()}
    assert all(pedersen_pairs([left], [right]) == [node] for node, (left, right) in nodes.items())
    for position_id in batch.touched_positions:
        node = int(document["prev_state"]["positions_root"], 16)
        for level in range(63, -1, -1):
            node = nodes[node][position_id >> level & 1]
        assert node == batch.before.position(position_id).leaf()
    assert set(document["prev_state"]["positions"]) == {str(key) for key in batch.touched_positions}
    assert len(document["prev_state"]["orders"]) == 3


def test_a_refused_batch_changes_nothing():
    """S3-10: the state that was given is as it was, whatever came before the refusal."""
    state = world({7: holds(ALICE, 100)})
    root, positions = state.tree.root, dict(state.positions)
    with refused("SYSTEM_TIME"):
        apply(state, deposit(ALICE, 7, 1), funding(NOW - 1))
    assert (state.tree.root, state.positions) == (root, positions)


# --- trees


@given(
    st.dictionaries(st.integers(0, 2**64 - 1), st.integers(1, 2**250), max_size=12),
    st.dictionaries(st.integers(0, 2**64 - 1), st.integers(0, 2**250), max_size=12),
)
@settings(max_examples=20, deadline=None)
def test_trees_are_persistent_and_order_does_not_matter(first, second):
    """Edge 152: at once or one by one, old versions still answer, every path leads to its root."""
    empty = MerkleTree(64, 0)
    old = empty.update(first)
    new = old.update(second)
    assert new.root == MerkleTree(64, 0, {**first, **second}).root
    for index in [*first, *second, 5]:
        assert old.leaf(index) == first.get(index, 0)
        assert new.leaf(index) == {**first, **second}.get(index, 0)
        node = new.leaf(index)
        for level, sibling in enumerate(reversed(new.path(index))):
            pair = (sibling, node) if index >> level & 1 else (node, sibling)
            (node,) = pedersen_pairs([pair[0]], [pair[1]])
        assert node == new.root


def test_a_tree_refuses_what_is_outside():
    for index in (-1, 2**64):
        with pytest.raises(ValueError, match="no leaf"):
            MerkleTree(64, 0).update({index: 1})


def test_initial_states_are_empty():
    state = State.initial(CONFIG, NOW)
    batch = apply_batch(CONFIG, state, [], HOUR)
    assert batch.after.words() == state.words() == [EMPTY_ROOT, 64, EMPTY_ORDERS_ROOT, 64, 0, NOW, 0, NOW]
