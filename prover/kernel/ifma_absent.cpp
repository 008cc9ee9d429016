// Stands in for the vector files where they are not compiled, so that the library links at every level of optimisation.
// `has_vectors` is false there: nothing here is ever called, and what is ends the process.
#include <cstdlib>

#include "kernel_ifma.h"

#ifdef FREEHOLD_VECTORS
#error "either this file or the vector files"
#endif

namespace freehold {
namespace ifma {

void multiply(Felt*, const Felt*, const Felt*, size_t) { abort(); }
void sum(Felt*, const Felt*, const Felt*, size_t) { abort(); }
void difference(Felt*, const Felt*, const Felt*, size_t) { abort(); }
void from_words(Felt*, const uint64_t*, size_t) { abort(); }
void from_bytes(Felt*, const uint8_t*, size_t) { abort(); }
void to_bytes(uint8_t*, const Felt*, size_t) { abort(); }
bool inverse(Felt*, const Felt*, size_t) { abort(); }
void linear_combination(Felt*, const Felt* const*, const Felt*, size_t, size_t) { abort(); }
void values_at(Felt*, const Felt*, size_t, const Felt*, size_t) { abort(); }
size_t divide_out(Felt*, const Felt*, size_t, const Felt&, const Felt*) { abort(); }
void run_program(const Task&, size_t, size_t) { abort(); }
size_t hash_rows(uint8_t*, const Felt* const*, size_t, size_t, size_t, size_t, int) { abort(); }
size_t merkle_layer(uint8_t*, const uint8_t*, const uint8_t*, size_t, size_t, int) { abort(); }
uint64_t grind(const uint8_t*, int, uint64_t, uint64_t) { abort(); }
bool can_transform(int, int) { abort(); }
void transform(Felt* const*, const PackedColumn*, size_t, int, const Felt&, bool, bool, const Felt*) { abort(); }
bool pedersen_hashes(Felt*, const Felt*, size_t, const Windows&) { abort(); }
bool pedersen_steps(Felt*, const Felt*, size_t, size_t, size_t, const Windows&) { abort(); }
void butterflies(size_t) { abort(); }
Extension::Extension(const PackedColumn*, size_t, int) : log_n_(0) { abort(); }
void Extension::hash(uint8_t*, const Felt&, size_t, int, int, int) const { abort(); }

}  // namespace ifma
}  // namespace freehold
