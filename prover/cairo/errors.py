"""What can go wrong between a Cairo source and a provable run.

CairoError
├── CompileFailed       the compiler is missing or refuses the source
├── ProgramMalformed    a compiled program that is not one
├── RunFailed           the machine cannot go on; names step and pc
├── RunFilesMalformed   trace, memory or public input of another machine
├── CellOutOfRange      a recorded run's builtin cell that no honest machine accepts
├── InstanceNotProvable a builtin's instance whose component has no witness for it
└── AddressOutOfMemory  (trace.py) a recorded run reads what it never wrote
"""

from __future__ import annotations


class CairoError(Exception):
    """Any refusal between source and run."""


class CompileFailed(CairoError):
    """The message is the compiler's own."""


class ProgramMalformed(CairoError):
    """The JSON is no compiled Cairo 0 program in proof mode."""


class RunFailed(CairoError):
    """The machine cannot go on."""


class RunFilesMalformed(CairoError):
    """A recorded run's files do not fit together; the message names the cause."""


class CellOutOfRange(CairoError):
    """A recorded run holds in a builtin's cell what no honest machine accepts."""

    def __init__(self, builtin: str, address: int, word: int, bound: str) -> None:
        super().__init__(f"the {builtin} cell at address {address} holds {word:#x}, which is not below {bound}")


class InstanceNotProvable(CairoError):
    """No witness exists for the instance: what it claims is false, or one of the component's named exceptions."""

    def __init__(self, builtin: str, number: int, reason: str) -> None:
        super().__init__(f"{builtin} instance {number} cannot be proven: {reason}")
        self.builtin, self.number, self.reason = builtin, number, reason

    def after(self, first: int) -> InstanceNotProvable:
        """The same, numbered behind `first` others."""
        return InstanceNotProvable(self.builtin, first + self.number, self.reason)
