"""Chains on the Stark curve for ecdsa and ec_op: `A' = 2A + P`, one step a row, as `(A + P) + A` by two chords.

No y is a column. With slopes l1 of A and P, l2 of A and A + P (x-coordinate xS = l1^2 - x - xP) the chord rule gives
`2y = (l1 + l2) * (x - xS)` before the step and `2y' = 2*l2 * (x - x') - 2y` after it; the constraints say that the one
meets the other. Every point of the curve but infinity has odd prime order, so none has y = 0.

The cases in which a chord says nothing or nothing can be written:
- A = P leaves l1 free, A = -P has no sum: `(x - xP) * inverse = 1` excludes both.
- A + P = -A, whose sum is infinity: then xS = x, so 2y = 0, which no point has. Unsatisfiable without an inverse.
- A + P = A: P would be infinity, and P is written affine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from prover import kernel
from prover.algebra import curve
from prover.cairo.components.digits import first_rows
from prover.kernel import Bools, Felts
from prover.stark.expressions import Expression
from prover.stark.tables import TableBuilder

Points = tuple[Felts, Felts]
"""x and y, (m, 4) each."""


@dataclass(frozen=True)
class DoubleAdd:
    """The columns of a chain of `steps` rows in blocks of `block`, and the point added in each row."""

    x: Expression
    l1: Expression
    l2: Expression
    inverse: Expression
    point_x: Expression
    point_y: Expression

    @property
    def twice_y(self) -> Expression:
        """2y of A in this row."""
        sum_x = self.l1 * self.l1 - self.x - self.point_x
        return (self.l1 + self.l2) * (self.x - sum_x)

    @property
    def twice_y_after(self) -> Expression:
        """2y of the next row's A, as this row's second chord leaves it."""
        return 2 * self.l2 * (self.x - self.x[1]) - self.twice_y

    def constrain(self, t: TableBuilder, block: int, steps: int) -> None:
        rows, joints = first_rows(block, steps), first_rows(block, steps - 1)
        run = self.x - self.point_x
        t.constrain("the first chord goes through A and P", 2 * self.l1 * run - self.twice_y + 2 * self.point_y, rows)
        following = self.l2 * self.l2 - self.l1 * self.l1 + self.point_x
        t.constrain("x after the second chord", self.x[1] - following, rows)
        t.constrain("A and P differ in x", run * self.inverse - 1, rows)
        t.constrain("y after the second chord", self.twice_y_after - self.twice_y[1], joints)


# --- witness


def inverse_where(values: Felts) -> tuple[Felts, Bools]:
    """Inverses, 0 for 0, and which are not 0."""
    nonzero = values.any(axis=1)
    inverse = kernel.inverse(np.where(nonzero[:, None], values, kernel.from_ints([1])))
    return np.where(nonzero[:, None], inverse, np.uint64(0)), nonzero


def pairs(points: Points) -> Felts:
    """(m, 2, 4)"""
    return np.stack(points, axis=1)


def halves(points: Felts) -> Points:
    """(m, 2, 4) to x and y."""
    return np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1])


def chord(a: Points, b: Points) -> tuple[Felts, Felts, Points, Bools]:
    """(slope, 1 / (a.x - b.x), a + b, whether the x-coordinates differ)."""
    inverse, fine = inverse_where(kernel.sub(a[0], b[0]))
    slope = kernel.mul(kernel.sub(a[1], b[1]), inverse)
    x = kernel.sub(kernel.sub(kernel.mul(slope, slope), a[0]), b[0])
    return slope, inverse, (x, kernel.sub(kernel.mul(slope, kernel.sub(a[0], x)), a[1])), fine


def negative(points: Points) -> Points:
    return points[0], kernel.sub(np.zeros_like(points[1]), points[1])


def constant(point: curve.Point, m: int) -> Points:
    x, y = kernel.from_ints(list(point))
    return np.tile(x, (m, 1)), np.tile(y, (m, 1))
