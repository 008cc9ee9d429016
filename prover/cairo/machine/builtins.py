"""Builtin segments while a program runs: what is deduced, what may be written (docs/spec/cairo-machine.md 8).

A segment is checked when the run ends: every touched instance is whole and means what it says. Whether a proof of it
exists, too, is asked of whoever knows: `check_provable`, which `run.py` hands in.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

from prover.algebra import curve
from prover.algebra.pedersen import pedersen, pedersen_pairs
from prover.algebra.poseidon import permutation
from prover.cairo.errors import InstanceNotProvable, RunFailed
from prover.cairo.instances import (
    CELLS,
    N_WORDS,
    WORD_BITS,
    ModuloInstance,
    Signature,
    add_mod_quotient,
    ec_op_result,
    integer,
    mul_mod_quotient,
)
from prover.cairo.machine.segments import (
    FIRST_ADDRESS,
    Memory,
    add,
    address,
    describe,
    is_address,
    offset_of,
    segment_of,
    sub,
)

ProvableCheck = Callable[[list[Any]], None]
"""Raises InstanceNotProvable for the first of a builtin's instances that has no witness."""

SHARE = 1 << 14
"""Instances that are looked at together."""


class Builtin:
    """One builtin's segment of instances of `cells` cells, the first `inputs` of which the program writes."""

    name: str
    inputs: int

    def __init__(self, segment: int) -> None:
        self.base, self.cells = address(segment), CELLS[self.name]

    def outputs(self, inputs: list[int]) -> Sequence[int]:
        """The cells after the inputs; raises RunFailed for inputs that have none."""
        return ()

    def outputs_of_all(self, instances: list[list[int]]) -> Sequence[Sequence[int]]:
        """The same for many."""
        return [self.outputs(inputs) for inputs in instances]

    def deduce(self, memory: Memory, place: int) -> int | None:
        """An unknown cell's value, or None where its instance lacks inputs."""
        offset = offset_of(place)
        number = offset % self.cells - self.inputs
        if number < 0:
            return None
        first = offset - number - self.inputs
        inputs = self._felts(memory.segments[segment_of(place)][first : first + self.inputs])
        return None if inputs is None else self.outputs(inputs)[number]

    def check(self, memory: Memory, check_provable: ProvableCheck | None = None) -> None:
        """At the end of the run: inputs there, outputs right even if a hint wrote them. Raises RunFailed."""
        for number, words in enumerate(self.outputs_of_all(self.instances(memory))):
            first = self.base + number * self.cells + self.inputs
            for offset, word in enumerate(words):
                memory[first + offset] = word

    def instances(self, memory: Memory) -> list[list[int]]:
        """The inputs of every touched instance. Raises RunFailed for a missing one."""
        cells = memory.segments[segment_of(self.base)]
        found = []
        for first in range(0, len(cells), self.cells):
            inputs = self._felts(cells[first : first + self.inputs])
            if inputs is None:
                raise RunFailed(f"{self.name} instance {first // self.cells} misses an input")
            found.append(inputs)
        return found

    def _felts(self, words: list[int | None]) -> list[int] | None:
        """An instance's inputs, None where one is missing."""
        inputs = [word for word in words if word is not None]
        if len(inputs) < self.inputs:
            return None
        if max(inputs) >= FIRST_ADDRESS:
            raise RunFailed(f"{self.name} takes felts, not addresses")
        return inputs


def _ask(check_provable: ProvableCheck | None, instances: list[Any]) -> None:
    try:
        if check_provable:
            check_provable(instances)
    except InstanceNotProvable as error:
        raise RunFailed(str(error)) from error


class Output(Builtin):
    name, inputs = "output", 1

    def check(self, memory: Memory, check_provable: ProvableCheck | None = None) -> None:
        """Output words are public, so they are felts."""
        for offset, word in enumerate(memory.segments[segment_of(self.base)]):
            if word is None:
                raise RunFailed(f"output word {offset} was never written")
            if is_address(word):
                raise RunFailed(f"output word {offset} is an address")


class RangeCheck(Builtin):
    name, inputs = "range_check", 1
    bits = 128

    @property
    def bound(self) -> int:
        return 1 << self.bits

    def check(self, memory: Memory, check_provable: ProvableCheck | None = None) -> None:
        for offset, word in enumerate(memory.segments[segment_of(self.base)]):
            if word is None:
                raise RunFailed(f"{self.name} cell {offset} was never written")
            if word >= self.bound:
                raise RunFailed(f"{self.name} cell {offset} holds {describe(word)}, which is not below 2^{self.bits}")


class Pedersen(Builtin):
    name, inputs = "pedersen", 2

    def outputs(self, inputs: list[int]) -> Sequence[int]:
        return (pedersen(*inputs),)

    def outputs_of_all(self, instances: list[list[int]]) -> Sequence[Sequence[int]]:
        """Hashed together first, a share at a time: then each result is known."""
        found = []
        for first in range(0, len(instances), SHARE):
            share = instances[first : first + SHARE]
            pedersen_pairs(*zip(*share, strict=True))
            found += [self.outputs(inputs) for inputs in share]
        return found


class Ecdsa(Builtin):
    """Signatures come from hints: `add_signature(address of the instance's first cell, (r, s))`."""

    name, inputs = "ecdsa", 2

    def __init__(self, segment: int) -> None:
        super().__init__(segment)
        self.signatures: dict[int, tuple[int, int]] = {}

    def add_signature(self, place: int, signature: tuple[int, int]) -> None:
        if not is_address(place) or segment_of(place) != segment_of(self.base) or offset_of(place) % self.cells:
            raise RunFailed(f"{describe(place)} is no instance of ecdsa")
        r, s = signature
        if self.signatures.setdefault(place, (r, s)) != (r, s):
            raise RunFailed(f"{describe(place)} has a signature already, and another one")

    def check(self, memory: Memory, check_provable: ProvableCheck | None = None) -> None:
        signatures = []
        for number, (key, message) in enumerate(self.instances(memory)):
            given = self.signatures.get(self.base + number * self.cells)
            if given is None:
                raise RunFailed(f"ecdsa instance {number} was given no signature")
            signatures.append(Signature(key, message, *given))
        _ask(check_provable, signatures)


class Bitwise(Builtin):
    name, inputs = "bitwise", 2

    def outputs(self, inputs: list[int]) -> Sequence[int]:
        x, y = inputs
        for word in inputs:
            if word >= 1 << 251:
                raise RunFailed(f"bitwise takes numbers below 2^251, not {word:#x}")
        return x & y, x ^ y, x | y


class EcOp(Builtin):
    name, inputs = "ec_op", 5

    def __init__(self, segment: int) -> None:
        super().__init__(segment)
        self._results: dict[tuple[int, ...], Sequence[int]] = {}

    def outputs(self, inputs: list[int]) -> Sequence[int]:
        key = tuple(inputs)
        if key not in self._results:
            p, q, m = curve.Point(*key[:2]), curve.Point(*key[2:4]), key[4]
            for name, point in (("P", p), ("Q", q)):
                if not curve.is_on_curve(point):
                    raise RunFailed(f"ec_op: {name} = ({point.x:#x}, {point.y:#x}) is not on the curve")
            result = ec_op_result(p, q, m)
            if result is None:
                raise RunFailed("ec_op: P + m*Q is infinite")
            self._results[key] = result
        return self._results[key]

    def check(self, memory: Memory, check_provable: ProvableCheck | None = None) -> None:
        super().check(memory)
        _ask(check_provable, self.instances(memory))


class Poseidon(Builtin):
    name, inputs = "poseidon", 3

    def outputs(self, inputs: list[int]) -> Sequence[int]:
        return permutation(tuple(inputs))


class RangeCheck96(RangeCheck):
    name, bits = "range_check96", 96


class Modulo(Builtin):
    """add_mod and mul_mod: chains of instances, filled by a hint (`hints/modulo.py`) once the first one is written."""

    inputs = CELLS["add_mod"]
    instance_def = SimpleNamespace(batch_size=1)  # the library's hint asks for it

    def check(self, memory: Memory, check_provable: ProvableCheck | None = None) -> None:
        """The chains hold together, and every instance has a witness."""
        used = len(memory.segments[segment_of(self.base)])
        before: list[int] | None = None
        for number in range(-(-used // self.cells)):
            first = self.base + number * self.cells
            cells = [self._cell(memory, first + i) for i in range(self.cells)]
            if before is not None and before[6] != 1 and cells != following_cells(before):
                raise RunFailed(f"{self.name} instance {number} does not follow the one before, which has n != 1")
            self.quotient(number, self._instance(memory, number, cells))
            before = cells

    def quotient(self, number: int, one: ModuloInstance) -> int:
        """k; raises RunFailed."""
        k = self.find_quotient(one)
        if k is None:
            raise RunFailed(f"{self.name} instance {number} has a wrong result: p, a, b, c are {one}")
        return k

    @staticmethod
    def find_quotient(one: ModuloInstance) -> int | None:
        """k, or None where there is none."""
        raise NotImplementedError

    def _instance(self, memory: Memory, number: int, cells: list[int]) -> ModuloInstance:
        values, offsets = cells[4:6]
        if not (is_address(values) and is_address(offsets)):
            raise RunFailed(f"{self.name} instance {number}: values and offsets are not pointers")
        places = [add(values, self._cell(memory, offsets + i)) for i in range(3)]
        operands = [[self._cell(memory, place + i) for i in range(N_WORDS)] for place in places]
        return ModuloInstance(*(self._integer(number, words) for words in (cells[:4], *operands)))

    def _integer(self, number: int, words: list[int]) -> int:
        for word in words:
            if word >> WORD_BITS:
                raise RunFailed(f"{self.name} instance {number}: the word {describe(word)} is not below 2^96")
        return integer(words)

    def _cell(self, memory: Memory, place: int) -> int:
        word = memory.get(place)
        if word is None:
            raise RunFailed(f"{self.name}: the cell at {describe(place)} was never written")
        return word


def following_cells(cells: list[int]) -> list[int]:
    """The instance that must follow one with n other than 1."""
    return [*cells[:5], add(cells[5], 3), sub(cells[6], 1)]


class AddMod(Modulo):
    name = "add_mod"
    find_quotient = staticmethod(add_mod_quotient)


class MulMod(Modulo):
    name = "mul_mod"
    find_quotient = staticmethod(mul_mod_quotient)


KINDS: dict[str, type[Builtin]] = {
    kind.name: kind
    for kind in (Output, RangeCheck, Pedersen, Ecdsa, Bitwise, EcOp, Poseidon, RangeCheck96, AddMod, MulMod)
}


def make_builtin(name: str, segment: int) -> Builtin:
    if name not in KINDS:
        raise RunFailed(f"this machine has no builtin {name}; it has {', '.join(KINDS)}")
    return KINDS[name](segment)
