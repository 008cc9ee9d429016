"""Symbolic expressions over the cells of a table: what constraints and lookups are written in.

Nodes are interned, so that equal expressions are one object and every reader (the kernel's program, the
Solidity generator, the evaluator on integers below) computes a shared part once. Rows, tables and zerofiers
live in `tables.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from prover.algebra.field import PRIME

PREPROCESSED, MAIN, INTERACTION = range(3)
TREE_NAMES = ("preprocessed", "main", "interaction")

_NODES: dict[tuple[Any, ...], Expression] = {}


class Expression:
    """A node: `kind` with `args`.

    kind      args                    degree
    const     (integer below p)       0
    value     (name)                  0, known to prover and verifier: challenges and public words
    cell      (tree, column, offset)  1
    periodic  (index, offset)         1, a constant column that repeats with the table's block
    add, sub, mul  (left, right)
    """

    __slots__ = ("args", "degree", "kind")

    def __init__(self, kind: str, args: tuple[Any, ...], degree: int) -> None:
        self.kind, self.args, self.degree = kind, args, degree

    def __add__(self, other: Operand) -> Expression:
        return _sum("add", self, expression(other))

    def __radd__(self, other: Operand) -> Expression:
        return expression(other) + self

    def __sub__(self, other: Operand) -> Expression:
        return _sum("sub", self, expression(other))

    def __rsub__(self, other: Operand) -> Expression:
        return expression(other) - self

    def __neg__(self) -> Expression:
        return expression(0) - self

    def __mul__(self, other: Operand) -> Expression:
        return _product(self, expression(other))

    def __rmul__(self, other: Operand) -> Expression:
        return expression(other) * self

    def __getitem__(self, rows: int) -> Expression:
        """The same expression `rows` rows later (cyclically)."""
        if self.kind == "cell":
            tree, column, offset = self.cell
            return _node("cell", (tree, column, offset + rows), 1)
        if self.kind == "periodic":
            index, offset = self.periodic
            return _node("periodic", (index, offset + rows), 1)
        if self.kind in ("const", "value"):
            return self
        left, right = self.args
        return _COMBINE[self.kind](left[rows], right[rows])

    @property
    def name(self) -> str:
        """Of a value."""
        name: str = self.args[0]
        return name

    @property
    def cell(self) -> tuple[int, int, int]:
        """(tree, column, offset) of a cell."""
        tree, column, offset = self.args
        return tree, column, offset

    @property
    def periodic(self) -> tuple[int, int]:
        """(index, offset) of a periodic cell."""
        index, offset = self.args
        return index, offset

    __iter__ = None  # `expression[k]` is a shift, not a sequence

    def __repr__(self) -> str:
        if self.kind in _SIGNS:
            return f"({self.args[0]!r} {_SIGNS[self.kind]} {self.args[1]!r})"
        return f"{self.kind}{self.args}"


Operand = Expression | int
_SIGNS = {"add": "+", "sub": "-", "mul": "*"}


def _node(kind: str, args: tuple[Any, ...], degree: int) -> Expression:
    key = (kind, *(id(arg) if isinstance(arg, Expression) else arg for arg in args))
    node = _NODES.get(key)
    if node is None:
        node = _NODES[key] = Expression(kind, args, degree)
    return node


def _sum(kind: str, left: Expression, right: Expression) -> Expression:
    if right is ZERO:
        return left
    if kind == "add" and left is ZERO:
        return right
    return _node(kind, (left, right), max(left.degree, right.degree))


def _product(left: Expression, right: Expression) -> Expression:
    if left is ZERO or right is ZERO:
        return ZERO
    if left is ONE:
        return right
    if right is ONE:
        return left
    return _node("mul", (left, right), left.degree + right.degree)


_COMBINE: dict[str, Callable[[Expression, Expression], Expression]] = {
    "add": lambda left, right: left + right,
    "sub": lambda left, right: left - right,
    "mul": lambda left, right: left * right,
}


def expression(operand: Operand) -> Expression:
    """An integer as a constant of the field; an expression as it is."""
    if isinstance(operand, Expression):
        return operand
    return _node("const", (operand % PRIME,), 0)


def value(name: str) -> Expression:
    """A word that prover and verifier both know: a challenge or a public word."""
    return _node("value", (name,), 0)


def cell(tree: int, column: int) -> Expression:
    return _node("cell", (tree, column, 0), 1)


def periodic(index: int) -> Expression:
    return _node("periodic", (index, 0), 1)


ZERO, ONE = expression(0), expression(1)


def walk(*roots: Expression) -> Iterator[Expression]:
    """Every node below the roots once, operands before what uses them."""
    seen: set[int] = set()
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        node, ready = stack.pop()
        if id(node) in seen:
            continue
        if ready or node.kind not in _SIGNS:
            seen.add(id(node))
            yield node
        else:
            stack += [(node, True), (node.args[1], False), (node.args[0], False)]


def evaluate(roots: list[Expression], leaf: Callable[[Expression], int]) -> list[int]:
    """The plain evaluator: each root mod p, with `leaf` giving values, cells and periodic cells."""
    results: dict[int, int] = {}
    for node in walk(*roots):
        if node.kind == "const":
            results[id(node)] = node.args[0]
        elif node.kind in _SIGNS:
            left, right = results[id(node.args[0])], results[id(node.args[1])]
            if node.kind == "add":
                results[id(node)] = (left + right) % PRIME
            elif node.kind == "sub":
                results[id(node)] = (left - right) % PRIME
            else:
                results[id(node)] = left * right % PRIME
        else:
            results[id(node)] = leaf(node)
    return [results[id(root)] for root in roots]
