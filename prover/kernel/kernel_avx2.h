// Hashes four at a time, for x86-64 processors with AVX2: what the scalar path does with most messages. As in kernel_ifma.h each
// function goes as far as whole fours go and returns the first that is left to do, which is all where AVX2 is not compiled.
#pragma once
#include "field.h"

namespace freehold {
namespace avx2 {

#ifdef FREEHOLD_AVX2

size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t stride, size_t begin, size_t end,
                 int digest_bytes);
size_t merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t begin, size_t end, int digest_bytes);
// The first nonce of [first, first + count) that does it, or first + count; count is a multiple of four.
uint64_t grind(const uint8_t* prefix, int bits, uint64_t first, uint64_t count);

#else

inline size_t hash_rows(uint8_t*, const Felt* const*, size_t, size_t, size_t begin, size_t, int) { return begin; }
inline size_t merkle_layer(uint8_t*, const uint8_t*, const uint8_t*, size_t begin, size_t, int) { return begin; }
inline uint64_t grind(const uint8_t*, int, uint64_t first, uint64_t) { return first; }

#endif

}  // namespace avx2
}  // namespace freehold
