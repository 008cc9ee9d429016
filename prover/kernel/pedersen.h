// Pedersen hashes in bulk: the windows, their table, and the walk through them that both paths share.
//
// A hash is SHIFT + sum of b_i * B_i over the 252 bits of x, then of y, where B_i is 2^i * P0, from bit 248 on 2^(i-248) * P1,
// and P2, P3 for y. With b_i = (1 + e_i) / 2, e_i = +-1, it is
//
//     SHIFT + sum of B_i / 2   (the start)   +   sum of e_i * B_i / 2   (the windows).
//
// A window of 12 bits adds one point: by the sign of its top bit an entry of its table or the negative of one. Its 2^11
// entries of 64 bytes lie in the second-level cache while a batch of hashes passes through, beside the batch.
//
// An addition of points with equal x has no slope. It needs the sum so far to be an entry or the negative of one: a relation
// between SHIFT, P0 .. P3 that nobody knows. Still each addition is looked at: the product of a batch's differences is zero
// if one of them is, and then the batch is done again, hash by hash, by the complete law. At infinity there is no hash.
#pragma once
#include "field.h"

namespace freehold {

constexpr int HASH_BITS = 12, HASH_INPUT_BITS = 252;
constexpr size_t HASH_STEPS = 2 * HASH_INPUT_BITS / HASH_BITS, HASH_HALF = HASH_STEPS / 2;
constexpr size_t HASH_ENTRIES = (size_t)1 << (HASH_BITS - 1);
static_assert(HASH_INPUT_BITS % HASH_BITS == 0, "windows do not straddle the inputs");

// A digit says which entry of its window is added, and whether its negative.
constexpr uint16_t NEGATIVE = 1 << 15;

static inline uint16_t signed_digit(u64 window) {
  return window >> (HASH_BITS - 1) ? window & (HASH_ENTRIES - 1) : (~window & (HASH_ENTRIES - 1)) | NEGATIVE;
}

// Hashes that pass through the table together: many share an inversion, and what they need stays in cache. Those that leave a
// witness are fewer: neighbouring rows of its columns share cache lines, which are to be full before they leave the cache.
constexpr size_t BATCH = 4096, PROOF_BATCH = 512;

// Where a chain of additions finds its points: step s of `steps` adds entry `digit` of the block `table + 2 * block(s)`.
struct Windows {
  const Felt* table;
  const Felt* start;
  size_t steps;
  size_t (*block)(size_t step);
};

static inline size_t hash_block(size_t step) { return step * HASH_ENTRIES; }

// The proof's own windows, for its witness: 32 of a byte for each input, turn by turn from the high end. Their table, made in
// pedersen_points.py, adds one to each digit, so nothing is negative.
constexpr size_t PROOF_STEPS = 64, PROOF_ROWS = PROOF_STEPS / 2;

static inline size_t proof_block(size_t step) { return (step % 2 * PROOF_ROWS + PROOF_ROWS - 1 - step / 2) * 256; }

// The witness's columns: x after the addition, slope, y of the point added, for x's windows, then for y's. Column c of step s,
// hash i stands in row 32 * i + s / 2 of column 3 * (s % 2) + c, of 32 rows for each of m hashes.
static inline Felt* proof_cell(Felt* out, size_t m, size_t step, size_t i) {
  return out + (3 * (step % 2) * m + i) * PROOF_ROWS + step / 2;
}

}  // namespace freehold
