"""The verifier, on plain integers. The prover (`prover.py`) and the contract walk the same titled steps.

It shares with the prover the AIR, the layout and the transcript; it never touches the kernel's arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prover.algebra.field import PRIME
from prover.stark.domains import MEMBERSHIP, point, root_of_unity
from prover.stark.errors import (
    FoldMismatch,
    GrindingMissing,
    LeftOver,
    LookupsUnbalanced,
    OodsMismatch,
    OpeningRefused,
    PointRefused,
    ProofMalformed,
    StatementRefused,
)
from prover.stark.expressions import INTERACTION, MAIN, PREPROCESSED, TREE_NAMES, Expression, evaluate
from prover.stark.layout import QUOTIENT_TABLE, Layout, Term, make_layout
from prover.stark.merkle import hash_row, root_of
from prover.stark.parameters import Parameters
from prover.stark.proof import ByteReader, Proof, WordReader, part_positions
from prover.stark.shape import Shape
from prover.stark.statement import Statement
from prover.stark.tables import Factor, Rows, Table
from prover.stark.transcript import Transcript, keccak256

VERSION = int.from_bytes(b"freehold 2", "big")
"""The protocol version, first word of the transcript and of every program identity."""

MAX_LOG_DOMAIN = 32
"""Query positions are 32-bit words."""

StatementReader = Callable[[WordReader], Statement]


@dataclass(frozen=True)
class VerifyingKey:
    """Everything a verifier contract fixes at deployment."""

    shape: Shape
    parameters: Parameters
    preprocessed_root: int


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
    shape, parameters, transcript = key.shape, key.parameters, Transcript()
    header = WordReader(proof.header)

    # 0. Statement
    log_heights = tuple(header.take(len(shape.tables)))
    statement = read_statement(header)
    check_heights(shape, parameters, log_heights)
    statement.check(log_heights)
    layout = make_layout(shape, log_heights, parameters)
    log_domain = layout.log_degree + parameters.log_blowup
    if log_domain > MAX_LOG_DOMAIN:
        raise StatementRefused(f"evaluation domain 2^{log_domain} is above 2^{MAX_LOG_DOMAIN}")
    transcript.absorb(opening_words(key, statement, log_heights))
    values = statement.values()

    # 1. Main columns
    (main_root,) = header.take(1)
    transcript.absorb([main_root])
    values["alpha"], values["gamma"], beta = transcript.draw(), transcript.draw(), transcript.draw()

    # 2. Lookups and quotients
    (interaction_root,) = header.take(1)
    sums = take_felts(header, len(shape.tables))
    transcript.absorb([interaction_root, *sums])
    check_lookups(statement, sums, values["alpha"], values["gamma"])
    for table, log_height, total in zip(shape.tables, log_heights, sums, strict=True):
        values[table.sum_name()] = total * pow(1 << log_height, -1, PRIME) % PRIME
    z = transcript.draw()
    check_point(z, layout.log_degree, parameters.log_blowup)

    # 3. Out-of-domain values
    mask = take_felts(header, layout.n_values())
    transcript.absorb(mask)
    check_identities(shape, layout, values, z, beta, mask)
    power = transcript.draw()

    # 4. FRI layers
    plan = parameters.fri_plan(layout.log_degree)
    fri_roots, zetas = [], []
    for _ in plan:
        (root,) = header.take(1)
        transcript.absorb([root])
        fri_roots.append(root)
        zetas.append(transcript.draw())

    # 5. Last polynomial
    last = take_felts(header, 1 << layout.log_degree - sum(plan))
    transcript.absorb(last)

    # 6. Grinding and query positions
    (nonce,) = header.take(1)
    transcript.absorb([nonce])
    if int.from_bytes(transcript.state, "big") >> 256 - parameters.grinding_bits:
        raise GrindingMissing(nonce, parameters.grinding_bits)
    positions = transcript.draw_positions(parameters.n_queries, log_domain)
    if header.left():
        raise LeftOver(32 * header.left())

    # 7. to 9. Openings, folds and the last polynomial, part by part
    roots = {MAIN: main_root, INTERACTION: interaction_root}
    if shape.has_preprocessed:
        roots[PREPROCESSED] = key.preprocessed_root
    terms = combine_terms(layout, mask, power)
    query = Query(layout, roots, fri_roots, z, power, terms, zetas, last)
    parts = part_positions(positions, parameters.part_queries)
    if len(parts) != len(proof.parts):
        raise ProofMalformed(f"{len(proof.parts)} parts for {len(positions)} positions, {len(parts)} are needed")
    for part, data in zip(parts, proof.parts, strict=True):
        verify_part(query, parameters, part, ByteReader(data, parameters.digest_bytes))
    return statement


def take_felts(header: WordReader, count: int) -> list[int]:
    """Words that must be below p."""
    return checked_felts(header.take(count))


def checked_felts(words: list[int]) -> list[int]:
    for word in words:
        if word >= PRIME:
            raise ProofMalformed(f"{word:#x} is not below p")
    return words


def check_heights(shape: Shape, parameters: Parameters, log_heights: tuple[int, ...]) -> None:
    """At least the minimum, exactly the fixed height where the meaning fixes it."""
    for table, log_height in zip(shape.tables, log_heights, strict=True):
        if table.log_height is not None and log_height != table.log_height:
            raise StatementRefused(f"table {table.name} has 2^{log_height} rows, must have 2^{table.log_height}")
        if not table.min_log_height <= log_height <= MAX_LOG_DOMAIN - parameters.log_blowup:
            raise StatementRefused(f"table {table.name} has 2^{log_height} rows, out of bounds")


def opening_words(key: VerifyingKey, statement: Statement, log_heights: tuple[int, ...]) -> list[int]:
    """Round 0: everything that is agreed before the prover commits."""
    return [
        VERSION,
        *key.parameters.words(),
        key.preprocessed_root if key.shape.has_preprocessed else 0,
        key.shape.identity,
        statement.identity,
        *log_heights,
        *statement.digest_words(),
    ]


def check_lookups(statement: Statement, sums: list[int], alpha: int, gamma: int) -> None:
    """The tables' sums and the verifier's own accesses cancel; one fraction, one inversion."""
    numerator, denominator = 0, 1
    for entry in statement.accesses():
        factor = gamma
        weight = 1
        for word in entry:
            factor -= weight * word
            weight = weight * alpha % PRIME
        numerator = (numerator * factor + denominator) % PRIME
        denominator = denominator * factor % PRIME
    if denominator == 0:
        raise LookupsUnbalanced(0)
    total = (sum(sums) + numerator * pow(denominator, -1, PRIME)) % PRIME
    if total:
        raise LookupsUnbalanced(total)


def check_point(z: int, log_degree: int, log_blowup: int) -> None:
    """These two keep every opened point off the trace domains and every point's power off the evaluation ones."""
    lifted = pow(z, 1 << log_degree, PRIME)
    if lifted == 1 or pow(lifted, 1 << log_blowup, PRIME) == MEMBERSHIP or z == 0:
        raise PointRefused(z)


def check_identities(shape: Shape, layout: Layout, values: dict[str, int], z: int, beta: int, mask: list[int]) -> None:
    """The combined quotient and that of each interaction column are what the constraints give at z."""
    cells = mask_cells(layout, mask)
    lifted = pow(z, 1 << layout.log_degree, PRIME)
    expected, weight = 0, 1
    for number, table in enumerate(shape.tables):
        log_height = layout.log_heights[number]
        y = pow(z, 1 << layout.log_degree - log_height, PRIME)
        constraints = [*table.constraints, *table.lookup_constraints]
        leaf = _leaf(cells, values, number, table, y, log_height)
        results = [
            result * inverse_zerofier(constraint.rows, y, log_height, table.block) % PRIME
            for constraint, result in zip(constraints, evaluate([c.expression for c in constraints], leaf), strict=True)
        ]
        for result in results[: len(table.constraints)]:
            expected += weight * result
            weight = weight * beta % PRIME
        for column, result in enumerate(results[len(table.constraints) :]):
            slices = [cells[number, INTERACTION, place, 0] for place in table.quotient_slices(column)]
            name = f"table {table.name}, {table.lookup_constraints[column].name}"
            _check_quotient(name, result, slices, lifted)
    slices = [cells[QUOTIENT_TABLE, INTERACTION, c, 0] for c in range(shape.n_slices)]
    _check_quotient("combined constraints", expected % PRIME, slices, lifted)


def _check_quotient(name: str, expected: int, slices: list[int], lifted: int) -> None:
    """`lifted` = z^H is y^n of every height n, so slice c counts lifted^c times."""
    claimed = horner(slices, lifted)
    if expected != claimed:
        raise OodsMismatch(name, expected, claimed)


def mask_cells(layout: Layout, mask: list[int]) -> dict[tuple[int, int, int, int], int]:
    """(table, tree, column, offset) -> claimed value."""
    values = iter(mask)
    return {
        (slot.table, term.group.tree, slot.column, term.offset): next(values)
        for term in layout.terms()
        for _, _, slot in term.slots()
    }


def _leaf(cells, values: dict[str, int], number: int, table: Table, y: int, log_height: int):
    def leaf(node: Expression) -> int:
        if node.kind == "cell":
            return cells[(number, *node.args)]
        if node.kind == "value":
            return values[node.args[0]]
        index, offset = node.args
        return evaluate_periodic(table.periodic[index], y, log_height, offset)

    return leaf


def evaluate_periodic(column: tuple[int, ...], y: int, log_height: int, offset: int) -> int:
    """The polynomial of degree < b in Y^(n/b) through one block's values, `offset` rows on, by interpolation on H_b."""
    log_block = len(column).bit_length() - 1
    x = pow(y, 1 << log_height - log_block, PRIME) * pow(root_of_unity(log_block), offset, PRIME) % PRIME
    scale = (pow(x, len(column), PRIME) - 1) * pow(len(column), -1, PRIME) % PRIME
    total, node = 0, 1
    for word in column:
        total += word * node % PRIME * pow(x - node, -1, PRIME)
        node = node * root_of_unity(log_block) % PRIME
    return total * scale % PRIME


def factor_at(factor: Factor, y: int, log_height: int, block: int) -> int:
    """A factor of a zerofier at the table's own point."""
    if factor.kind == "point":
        return (y - pow(root_of_unity(log_height), factor.index, PRIME)) % PRIME
    if factor.kind == "all":
        return (pow(y, 1 << log_height, PRIME) - 1) % PRIME
    log_block = block.bit_length() - 1
    root = pow(root_of_unity(log_block), factor.index, PRIME)
    return (pow(y, 1 << log_height - log_block, PRIME) - root) % PRIME


def inverse_zerofier(rows: Rows, y: int, log_height: int, block: int) -> int:
    numerator = denominator = 1
    for factor in rows.spared:
        numerator = numerator * factor_at(factor, y, log_height, block) % PRIME
    for factor in rows.factors:
        denominator = denominator * factor_at(factor, y, log_height, block) % PRIME
    return numerator * pow(denominator, -1, PRIME) % PRIME


def combine_terms(layout: Layout, mask: list[int], power: int) -> list[tuple[Term, list[int], list[int]]]:
    """Per (tree, height, point): the lambda powers of its physical columns, and B with B_j = sum of power * value."""
    combined, values, weight = [], iter(mask), 1
    for term in layout.terms():
        weights = {}
        for index in term.columns:
            weights[index] = weight
            weight = weight * power % PRIME
        claimed = [0] * (1 << term.group.log_packing)
        for index, number, _ in term.slots():
            claimed[number] = (claimed[number] + weights[index] * next(values)) % PRIME
        combined.append((term, list(weights.values()), claimed))
    return combined


def verify_part(query: Query, parameters: Parameters, positions: list[int], part: ByteReader) -> None:
    """Steps 7 to 9 for some of the query positions."""
    layout = query.layout

    # 7. Openings of the trees, and the DEEP sum at each position
    rows = {tree: open_rows(query, parameters, tree, positions, part) for tree in layout.trees()}
    folded = {position: deep_sum(query, parameters, rows, position) for position in positions}

    # 8. FRI layers
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
    for position, word in folded.items():
        if horner(query.last, point(log_size, position)) != word:
            raise FoldMismatch(position)
    if part.left():
        raise LeftOver(part.left())


def open_rows(query: Query, parameters: Parameters, tree: int, positions: list[int], part: ByteReader):
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


def deep_sum(query: Query, parameters: Parameters, rows, position: int) -> int:
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


def first_in_row(layout: Layout, group) -> int:
    """Where a group's physical columns begin in the row of their physical height."""
    before = 0
    for other in layout.row_groups(group.tree, group.log_physical):
        if other is group:
            return before
        before += len(other.columns)
    raise AssertionError("the group is not in its own row")


def term_point(layout: Layout, term: Term, z: int) -> int:
    """z_n * omega_n^o."""
    z_n = pow(z, 1 << layout.log_degree - term.group.log_height, PRIME)
    return z_n * pow(root_of_unity(term.group.log_height), term.offset, PRIME) % PRIME


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


def horner(coefficients: list[int], x: int) -> int:
    result = 0
    for coefficient in reversed(coefficients):
        result = (result * x + coefficient) % PRIME
    return result


def shape_identity_of_program(shape: Shape, words: list[int]) -> int:
    """Program identity: keccak(version, shape id, word count, keccak(program words))."""
    inner = keccak256(b"".join(word.to_bytes(32, "big") for word in words))
    data = [VERSION, shape.identity, len(words), int.from_bytes(inner, "big")]
    return int.from_bytes(keccak256(b"".join(word.to_bytes(32, "big") for word in data)), "big")
