"""The window table of Pedersen's four points, in plain Python: 64 windows of 256 entries (docs/spec/components.md 3).

Row `(32 * half + window) * 256 + digit` is (tag, digit, x, y) of `(digit + 1) * 2^(8 * window) * P`; windows 0..30
take P0 (half 0) and P2 (half 1), window 31, the top 4 bits, P1 and P3 with factor 1. Its rows from digit 16 on
repeat digit 0.
"""

from __future__ import annotations

from functools import cache

from prover.prime import PRIME

FIRST_TAG = 16
N_WINDOWS, WINDOW_SIZE, TOP_SIZE = 32, 256, 16

Point = tuple[int, int]
SHIFT: Point = (
    0x49EE3EBA8C1600700EE1B87EB599F16716B0B1022947733551FDE4050CA6804,
    0x3CA0CFE4B3BC6DDF346D49D06EA0ED34E621062C0E056C1D0405D266E10268A,
)
LOW: tuple[Point, Point] = (
    (
        0x234287DCBAFFE7F969C748655FCA9E58FA8120B6D56EB0C1080D17957EBE47B,
        0x3B056F100F96FB21E889527D41F4E39940135DD7A6C94CC6ED0268EE89E5615,
    ),
    (
        0x4BA4CC166BE8DEC764910F75B45F74B40C690C74709E90F3AA372F0BD2D6997,
        0x40301CF5C1751F4B971E46C4EDE85FCAC5C59A5CE5AE7C48151F27B24B219C,
    ),
)
HIGH: tuple[Point, Point] = (
    (
        0x4FA56F376C83DB33F9DAB2656558F3399099EC1DE5E3018B7A6932DBA8AA378,
        0x3FA0984C931C9E38113E0C0E47E4401562761F92A7A23B45168F4E80FF5B54D,
    ),
    (
        0x54302DCB0E6CC1C6E44CCA8F61A63BB2CA65048D53FB325D36FF12C49A58202,
        0x1B77B3E37D13504B348046268D8AE25CE98AD783C25561A879DCC77E99C2426,
    ),
)


def add(a: Point, b: Point) -> Point:
    """Two affine points, neither the other's negative."""
    rise, run = (3 * a[0] * a[0] + 1, 2 * a[1]) if a == b else (a[1] - b[1], a[0] - b[0])
    slope = rise * pow(run, -1, PRIME)
    x = (slope * slope - a[0] - b[0]) % PRIME
    return x, (slope * (a[0] - x) - a[1]) % PRIME


def _window_bases() -> list[Point]:
    """2^(8 * window) * P of each window, halves in turn."""
    bases = []
    for half in (0, 1):
        base = LOW[half]
        for _ in range(N_WINDOWS - 1):
            bases.append(base)
            for _ in range(8):
                base = add(base, base)
        bases.append(HIGH[half])
    return bases


@cache
def window_rows() -> tuple[tuple[int, int, int, int], ...]:
    rows = []
    for number, base in enumerate(_window_bases()):
        top = number % N_WINDOWS == N_WINDOWS - 1
        entries, point = [], base
        for digit in range(TOP_SIZE if top else WINDOW_SIZE):
            entries.append((FIRST_TAG + number, digit, *point))
            point = add(point, base)
        rows += entries + [entries[0]] * (WINDOW_SIZE - len(entries))
    return tuple(rows)


@cache
def start_point() -> Point:
    """The shift point less what the ones in `digit + 1` add."""
    total = SHIFT
    for x, y in _window_bases():
        total = add(total, (x, PRIME - y))
    return total
