"""Rollup mode: an exchange whose position tree anybody rebuilds from calldata alone (S1-08)."""

import ape
import pytest

from prover.algebra.keccak import keccak_of_words
from prover.applications.ledger.merkle import MerkleTree
from prover.applications.perpetual.positions import EMPTY, Asset, Position
from tests.support.rollup_kit import BIAS, HEIGHT, batch, data_words, prove, publish, record, rollup

__all__ = ["rollup"]

FIRST_TICK, SECOND_TICK = 1000, 2000


class Rebuilt:
    """What a reader of calldata knows: positions by id, and funding indices by time."""

    def __init__(self) -> None:
        self.positions: dict[int, Position] = {}
        self.funding: dict[int, dict[int, int]] = {0: {}}

    def read(self, words: list[int]) -> None:
        words, place = list(words), 1
        for _ in range(words[0]):
            count = words[place]
            pairs = words[place + 1 : place + 1 + 2 * count]
            place += 1 + 2 * count
            self.funding[words[place]] = {a: i - BIAS for a, i in zip(pairs[::2], pairs[1::2], strict=True)}
            place += 1
        while place < len(words):
            size = words[place]
            self._take(words[place + 1 : place + 1 + size])
            place += 1 + size

    def _take(self, entry: list[int]) -> None:
        position_id, key, collateral, time, *changed = entry
        indices = self.funding[time]
        balances = {a.asset_id: a.balance for a in self.positions.get(position_id, EMPTY).assets}
        balances |= {word >> 64: (word & (2**64 - 1)) - BIAS for word in changed}
        assets = tuple(Asset(a, b, indices[a]) for a, b in sorted(balances.items()) if b)
        self.positions[position_id] = Position(key, collateral - BIAS, assets)

    def root(self) -> int:
        tree = MerkleTree(HEIGHT, EMPTY.leaf())
        return tree.update({key: position.leaf() for key, position in self.positions.items()}).root


def test_the_position_tree_is_rebuilt_from_calldata_alone(rollup):
    kit, adapter, _ = rollup
    first = {3: Position(0xA, 50), 5: Position(0xB, -7, (Asset(11, 2, 100), Asset(12, -3, 0)))}
    second = {5: Position(0xB, 9, (Asset(11, 2, 140),)), 3: Position()}
    batches = (
        data_words(
            [(FIRST_TICK, {11: 100, 12: 0})],
            [record(3, first[3], 0, {}), record(5, first[5], FIRST_TICK, {11: 2, 12: -3})],
        ),
        data_words(
            [(SECOND_TICK, {11: 140, 12: -5})],
            [record(3, second[3], 0, {}), record(5, second[5], SECOND_TICK, {12: 0})],
        ),
    )
    tree, state, receipts = MerkleTree(HEIGHT, EMPTY.leaf()), kit.state, []
    for positions, data in zip((first, second), batches, strict=True):
        tree = tree.update({key: position.leaf() for key, position in positions.items()})
        output = batch(kit, state, tree.root, data)
        receipts.append(publish(kit, adapter, output, data))
        last = kit.exchange.getLastBatchId()
        kit.update(output.words(), [last + 1, last, 0])
        state = output.after
    rebuilt = Rebuilt()
    for receipt in receipts:
        assert receipt.decode_logs(adapter.DataPublished)
        _, arguments = adapter.decode_input(bytes(receipt.data))
        rebuilt.read(arguments["data"])
    assert rebuilt.root() == kit.exchange.getRollupVaultRoot() == tree.root


def node_hash(hashes: list[bytes], ends: list[int]) -> int:
    """The hash of an inner node: its children, each with the end of its words in the output; one more."""
    words = [word for pair in zip(hashes, ends, strict=True) for word in (int.from_bytes(pair[0], "big"), pair[1])]
    return (int.from_bytes(keccak_of_words(words), "big") + 1) % 2**256


@pytest.mark.parametrize("cuts", [(), (1,), (4,), (1, 2, 5)], ids=str)
def test_data_may_come_in_pages(rollup, cuts):
    """The exchange takes the batch by the hash of the node over all pages, and by no other."""
    kit, adapter, _ = rollup
    data = data_words([], [record(3, Position(0xA, 50), 0, {})])
    pages = [data[i:j] for i, j in zip((0, *cuts), (*cuts, len(data)), strict=True)]
    output = batch(kit, kit.state, 5, data)
    main = output.main_words()
    prove(kit, output, data)
    refused = {"NoPages": [], "EmptyData": [*pages, []], "NotProven": [*pages, data]}
    for error, wrong in refused.items():
        with ape.reverts(getattr(adapter, error)):
            adapter.publishPages(main, wrong, sender=kit.operator)
    receipt = adapter.publishPages(main, pages, sender=kit.operator)
    ends = [len(main) + end for end in (*cuts, len(data))]
    node = node_hash([keccak_of_words(page) for page in pages], ends) if cuts else output.data[0]
    (log,) = receipt.decode_logs(adapter.DataPublished)
    assert (int.from_bytes(bytes(log.dataHash), "big"), log.words) == (node, len(data))
    if cuts:
        with ape.reverts(kit.error("NoProof")):  # the data is not one page
            kit.update(output.words(), [1, 0, 0])
    kit.update([*main, node, len(data)], [1, 0, 0])


def test_a_batch_without_its_data_is_not_taken(rollup):
    kit, adapter, _ = rollup
    data = data_words([], [record(3, Position(0xA, 50), 0, {})])
    output = batch(kit, kit.state, 5, data)
    with ape.reverts(kit.error("NoProof"), entry=adapter.address):
        kit.update(output.words(), [1, 0, 0])
    with ape.reverts(adapter.NotProven):
        adapter.publish(output.main_words(), data, sender=kit.operator)
    with ape.reverts(adapter.EmptyData):
        adapter.publish([*output.main_words(), *data], [], sender=kit.operator)
    publish(kit, adapter, output, data)
    # The same output cut elsewhere is a fact too, of no use to the exchange.
    adapter.publish(output.main_words() + data[:1], data[1:], sender=kit.operator)
    longer = [*output.main_words(), data[0], int.from_bytes(keccak_of_words(data[1:]), "big"), len(data) - 1]
    with ape.reverts(kit.error("OutputLength")):
        kit.update(longer, [1, 0, 0])
    other = [*output.main_words(), output.data[0] ^ 1, output.data[1]]
    with ape.reverts(kit.error("NoProof")):
        kit.update(other, [1, 0, 0])
    kit.update(output.words(), [1, 0, 0])
