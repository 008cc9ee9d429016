"""A compiled Cairo 0 program, as the compiler's JSON has it (docs/spec/cairo-machine.md 10)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from prover.algebra.field import PRIME
from prover.cairo.errors import ProgramMalformed

CANONICAL_BUILTINS = (
    "output", "pedersen", "range_check", "ecdsa", "bitwise", "ec_op", "keccak", "poseidon", "range_check96",
    "add_mod", "mul_mod",
)  # fmt: skip

AP_ADD_IMMEDIATE = 0x40780017FFF7FFF
CALL_IMMEDIATE = 0x1104800180018000
JUMP_IMMEDIATE = 0x10780017FFF7FFF
LOCATION = "location"
"""Name of the attribute by which `prune.py` says where a hint stands."""
HEAD_WORDS = 6
END_OFFSET = 4
"""`ap += k; call main; jmp rel 0`: two words each, the loop at offset 4."""


def _hint(record: dict[str, Any]) -> dict[str, Any]:
    """The parts that the machine reads: code, and where its names are looked up."""
    if not isinstance(record["code"], str):
        raise TypeError("a hint's code is no text")
    scopes, tracking = record["accessible_scopes"], record["flow_tracking_data"]
    references = tracking["reference_ids"]
    if not isinstance(scopes, list) or not isinstance(references, dict):
        raise TypeError("a hint's scopes or references are malformed")
    return record


def _locations(document: dict[str, Any]) -> dict[int, str]:
    """Those that `freehold compile` keeps, or all of a program compiled elsewhere with its debug information."""
    found = {start: place for start, _, place in _attributes(document, LOCATION)}
    whole = (document.get("debug_info") or {}).get("instruction_locations", {})
    return {int(pc): location_text(entry["inst"]) for pc, entry in whole.items()} | found


def location_text(record: dict[str, Any]) -> str:
    return f"{record['input_file']['filename']}:{record['start_line']}"


def _attributes(document: dict[str, Any], name: str) -> tuple[tuple[int, int, str], ...]:
    """(start, end, value) of those with a name."""
    attributes = [entry for entry in document.get("attributes") or () if entry["name"] == name]
    return tuple((int(entry["start_pc"]), int(entry["end_pc"]), str(entry["value"])) for entry in attributes)


@dataclass(frozen=True)
class Program:
    """`data`: the program's words; `hints`: pc offset -> list of the compiler's hint records; the rest is what
    hints need to find the values of their names. `locations`: pc offset -> file and line, where the compiler's output
    says it; `messages`: [start, end) of pc offsets and the text of each `with_attr error_message`. `blocks`: code that
    machines have made of it so far (`blocks.py`)."""

    data: tuple[int, ...]
    builtins: tuple[str, ...]
    hints: dict[int, list[dict[str, Any]]]
    identifiers: dict[str, dict[str, Any]]
    references: tuple[dict[str, Any], ...]
    main_scope: str
    locations: dict[int, str] = field(default_factory=dict, repr=False, compare=False)
    messages: tuple[tuple[int, int, str], ...] = ()
    blocks: dict[int, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @staticmethod
    def from_json(document: object) -> Program:
        """Raises ProgramMalformed, naming the cause."""
        if not isinstance(document, dict):
            raise ProgramMalformed("a compiled program is a JSON object")
        try:
            if int(document["prime"], 16) != PRIME:
                raise ProgramMalformed(
                    f"the program is for the field of prime {document['prime']}, not the STARK prime"
                )
            program = Program(
                tuple(int(word, 16) for word in document["data"]),
                tuple(document["builtins"]),
                {int(pc): [_hint(record) for record in records] for pc, records in document["hints"].items()},
                document["identifiers"],
                tuple(document["reference_manager"]["references"]),
                document["main_scope"],
                _locations(document),
                _attributes(document, "error_message"),
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProgramMalformed(f"not a compiled Cairo 0 program: {error!r}") from error
        program.check_head()
        return program

    def place_of(self, pc: int) -> str:
        """Where an offset stands, as far as it is known: file and line, else the function it is in."""
        if pc in self.locations:
            return self.locations[pc]
        starts = [(entry["pc"], name) for name, entry in self.identifiers.items() if entry.get("type") == "function"]
        before = [pair for pair in starts if pair[0] <= pc]
        return f"pc {pc}" + (f" in {max(before)[1]}" if before else "")

    def check_head(self) -> None:
        """Words below p, builtins in order, and the three instructions that proof mode puts first."""
        for word in self.data:
            if not 0 <= word < PRIME:
                raise ProgramMalformed(f"program word {word:#x} is not below p")
        unknown = [name for name in self.builtins if name not in CANONICAL_BUILTINS]
        if unknown:
            raise ProgramMalformed(f"unknown builtins: {', '.join(map(str, unknown))}")
        if list(self.builtins) != sorted(set(self.builtins), key=CANONICAL_BUILTINS.index):
            raise ProgramMalformed(f"builtins {', '.join(self.builtins)} are not in canonical order")
        head = self.data[:HEAD_WORDS]
        expected = {0: AP_ADD_IMMEDIATE, 1: len(self.builtins), 2: CALL_IMMEDIATE, 4: JUMP_IMMEDIATE, 5: 0}
        if len(head) < HEAD_WORDS or any(head[place] != word for place, word in expected.items()):
            raise ProgramMalformed("the program does not begin as proof mode does: compile it with `freehold compile`")
