"""The verifier, on plain integers. The prover (`prover.py`) and the contract walk the same titled steps.

Under each title stand what the step does and what a cheating prover would gain without it; `docs/soundness.md` has the
bounds. The verifier shares with the prover the AIR, the layout, the transcript and
`identities.py`; it never touches the kernel's arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prover.algebra.field import PRIME
from prover.stark.domains import point
from prover.stark.errors import (
    FoldMismatch,
    GrindingMissing,
    LeftOver,
    OpeningRefused,
    ProofMalformed,
)
from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED, TREE_NAMES
from prover.stark.identities import (
    VerifyingKey,
    check_degree,
    check_heights,
    check_identities,
    check_lookups,
    check_point,
    combine_terms,
    first_in_row,
    horner,
    opening_words,
    sums_per_row,
    term_point,
)
from prover.stark.layout import Layout, Term, make_layout
from prover.stark.merkle import hash_row, root_of
from prover.stark.parameters import Parameters
from prover.stark.proof import ByteReader, Proof, WordReader, part_positions
from prover.stark.statement import Statement
from prover.stark.transcript import Transcript

OpenedRows = dict[int, dict[int, dict[int, list[int]]]]
"""[tree][log2 of physical height][position] -> words."""
StatementReader = Callable[[WordReader], Statement]


@dataclass(frozen=True)
class Query:
    """What the query phase reads: the context that a proof in several transactions carries along."""

    layout: Layout
    roots: dict[int, int]
    fri_roots: list[int]
    z: int
    power: int
    terms: list[tuple[Term, list[int], list[int]]]
    zetas: list[int]
    last: list[int]


def verify(key: VerifyingKey, proof: Proof, read_statement: StatementReader) -> Statement:
    """The statement that the proof shows. Raises ProofRefused or ProofMalformed."""
    parameters = key.parameters
    statement, query, positions = verify_header(key, WordReader(proof.header), read_statement)
    parts = part_positions(positions, parameters.part_queries)
    if len(parts) != len(proof.parts):
        raise ProofMalformed("{found} parts, {bound} are needed for the query positions", len(proof.parts), len(parts))
    for part, data in zip(parts, proof.parts, strict=True):
        verify_part(query, parameters, part, ByteReader(data, parameters.digest_bytes))
    return statement


def verify_header(
    key: VerifyingKey, header: WordReader, read_statement: StatementReader
) -> tuple[Statement, Query, list[int]]:
    """Steps 0 to 6: the statement, what the openings are held to, and the query positions."""
    shape, parameters, transcript = key.shape, key.parameters, Transcript()

    # 0. Statement
    # All that is agreed is within bounds, and goes into the transcript before the first draw.
    # Without it: a statement could be sought that fits the challenges, or a table be too low for the bounds of a query.
    log_heights = tuple(header.take(len(shape.tables)))
    statement = read_statement(header)
    check_heights(shape, log_heights)
    statement.check(log_heights)
    layout = make_layout(shape, log_heights, parameters)
    check_degree(layout)
    transcript.absorb(opening_words(key, statement, log_heights))
    values = statement.values()

    # 1. Main columns
    # The run is fixed before the challenges of lookups and constraints are drawn.
    # Without it: cells could be chosen so that unequal tuples have equal sums, and violations cancel.
    (main_root,) = header.take(1)
    transcript.absorb([main_root])
    values["alpha"], values["gamma"], beta = transcript.draw(), transcript.draw(), transcript.draw()

    # 2. Lookups and quotients
    # What is used is listed: all fractions cancel. Quotients are fixed before z is drawn.
    # Without it: a memory cell could have two values, a number leave its range, a quotient be made to fit at z alone.
    (interaction_root,) = header.take(1)
    sums = take_felts(header, len(shape.tables))
    transcript.absorb([interaction_root, *sums])
    check_lookups(statement, sums, values["alpha"], values["gamma"])
    values |= sums_per_row(shape, log_heights, sums)
    z = transcript.draw()
    check_point(z, layout.log_degree, parameters.log_blowup)

    # 3. Out-of-domain values
    # At a point that nobody foresaw, every quotient is what the constraints give.
    # Without it: columns could break any constraint.
    mask = take_felts(header, layout.n_values())
    transcript.absorb(mask)
    check_identities(shape, layout, values, z, beta, mask)
    power = transcript.draw()

    # 4. FRI layers
    # Columns and claimed values are combined to one word; each folding of it is fixed before the next challenge.
    # Without it: the values at z need be no polynomials': any that satisfy the identities would do.
    plan = parameters.fri_plan(layout.log_degree)
    fri_roots, zetas = [], []
    for _ in plan:
        (root,) = header.take(1)
        transcript.absorb([root])
        fri_roots.append(root)
        zetas.append(transcript.draw())

    # 5. Last polynomial
    # What the folding leaves is sent whole, before positions are drawn.
    # Without it: it could be fitted to the few positions.
    last = take_felts(header, 1 << layout.log_degree - sum(plan))
    transcript.absorb(last)

    # 6. Grinding and query positions
    # Where to look is drawn when everything is fixed, and a draw costs 2^grinding_bits hashes.
    # Without it: a prover would be right at these positions alone, or draw again until they miss what is wrong.
    (nonce,) = header.take(1)
    transcript.absorb([nonce])
    if int.from_bytes(transcript.state, "big") >> 256 - parameters.grinding_bits:
        raise GrindingMissing(nonce, parameters.grinding_bits)
    positions = transcript.draw_positions(parameters.n_queries, layout.log_degree + parameters.log_blowup)
    if header.left():
        raise LeftOver(32 * header.left())

    roots = {PREPROCESSED: key.preprocessed_root, MAIN: main_root, INTERACTION: interaction_root}
    terms = combine_terms(layout, mask, power)
    return statement, Query(layout, roots, fri_roots, z, power, terms, zetas, last), positions


def take_felts(header: WordReader, count: int) -> list[int]:
    """Words that must be below p."""
    return checked_felts(header.take(count))


def checked_felts(words: list[int]) -> list[int]:
    for word in words:
        if word >= PRIME:
            raise ProofMalformed("{found:#x} is not below p = {bound:#x}", word, PRIME)
    return words


def verify_part(query: Query, parameters: Parameters, positions: list[int], part: ByteReader) -> None:
    """Steps 7 to 9 for some of the query positions."""
    layout = query.layout

    # 7. Openings of the trees, and the DEEP sum at each position
    # The rows are the committed ones, and the combined word is made of them.
    # Without it: rows could be invented now that the positions are known.
    rows = {tree: open_rows(query, parameters, tree, positions, part) for tree in layout.trees()}
    folded = {position: deep_sum(query, parameters, rows, position) for position in positions}

    # 8. FRI layers
    # Each layer is the folding of the one before.
    # Without it: a layer could be of low degree and have nothing to do with the columns.
    log_size = layout.log_degree + parameters.log_blowup
    for number, arity in enumerate(parameters.fri_plan(layout.log_degree)):
        leaves = read_leaves(folded, arity, part)
        hashes = {log_size - arity: {leaf: hash_row(words, parameters.digest_bytes) for leaf, words in leaves.items()}}
        root = root_of(hashes, log_size - arity, parameters.digest_bytes, part.digest)
        if int.from_bytes(root, "big") != query.fri_roots[number]:
            raise OpeningRefused(f"FRI layer {number}")
        folded = {leaf: fold_leaf(words, log_size, leaf, query.zetas[number]) for leaf, words in leaves.items()}
        log_size -= arity

    # 9. Last polynomial
    # Every chain of folds ends on it, and no byte is left over.
    # Without it: the columns need be near no polynomials; one proof could have many forms.
    for position, word in folded.items():
        if horner(query.last, point(log_size, position)) != word:
            raise FoldMismatch(position)
    if part.left():
        raise LeftOver(part.left())


def open_rows(
    query: Query, parameters: Parameters, tree: int, positions: list[int], part: ByteReader
) -> dict[int, dict[int, list[int]]]:
    """{log2 of physical height: {position: words}} of one tree, checked against its root."""
    layout = query.layout
    rows: dict[int, dict[int, list[int]]] = {}
    hashes: dict[int, dict[int, bytes]] = {}
    for log_physical in layout.physical_heights(tree):
        width = sum(len(group.columns) for group in layout.row_groups(tree, log_physical))
        opened = sorted({position >> layout.log_degree - log_physical for position in positions})
        rows[log_physical] = {position: checked_felts(part.words(width)) for position in opened}
        hashes[log_physical + parameters.log_blowup] = {
            position: hash_row(words, parameters.digest_bytes) for position, words in rows[log_physical].items()
        }
    root = root_of(hashes, max(hashes), parameters.digest_bytes, part.digest)
    if int.from_bytes(root, "big") != query.roots[tree]:
        raise OpeningRefused(TREE_NAMES[tree])
    return rows


def deep_sum(query: Query, parameters: Parameters, rows: OpenedRows, position: int) -> int:
    """sum of (sum of lambda^i * p_i(Y) - B(Y)) / (Y^k - z_n * omega_n^o), every term in its own Y."""
    layout = query.layout
    x = point(layout.log_degree + parameters.log_blowup, position)
    total = 0
    for term, weights, claimed in query.terms:
        group = term.group
        row = rows[group.tree][group.log_physical][position >> layout.log_degree - group.log_physical]
        first = first_in_row(layout, group)
        y = pow(x, 1 << layout.log_degree - group.log_physical, PRIME)
        numerator = sum(w * row[first + i] for w, i in zip(weights, term.columns, strict=True)) - horner(claimed, y)
        denominator = pow(x, 1 << layout.log_degree - group.log_height, PRIME) - term_point(layout, term, query.z)
        total += numerator * pow(denominator, -1, PRIME)
    return total % PRIME


def read_leaves(known: dict[int, int], arity: int, part: ByteReader) -> dict[int, list[int]]:
    """The leaves of one layer: what the verifier computed in its place, the rest from the proof."""
    leaves: dict[int, list[int]] = {}
    for leaf in sorted({position >> arity for position in known}):
        places = range(leaf << arity, leaf + 1 << arity)
        leaves[leaf] = [known[p] if p in known else checked_felts(part.words(1))[0] for p in places]
    return leaves


def fold_leaf(words: list[int], log_size: int, leaf: int, zeta: int) -> int:
    """Binary folds f(x) + f(-x) + zeta * (f(x) - f(-x)) / x, the next with zeta^2 and so on."""
    while len(words) > 1:
        base = leaf * len(words)
        words = [fold_pair(words[i], words[i + 1], point(log_size, base + i), zeta) for i in range(0, len(words), 2)]
        zeta = zeta * zeta % PRIME
        log_size -= 1
    return words[0]


def fold_pair(plus: int, minus: int, x: int, zeta: int) -> int:
    return (plus + minus + zeta * (plus - minus) * pow(x, -1, PRIME)) % PRIME
