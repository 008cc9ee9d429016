"""cairo-lang's `cairo-run` on Python 3.11 and later, with its own options.

One of its modules has a dataclass instance as a default, which these versions refuse unless it can be hashed.
"""

import dataclasses
import importlib
import sys
from functools import partial

dataclass = dataclasses.dataclass


def hashable(cls=None, **options):
    options["unsafe_hash"] = not options.get("frozen", False)
    return partial(dataclass, **options) if cls is None else dataclass(cls, **options)


importlib.import_module("starkware.cairo.lang.compiler.program")
importlib.import_module("starkware.cairo.lang.vm.vm_core")
dataclasses.dataclass = hashable
importlib.import_module("starkware.cairo.lang.instances")
dataclasses.dataclass = dataclass

sys.exit(importlib.import_module("starkware.cairo.lang.vm.cairo_run").main())
