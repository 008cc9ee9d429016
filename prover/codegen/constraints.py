"""The constraints of a shape at one point, as Yul: over their zerofiers, combined by powers of beta; and what each
interaction column's own quotient claims, less what its constraint gives.

The input is words in the order of `InputPlan`. Everything lies at fixed places of memory; expressions that several
constraints of a table share are computed once. `shape.py` makes contracts of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from prover.algebra.field import PRIME
from prover.stark.domains import root_of_unity
from prover.stark.expressions import INTERACTION, Expression, walk
from prover.stark.shape import Shape
from prover.stark.tables import Factor, Rows, Table

GENERATOR = "prover/codegen (python -m prover.codegen)"
MAX_DEPTH = 4
"""Nesting of inlined operations; the EVM reaches 16 stack places."""

MAX_CODE_BYTES = 20_500
"""Of an evaluator by its own estimate; the limit of a contract, which also holds a description, is 24,576."""

BYTES_OF_AN_OPERATION = 3.6
"""Measured over the generated contracts."""

MAX_DATA_BYTES = 24_000
LONGEST_IN_CODE = 32
"""Longer constant columns have their coefficients in a data contract."""

FIRST_WORD = 0x2000
"""Where the input lies. The compiler keeps what the stack cannot hold from 0x80 on; nothing else uses memory, so
fixed places above that are safe."""

_NOTE = "// "
"""Begins a line that names a constraint."""

PRIME_PLACE = FIRST_WORD - 0x20
"""Where p lies."""

DATA_PLACE = 0x10000
"""Where coefficients from a data contract pass through."""


@dataclass(frozen=True)
class InputPlan:
    """Where each input word stands: beta, z^H, z^(H/b) of each block size, then y, omega and its inverse of each
    table, the values, and the cells table by table."""

    shape: Shape
    builtins: tuple[str, ...]

    @cached_property
    def blocks(self) -> list[int]:
        return sorted({table.block for table in self.shape.tables if table.block > 1})

    @cached_property
    def values(self) -> list[str]:
        """In the order in which the contract knows them."""
        names = ["alpha", "gamma", "cpu.initial_ap", "cpu.final_ap"]
        names += [f"{builtin}.{end}" for builtin in self.builtins for end in ("start", "stop")]
        return names + [table.sum_name() for table in self.shape.tables]

    @cached_property
    def places(self) -> dict[object, int]:
        keys: list[object] = ["beta", "lifted"]
        keys += [("block", block) for block in self.blocks]
        keys += [(word, t) for t in range(len(self.shape.tables)) for word in ("y", "omega", "inverse omega")]
        keys += [("value", name) for name in self.values]
        keys += [(t, *cell) for t, table in enumerate(self.shape.tables) for cell in table.cells()]
        return {key: place for place, key in enumerate(keys)}

    @property
    def n_cells(self) -> int:
        return len(self.places) - self.first_cell

    @property
    def n_words(self) -> int:
        """Of the whole input: the combined quotient's slices follow the cells, and no constraint reads them."""
        return len(self.places) + self.shape.n_slices

    @property
    def first_cell(self) -> int:
        return self.places["lifted"] + 1 + len(self.blocks) + 3 * len(self.shape.tables) + len(self.values)


class _Emitter:
    """Yul statements, and where in memory each computed thing lies."""

    def __init__(self, plan: InputPlan) -> None:
        self.plan, self.lines, self.data = plan, [], bytearray()
        self.next_place = FIRST_WORD + 32 * plan.n_words
        self._power = "1"

    def load(self, key: object) -> str:
        return f"mload({FIRST_WORD + 32 * self.plan.places[key]:#x})"

    def store(self, text: str, constraint: str = "") -> str:
        """A place of its own for the value, under the name of the constraint that it takes in."""
        place, self.next_place = self.next_place, self.next_place + 32
        if constraint:
            self.lines.append(f"{_NOTE}{constraint}")
        self.lines.append(f"mstore({place:#x}, {text}) forget()")
        return f"mload({place:#x})"

    def evaluate_data(self, coefficients: list[int], x: str) -> str:
        """A polynomial whose coefficients lie in the data contract; they pass through memory above all fixed places."""
        start, size = len(self.data), 32 * len(coefficients)
        self.data += b"".join(word.to_bytes(32, "big") for word in reversed(coefficients))
        self.lines.append(f"extcodecopy(data, {DATA_PLACE:#x}, {1 + start}, {size})")
        return self.store(f"horner({DATA_PLACE:#x}, {len(coefficients)}, {x}, P)")

    def skip_powers(self, count: int) -> None:
        """Begin at beta^count."""
        if count:
            self._power = _power(self, self.load("beta"), count)

    def beta_power(self) -> str:
        """beta^i of the next constraint; i counts through all tables."""
        power = self._power
        self._power = self.store(mul(power, self.load("beta")))
        return power


def add(a: str, b: str) -> str:
    return f"addmod({a}, {b}, P)"


def sub(a: str, b: str) -> str:
    return f"addmod({a}, sub(P, {b}), P)"


def mul(a: str, b: str) -> str:
    return f"mulmod({a}, {b}, P)"


_OPERATIONS = {"add": add, "sub": sub, "mul": mul}


def evaluator_parts(plan: InputPlan) -> list[Evaluator]:
    """The evaluator of all tables, or of some tables each where one contract would be too large."""
    n_tables = len(plan.shape.tables)
    parts, start = [], 0
    while start < n_tables:
        fitting = _evaluator(plan, range(start, start + 1))
        for end in range(start + 2, n_tables + 1):
            longer = _evaluator(plan, range(start, end))
            if longer.code_bytes > MAX_CODE_BYTES or len(longer.data) > MAX_DATA_BYTES:
                break
            fitting = longer
        parts.append(fitting)
        start = fitting.tables.stop
    return parts


def _evaluator(plan: InputPlan, tables: range) -> Evaluator:
    emitter = _Emitter(plan)
    emitter.skip_powers(sum(len(table.constraints) for table in plan.shape.tables[: tables.start]))
    sums: list[tuple[str, str | None, str]] = []
    own: list[str] = []
    for number in tables:
        table = plan.shape.tables[number]
        constraints = [*table.constraints, *table.lookup_constraints]
        results = _expressions(emitter, number, table, [constraint.expression for constraint in constraints])
        sums += _table_sums(emitter, number, table, results[: len(table.constraints)])
        own += _own_quotients(emitter, number, table, results[len(table.constraints) :])
    inverses = _batch_inverses(emitter, [denominator for _, _, denominator in sums])
    emitter.lines.append("let total := 0")
    for (accumulated, numerator, _), inverse in zip(sums, inverses, strict=True):
        term = mul(accumulated, inverse if numerator is None else mul(numerator, inverse))
        emitter.lines.append(f"total := {add('total', term)}")
    _return(emitter, ["total", *own])
    return Evaluator(plan, tables, tuple(emitter.lines), bytes(emitter.data))


def _own_quotients(emitter: _Emitter, number: int, table: Table, results: list[str]) -> Iterator[str]:
    """Of each interaction column: its constraint less (y^n - 1) * (low + y^n * high), y^n being z^H."""
    lifted = emitter.load("lifted")
    for column, result in enumerate(results):
        low, high = (emitter.load((number, INTERACTION, place, 0)) for place in table.quotient_slices(column))
        claimed = mul(sub(lifted, "1"), add(low, mul(lifted, high)))
        yield emitter.store(sub(result, claimed), table.path(table.lookup_constraints[column]))


def _return(emitter: _Emitter, results: list[str]) -> None:
    """As the encoding of an array, above all other places."""
    start = emitter.next_place
    for index, word in enumerate(["0x20", hex(len(results)), *results]):
        emitter.lines.append(f"mstore({start + 32 * index:#x}, {word})")
    emitter.lines.append(f"return({start:#x}, {32 * (len(results) + 2):#x})")


@dataclass(frozen=True)
class Evaluator:
    """Yul statements for some of the tables; `data` are coefficients that lie in a data contract."""

    plan: InputPlan
    tables: range
    lines: tuple[str, ...]
    data: bytes

    @property
    def code_bytes(self) -> int:
        """An estimate of what the compiler makes of it."""
        text = "\n".join(line for line in self.lines if not line.startswith(_NOTE))
        constants = sum(len(digits) // 2 for digits in re.findall(r"0x([0-9a-f]{5,})", text))
        operations = len(re.findall(r"\b(mload|mstore|addmod|mulmod|sub|indicator|horner)\b", text))
        return BYTES_OF_AN_OPERATION * operations + constants

    def function(self) -> str:
        """The function `evaluate` of a contract."""
        body = "\n            ".join(self.lines)
        size = 32 * self.plan.n_words
        return f"""    /// @inheritdoc IEvaluator
    function evaluate(uint256[] calldata input) external view returns (uint256[] memory) {{
        if (input.length != {self.plan.n_words}) revert InputLength(input.length);{_DATA_ADDRESS if self.data else ""}
        // Equivalent to the expressions of prover/cairo/components, over memory words at fixed places.
        assembly ("memory-safe") {{
            // Writes nothing. The compiler believes otherwise, so it reads words back from memory, where it would else
            // try to keep hundreds of them on the stack.
            function forget() {{
                calldatacopy(0, 0, 0)
            }}
            // sum of t^k over k < 2^n, as the product of 1 + t^(2^j)
            function indicator(t, n, P_) -> s {{
                s := 1
                for {{ let j := 0 }} lt(j, n) {{ j := add(j, 1) }} {{
                    s := mulmod(s, addmod(1, t, P_), P_)
                    t := mulmod(t, t, P_)
                }}
            }}
            // the polynomial whose coefficients lie at `place`, the highest first
            function horner(place, count, x, P_) -> s {{
                for {{ let end := add(place, shl(5, count)) }} lt(place, end) {{ place := add(place, 0x20) }} {{
                    s := addmod(mulmod(s, x, P_), mload(place), P_)
                }}
            }}
            // What the compiler keeps in memory must end before the fixed places begin.
            if gt(mload(0x40), {PRIME_PLACE:#x}) {{ revert(0, 0) }}
            // From memory: where a long constant stands, the compiler spells it out anew.
            mstore({PRIME_PLACE:#x}, PRIME)
            calldatacopy({FIRST_WORD:#x}, input.offset, {size})
            let P := mload({PRIME_PLACE:#x})
            {body}
        }}
    }}
"""


_DATA_ADDRESS = """
        address data = constants;"""


def _table_sums(
    emitter: _Emitter, number: int, table: Table, results: list[str]
) -> Iterator[tuple[str, str | None, str]]:
    """For each set of rows: (sum of beta^i * C_i, product of spared factors, product of factors)."""
    sums: dict[Rows, str] = {}
    for constraint, result in zip(table.constraints, results, strict=True):
        weighted = mul(emitter.beta_power(), result)
        known = sums.get(constraint.rows)
        total = weighted if known is None else add(known, weighted)
        sums[constraint.rows] = emitter.store(total, table.path(constraint))
    for rows, accumulated in sums.items():
        spared = _product(emitter, [_factor(emitter, number, table, factor) for factor in rows.spared])
        factors = _product(emitter, [_factor(emitter, number, table, factor) for factor in rows.factors])
        assert factors is not None
        yield accumulated, spared, factors


def _expressions(emitter: _Emitter, number: int, table: Table, roots: list[Expression]) -> list[str]:
    order = list(walk(*roots))
    uses: dict[int, int] = {}
    for node in order:
        for operand in node.args if node.kind in _OPERATIONS else ():
            uses[id(operand)] = uses.get(id(operand), 0) + 1
    texts: dict[int, tuple[str, int]] = {}
    periodic: dict[tuple[int, int], str] = {}
    for node in order:
        if node.kind == "const":
            texts[id(node)] = (hex(node.args[0]), 0)
        elif node.kind == "value":
            texts[id(node)] = (emitter.load(("value", node.args[0])), 0)
        elif node.kind == "cell":
            texts[id(node)] = (emitter.load((number, *node.args)), 0)
        elif node.kind == "periodic":
            if node.args not in periodic:
                periodic[node.args] = _periodic(emitter, table, *node.args)
            texts[id(node)] = (periodic[node.args], 0)
        else:
            (left, depth), (right, right_depth) = texts[id(node.args[0])], texts[id(node.args[1])]
            text, depth = _OPERATIONS[node.kind](left, right), max(depth, right_depth) + 1
            if uses.get(id(node), 0) > 1 or depth >= MAX_DEPTH:
                text, depth = emitter.store(text), 0
            texts[id(node)] = (text, depth)
    return [texts[id(root)][0] for root in roots]


def _periodic(emitter: _Emitter, table: Table, index: int, offset: int) -> str:
    """A constant column at x = z^(H/b) * omega_b^offset.

    The column that is 1 on row c alone is (1/b) * sum of t^k over k < b with t = x * omega_b^-c, a product of
    log b factors; other columns are evaluated by Horner's rule from their coefficients.
    """
    x = emitter.load(("block", table.block))
    log_block = table.block.bit_length() - 1
    root = root_of_unity(log_block)
    if offset:
        x = emitter.store(mul(x, hex(pow(root, offset, PRIME))))
    values = table.periodic[index]
    if set(values) <= {0, 1}:
        total = "0"
        for row, value in enumerate(values):
            if value:
                total = emitter.store(add(total, f"indicator({mul(x, hex(pow(root, -row, PRIME)))}, {log_block}, P)"))
        return emitter.store(mul(total, hex(pow(table.block, -1, PRIME))))
    coefficients = block_coefficients(values)
    if len(coefficients) > LONGEST_IN_CODE:
        return emitter.evaluate_data(coefficients, x)
    emitter.lines.append(f"{{ let x := {x} let sum := {coefficients[-1]:#x}")
    for coefficient in reversed(coefficients[:-1]):
        emitter.lines.append(f"sum := {add(mul('sum', 'x'), hex(coefficient))}")
    stored = emitter.store("sum")
    emitter.lines.append("}")
    return stored


def block_coefficients(values: tuple[int, ...]) -> list[int]:
    """Coefficients of the polynomial through `values` on H_b, by the definition."""
    n = len(values)
    root = pow(root_of_unity(n.bit_length() - 1), -1, PRIME)
    scale = pow(n, -1, PRIME)
    return [sum(value * pow(root, i * k, PRIME) for i, value in enumerate(values)) * scale % PRIME for k in range(n)]


def _factor(emitter: _Emitter, number: int, table: Table, factor: Factor) -> str:
    if factor.kind == "all":
        return sub(emitter.load("lifted"), "1")
    if factor.kind == "row":
        root = pow(root_of_unity(table.block.bit_length() - 1), factor.index, PRIME)
        return sub(emitter.load(("block", table.block)), hex(root))
    base = emitter.load(("omega" if factor.index >= 0 else "inverse omega", number))
    return sub(emitter.load(("y", number)), _power(emitter, base, abs(factor.index)))


def _power(emitter: _Emitter, base: str, exponent: int) -> str:
    if exponent == 0:
        return "1"
    result = None
    while exponent:
        if exponent & 1:
            result = base if result is None else emitter.store(mul(result, base))
        exponent >>= 1
        if exponent:
            base = emitter.store(mul(base, base))
    assert result is not None
    return result


def _product(emitter: _Emitter, factors: list[str]) -> str | None:
    if not factors:
        return None
    product = emitter.store(factors[0])
    for factor in factors[1:]:
        product = emitter.store(mul(product, factor))
    return product


def _batch_inverses(emitter: _Emitter, denominators: list[str]) -> list[str]:
    """One exponentiation by the modexp precompile for all."""
    if not denominators:
        return []
    prefixes = [denominators[0]]
    for denominator in denominators[1:]:
        prefixes.append(emitter.store(mul(prefixes[-1], denominator)))
    scratch = emitter.store("32")
    start = int(scratch[6:-1], 16)
    for word in ("32", "32", prefixes[-1], "sub(PRIME, 2)", "P"):
        emitter.store(word)
    emitter.lines.append(f"if iszero(staticcall(gas(), 5, {start:#x}, 192, {start:#x}, 32)) {{ revert(0, 0) }}")
    emitter.lines.append(f"if iszero(mload({start:#x})) {{ revert(0, 0) }}")
    running, inverses = scratch, [""] * len(denominators)
    for index in range(len(denominators) - 1, 0, -1):
        inverses[index] = emitter.store(mul(running, prefixes[index - 1]))
        running = emitter.store(mul(running, denominators[index]))
    inverses[0] = running
    return inverses
