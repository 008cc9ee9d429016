"""The kernel: field vectors, polynomials, hashes, the vector machine, Pedersen in bulk, chains on the Stark curve.

Arrays are numpy uint64 of shape (..., 4): little-endian limbs in Montgomery form with R = 2^256, below p at every
boundary. `reference.py` has a plain twin of each function. Compiled, work is split over all cores (FREEHOLD_THREADS
limits them) and runs without the interpreter's lock; README.md says what is used where, and how it is built.
"""

from prover.kernel.arguments import KernelError as KernelError
from prover.kernel.arrays import Bools as Bools
from prover.kernel.arrays import Digests as Digests
from prover.kernel.arrays import Felts as Felts
from prover.kernel.arrays import Ints as Ints
from prover.kernel.arrays import Words as Words
from prover.kernel.arrays import empty as empty
from prover.kernel.arrays import zeros as zeros
from prover.kernel.curves import add_chain as add_chain
from prover.kernel.curves import curve_multiples as curve_multiples
from prover.kernel.curves import double_add_chain as double_add_chain
from prover.kernel.curves import joint_multiples as joint_multiples
from prover.kernel.curves import square_roots as square_roots
from prover.kernel.fields import add as add
from prover.kernel.fields import from_bytes as from_bytes
from prover.kernel.fields import from_ints as from_ints
from prover.kernel.fields import from_words as from_words
from prover.kernel.fields import inverse as inverse
from prover.kernel.fields import linear_combination as linear_combination
from prover.kernel.fields import mul as mul
from prover.kernel.fields import powers as powers
from prover.kernel.fields import running_sum as running_sum
from prover.kernel.fields import sub as sub
from prover.kernel.fields import to_bytes as to_bytes
from prover.kernel.fields import to_ints as to_ints
from prover.kernel.hashes import Extension as Extension
from prover.kernel.hashes import grind as grind
from prover.kernel.hashes import hash_rows as hash_rows
from prover.kernel.hashes import hash_runs as hash_runs
from prover.kernel.hashes import keccak256 as keccak256
from prover.kernel.hashes import merkle_layer as merkle_layer
from prover.kernel.library import KernelMissing as KernelMissing
from prover.kernel.library import backend as backend
from prover.kernel.library import in_use as in_use
from prover.kernel.machine import Op as Op
from prover.kernel.machine import run_program as run_program
from prover.kernel.pedersen_hashes import HALF_OF_ONE as HALF_OF_ONE
from prover.kernel.pedersen_hashes import INFINITE_HASH as INFINITE_HASH
from prover.kernel.pedersen_hashes import HashTable as HashTable
from prover.kernel.pedersen_hashes import hash_table as hash_table
from prover.kernel.pedersen_hashes import pedersen as pedersen
from prover.kernel.pedersen_hashes import pedersen_single as pedersen_single
from prover.kernel.pedersen_hashes import pedersen_steps as pedersen_steps
from prover.kernel.polynomials import BUTTERFLIES as BUTTERFLIES
from prover.kernel.polynomials import butterflies as butterflies
from prover.kernel.polynomials import divide_out as divide_out
from prover.kernel.polynomials import evaluate_at as evaluate_at
from prover.kernel.polynomials import evaluate_coset as evaluate_coset
from prover.kernel.polynomials import evaluate_packed as evaluate_packed
from prover.kernel.polynomials import interpolate as interpolate
from prover.kernel.polynomials import interpolate_coset as interpolate_coset
from prover.prime import PRIME as PRIME
