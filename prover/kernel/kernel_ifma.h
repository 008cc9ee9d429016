// Entry points of the vector path. Sizes are multiples of eight unless they are called `count`.
#pragma once
#include <memory>
#include <vector>

#include "field.h"
#include "memory.h"
#include "packed.h"
#include "pedersen.h"
#include "vector_machine.h"

namespace freehold {
namespace ifma {

// out[i] = a[i] * b[i], a[i] + b[i], a[i] - b[i]
void multiply(Felt* out, const Felt* a, const Felt* b, size_t n);
void sum(Felt* out, const Felt* a, const Felt* b, size_t n);
void difference(Felt* out, const Felt* a, const Felt* b, size_t n);

// Numbers below 2^64 as field elements.
void from_words(Felt* out, const uint64_t* numbers, size_t n);

// Big-endian numbers of 32 bytes below P, in and out.
void from_bytes(Felt* out, const uint8_t* bytes, size_t n);
void to_bytes(uint8_t* out, const Felt* a, size_t n);

// out[i] = 1 / a[i], 0 for a zero; true if there was one.
bool inverse(Felt* out, const Felt* a, size_t n);

// out[i] = sum of weights[c] * columns[c][i]
void linear_combination(Felt* out, const Felt* const* columns, const Felt* weights, size_t m, size_t n);

// A polynomial at z points, n a multiple of 8, in parts: lanes[8 p + l] is the sum of coefficients[i] * x^i over i = l mod 8,
// x the point number p. `powers` holds powers 0 to POWERS_OF_POINT of each point.
constexpr size_t POWERS_OF_POINT = 256;
void values_at(Felt* lanes, const Felt* coefficients, size_t n, const Felt* powers, size_t z);

// Quotient by Y - y of whole blocks from the top; returns where they begin. `powers` as above, of y.
size_t divide_out(Felt* out, const Felt* coefficients, size_t n, const Felt& y, const Felt* powers);

// Rows [begin, end) of a program, whole eights; see vector_machine.h.
void run_program(const Task& task, size_t begin, size_t end);

// Rows, nodes and nonces eight at a time, as far as whole eights go; returns the first that is left to do.
size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t stride, size_t begin, size_t end,
                 int digest_bytes);
size_t merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t begin, size_t end,
                    int digest_bytes);
// The first nonce of [first, first + count) that does it, or first + count; count is a multiple of eight.
uint64_t grind(const uint8_t* prefix, int bits, uint64_t first, uint64_t count);

// m columns to values on shift * H, or, `inverse`, values on H in natural order to coefficients, each multiplied by `scale`
// at the end unless it is null. Natural or bit-reversed order out.
bool can_transform(int log_n, int log_slots);
void transform(Felt* const* out, const PackedColumn* columns, size_t m, int log_n, const Felt& shift, bool inverse,
               bool natural, const Felt* scale);

// Hashes of `count` pairs, a batch that shares its inversions; false, and `out` unfinished, if an addition met equal x.
bool pedersen_hashes(Felt* out, const Felt* pairs, size_t count, const Windows& windows);

// The witness of hashes [begin, begin + count) of m; see `proof_cell`. False as above.
bool pedersen_steps(Felt* out, const Felt* pairs, size_t begin, size_t count, size_t m, const Windows& windows);

// 2^11 butterflies a round, in cache.
void butterflies(size_t rounds);

// Columns made ready to be extended to many cosets.
class Extension {
 public:
  Extension(const PackedColumn* columns, size_t m, int log_n);  // reads the columns once
  static constexpr int LEAST_IN_PARTS = 14;  // log_n
  bool has_runs_of(int log_run) const { return 2 * log_run <= log_n_; }  // in a block of the second pass

  // Row hashes of the values on shift * H, made while they are in cache, or of one of 2^log_parts parts of them. With
  // `log_run`, a row is 2^log_run neighbours of the one column.
  void hash(uint8_t* out, const Felt& shift, size_t part, int log_parts, int log_run, int digest_bytes) const;

 private:
  struct Run {
    size_t width, stride;
  };
  struct Place {
    size_t column, first, step;
  };
  int log_n_;
  std::vector<Run> filled_;     // of each column, as in ifma_passes.h
  std::vector<Place> places_;   // of each tile
  std::unique_ptr<Block> tiles_;
};

}  // namespace ifma
}  // namespace freehold
