// Entry points of the vector path. Sizes are multiples of eight; transforms have 16 points or more.
#pragma once
#include "field.h"

namespace freehold {
namespace ifma {

bool available();

// out[i] = a[i] * b[i], a[i] + b[i], a[i] - b[i]
void multiply(Felt* out, const Felt* a, const Felt* b, size_t n);
void sum(Felt* out, const Felt* a, const Felt* b, size_t n);
void difference(Felt* out, const Felt* a, const Felt* b, size_t n);

// out[i] += a[i] * weight
void accumulate(Felt* out, const Felt* a, const Felt& weight, size_t n);

// lanes[j] = sum of coefficients[8 i + j] * x8^i, x8 the eighth power of the point
void horner(Felt* lanes, const Felt* coefficients, const Felt& x8, size_t n);

// Rows, nodes and nonces eight at a time, as far as whole eights go; returns the first that is left to do.
size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t begin, size_t end,
                 int digest_bytes);
size_t merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t begin, size_t end,
                    int digest_bytes);
// The first nonce of [first, first + count) that does it, or first + count; count is a multiple of eight.
uint64_t grind(const uint8_t* prefix, int bits, uint64_t first, uint64_t count);

// The transforms of ntt.h. `twiddles[k]` are the powers of omega_k up to half of its order.
void frequency(Felt* a, int log_n, const Felt* const* twiddles);
void time(Felt* a, int log_n, const Felt* const* twiddles);

}  // namespace ifma
}  // namespace freehold
