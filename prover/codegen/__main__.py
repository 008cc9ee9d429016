"""`python -m prover.codegen`: write the generated Solidity; `--check` compares only, exit 1 if anything is stale."""

import sys

from prover.codegen import shapes

if "--check" not in sys.argv:
    shapes.write()
    print(f"{shapes.FOLDER}: {', '.join(shapes.sources())}")
if stale := shapes.stale():
    sys.exit(f"not what `python -m prover.codegen` writes: {', '.join(stale)}")
