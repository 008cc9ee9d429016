"""Polynomials by their coefficients: transforms to and from cosets, values at points, division."""

from __future__ import annotations

from collections.abc import Sequence

from prover.kernel.arguments import KernelError, checked, column_height, log_size, pointer, pointers, result_array
from prover.kernel.arrays import Felts, empty
from prover.kernel.fields import from_ints
from prover.kernel.library import LIBRARY
from prover.prime import PRIME


def evaluate_coset(coefficients: Felts, shift: int, bit_reversed: bool = True, out: Felts | None = None) -> Felts:
    """(m, n, 4) coefficients to values on shift * H_n.

    Index q holds the point shift * product of omega_(i+1) over the set bits i of q, or shift * omega_n^q.
    """
    coefficients = checked(coefficients, "coefficients", 3)
    return evaluate_packed([[column] for column in coefficients], shift, bit_reversed, out)


def evaluate_packed(
    slots: Sequence[Sequence[Felts | None]], shift: int, bit_reversed: bool = True, out: Felts | None = None
) -> Felts:
    """m polynomials of k slots, each (n, 4) coefficients or None for zeros, to (m, k*n, 4) values on shift * H_(k*n).

    Coefficient i of slot j is the polynomial's coefficient k*i + j. Order as in `evaluate_coset`.
    """
    counts = {len(polynomial) for polynomial in slots}
    height = column_height([slot for polynomial in slots for slot in polynomial if slot is not None])
    if len(counts) != 1:
        raise KernelError(f"polynomials have {sorted(counts)} slots, must have one number")
    log_slots = log_size(counts.pop(), "a polynomial's list of slots")
    log_n = log_slots + log_size(height, "a column")
    result = result_array(out, (len(slots), 1 << log_n, 4))
    LIBRARY.fh_evaluate_coset(
        pointers(list(result)),
        pointers([slot for polynomial in slots for slot in polynomial]),
        len(slots),
        log_slots,
        log_n,
        pointer(from_ints([shift])),
        int(not bit_reversed),
    )
    return result


def interpolate_coset(values: Felts, shift: int, bit_reversed: bool = True, out: Felts | None = None) -> Felts:
    """The inverse of `evaluate_coset`; `out` may be `values`."""
    values = checked(values, "values", 3)
    result = result_array(out, values.shape)
    LIBRARY.fh_interpolate_coset(
        pointers(list(result)),
        pointers(list(values)),
        len(values),
        log_size(values.shape[1], "a column"),
        pointer(from_ints([pow(shift, -1, PRIME)])),
        int(not bit_reversed),
    )
    return result


def interpolate(values: Felts, out: Felts | None = None) -> Felts:
    """(m, n, 4) values in natural row order on H_n to coefficients."""
    return interpolate_coset(values, 1, bit_reversed=False, out=out)


def evaluate_at(columns: Sequence[Felts], points: Sequence[int], log_coset: int = 0) -> Felts:
    """Coefficients of m polynomials, (n, 4) each, at z points: (m, z * 2^log_coset, 4).

    With `log_coset`, up to 3, each point x stands for the coset x * H of 2^log_coset points, in the order of positions;
    that costs no more than one point where n is a multiple of 8.
    """
    if not 0 <= log_coset <= 3:
        raise KernelError(f"log_coset is {log_coset}, must lie in [0, 3]")
    n = column_height(columns)
    out = empty((len(columns), len(points) << log_coset, 4))
    LIBRARY.fh_evaluate_at(
        pointer(out), pointers(list(columns)), len(columns), n, pointer(from_ints(points)), len(points), log_coset
    )
    return out


def divide_out(columns: Sequence[Felts], y: int) -> Felts:
    """m polynomials (n, 4) to their quotients by Y - y, (m, n, 4): remainders dropped, top coefficients zero."""
    n = column_height(columns)
    out = empty((len(columns), n, 4))
    LIBRARY.fh_divide_out(pointers(list(out)), pointers(list(columns)), len(columns), n, pointer(from_ints([y])))
    return out


BUTTERFLIES = 1 << 11
"""Butterflies in a round of `butterflies`."""


def butterflies(rounds: int) -> None:
    """Butterflies in the first cache and nothing else: what `freehold bench prove` measures transforms by."""
    LIBRARY.fh_butterflies(rounds)
