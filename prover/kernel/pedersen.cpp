// The C interface of Pedersen hashes, the table of their windows, and the portable path; see pedersen.h.
#include "pedersen.h"

#include <atomic>
#include <cstring>
#include <vector>

#include "backend.h"
#include "chains.h"
#include "inverses.h"
#include "parallel.h"

using namespace freehold;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Affine {
  Felt x, y;
};

// Where a point may be infinity, the table cannot be made.
struct Exceptional {};

Affine affine(const Jacobian& p) {
  Felt point[2];
  if (!to_affine(point, p)) throw Exceptional();
  return {point[0], point[1]};
}

// --- the table

// H_i = B_i / 2 of one input's 252 bits, from halves of its two points.
std::vector<Affine> half_bases(const Felt* low, const Felt* high) {
  std::vector<Affine> bases;
  for (int i = 0; i < HASH_INPUT_BITS; i++) {
    const bool first = i == 0 || i == HASH_INPUT_BITS - 4;
    const Felt* point = i == 0 ? low : high;
    bases.push_back(first ? Affine{point[0], point[1]} : affine(doubled({bases.back().x, bases.back().y, ONE})));
  }
  return bases;
}

// entries[n + k] = entries[k] + point for k < n; false if one has the point's x.
bool append_sums(Felt* entries, size_t n, const Affine& point) {
  std::vector<Felt> run(n), slope(n);
  for (size_t k = 0; k < n; k++) run[k] = sub(entries[2 * k], point.x);
  if (inverses(slope.data(), run.data(), n)) return false;
  for (size_t k = 0; k < n; k++) run[k] = sub(entries[2 * k + 1], point.y);
  multiply(slope.data(), slope.data(), run.data(), n);
  for (size_t k = 0; k < n; k++) {
    const Felt x = sub(sub(square(slope[k]), entries[2 * k]), point.x);
    entries[2 * (n + k)] = x;
    entries[2 * (n + k) + 1] = sub(mul(slope[k], sub(entries[2 * k], x)), entries[2 * k + 1]);
  }
  return true;
}

// The entries of the window of `bases` H_0 .. H_11: H_11 +- H_10 .. +- H_0, where a set bit means plus.
bool fill_window(Felt* entries, const Affine* bases) {
  Jacobian least{bases[HASH_BITS - 1].x, bases[HASH_BITS - 1].y, ONE};
  for (int j = 0; j < HASH_BITS - 1; j++) least = plus_affine(least, bases[j].x, negative(bases[j].y));
  if (!to_affine(entries, least)) return false;
  for (int j = 0; j < HASH_BITS - 1; j++)
    if (!append_sums(entries, (size_t)1 << j, affine(doubled({bases[j].x, bases[j].y, ONE})))) return false;
  return true;
}

// --- chains, portable

// Digits (steps, m). As in ifma_pedersen.cpp.
template <typename Record>
bool chain(const Windows& windows, const uint16_t* digits, size_t m, Record record) {
  std::vector<Felt> x(m, windows.start[0]), y(m, windows.start[1]), run(m), inverse(m);
  for (size_t step = 0; step < windows.steps; step++, digits += m) {
    const Felt* block = windows.table + 2 * windows.block(step);
    for (size_t i = 0; i < m; i++) run[i] = sub(x[i], block[2 * (digits[i] & (NEGATIVE - 1))]);
    if (batch_inverse(inverse.data(), run.data(), m)) return false;
    for (size_t i = 0; i < m; i++) {
      const Felt* point = block + 2 * (digits[i] & (NEGATIVE - 1));
      const Felt py = digits[i] & NEGATIVE ? negative(point[1]) : point[1];
      const Felt slope = mul(sub(y[i], py), inverse[i]);
      const Felt next = sub(sub(square(slope), x[i]), point[0]);
      y[i] = sub(mul(slope, sub(x[i], next)), y[i]);
      x[i] = next;
      record(step, i, next, slope);
    }
  }
  return true;
}

void hash_digits(uint16_t* digits, const Felt* pair, size_t stride) {
  for (size_t half = 0; half < 2; half++) {
    const Felt plain = from_montgomery(pair[half]);
    for (size_t window = 0; window < HASH_HALF; window++) {
      const size_t bit = window * HASH_BITS, from = bit / 64, shift = bit % 64;
      u64 word = plain.limb[from] >> shift;
      if (shift && from < 3) word |= plain.limb[from + 1] << (64 - shift);
      digits[(half * HASH_HALF + window) * stride] = signed_digit(word & (2 * HASH_ENTRIES - 1));
    }
  }
}

bool hashes(Felt* out, const Felt* pairs, size_t m, const Windows& windows) {
  std::vector<uint16_t> digits(HASH_STEPS * m);
  for (size_t i = 0; i < m; i++) hash_digits(&digits[i], pairs + 2 * i, m);
  return chain(windows, digits.data(), m, [=](size_t step, size_t i, const Felt& x, const Felt&) {
    if (step == HASH_STEPS - 1) out[i] = x;
  });
}

bool proof_steps(Felt* out, const Felt* pairs, size_t begin, size_t count, size_t m, const Windows& windows) {
  std::vector<uint16_t> digits(PROOF_STEPS * count);
  uint8_t bytes[32];
  for (size_t i = 0; i < count; i++)
    for (size_t half = 0; half < 2; half++) {
      to_big_endian(pairs[2 * (begin + i) + half], bytes);
      for (size_t row = 0; row < PROOF_ROWS; row++) digits[(2 * row + half) * count + i] = bytes[row];
    }
  return chain(windows, digits.data(), count, [&](size_t step, size_t i, const Felt& x, const Felt& slope) {
    Felt* cell = proof_cell(out, m, step, begin + i);
    cell[0] = x, cell[m * PROOF_ROWS] = slope;
    cell[2 * m * PROOF_ROWS] = windows.table[2 * (windows.block(step) + digits[step * count + i]) + 1];
  });
}

// One hash by the complete law, with one inversion at the end; false at infinity.
bool complete_hash(Felt* out, const Felt* pair, const Windows& windows) {
  uint16_t digits[HASH_STEPS];
  const Felt* points[HASH_STEPS];
  hash_digits(digits, pair, 1);
  for (size_t step = 0; step < HASH_STEPS; step++) {
    points[step] = windows.table + 2 * (windows.block(step) + (digits[step] & (NEGATIVE - 1)));
    __builtin_prefetch(points[step]);
  }
  Jacobian sum{windows.start[0], windows.start[1], ONE};
  for (size_t step = 0; step < HASH_STEPS; step++)
    sum = plus_affine(sum, points[step][0], digits[step] & NEGATIVE ? negative(points[step][1]) : points[step][1]);
  Felt point[2];
  const bool finite = to_affine(point, sum);
  *out = point[0];
  return finite;
}

}  // namespace

// The windows' table (HASH_STEPS, HASH_ENTRIES, 2) and the start (2) of a hash, from its shift point and halves of P0 .. P3:
// (5, 2). 1 if the points are related so closely that an entry has no affine sum.
EXPORT int fh_pedersen_table(Felt* table, Felt* start, const Felt* points) try {
  std::vector<Affine> bases = half_bases(points + 2, points + 4), of_y = half_bases(points + 6, points + 8);
  bases.insert(bases.end(), of_y.begin(), of_y.end());
  Jacobian sum{points[0], points[1], ONE};
  for (const Affine& base : bases) sum = plus_affine(sum, base.x, base.y);
  if (!to_affine(start, sum)) return 1;
  std::atomic<int> failed{0};
  parallel(HASH_STEPS, 1, [&](size_t begin, size_t end) {
    for (size_t step = begin; step < end; step++)
      if (!fill_window(table + 2 * hash_block(step), &bases[step * HASH_BITS])) failed = 1;
  });
  return failed;
} catch (const Exceptional&) {
  return 1;
}

// (m, 2) inputs to (m,) hashes. 1 if one of them is at infinity.
EXPORT int fh_pedersen(Felt* out, const Felt* pairs, const Felt* table, const Felt* start, size_t m) {
  const Windows windows{table, start, HASH_STEPS, hash_block};
  std::atomic<int> infinite{0};
  parallel(m, piece(m, BATCH), [&](size_t begin, size_t end) {
    const size_t count = end - begin;
    const bool vectors = use_vectors() && count >= 8;
    if (vectors ? ifma::pedersen_hashes(out + begin, pairs + 2 * begin, count, windows)
                : hashes(out + begin, pairs + 2 * begin, count, windows))
      return;
    for (size_t i = begin; i < end; i++)
      if (!complete_hash(out + i, pairs + 2 * i, windows)) infinite = 1;
  });
  return infinite;
}

// The witness of m hashes, (6, 32 * m); see `proof_cell`. 1 if an addition met equal x, which has no slope.
EXPORT int fh_pedersen_steps(Felt* out, const Felt* pairs, const Felt* table, const Felt* start, size_t m) {
  const Windows windows{table, start, PROOF_STEPS, proof_block};
  std::atomic<int> failed{0};
  parallel(m, piece(m, PROOF_BATCH), [&](size_t begin, size_t end) {
    const size_t count = end - begin;
    if (!(use_vectors() ? ifma::pedersen_steps(out, pairs, begin, count, m, windows)
                        : proof_steps(out, pairs, begin, count, m, windows)))
      failed = 1;
  });
  return failed;
}

// One pair of 32-byte big-endian numbers below P; 1 at infinity.
EXPORT int fh_pedersen_single(uint8_t* out, const uint8_t* pair, const Felt* table, const Felt* start) {
  Felt inputs[2], result;
  for (int i = 0; i < 2; i++) inputs[i] = from_big_endian(pair + 32 * i);
  const bool finite = complete_hash(&result, inputs, Windows{table, start, HASH_STEPS, hash_block});
  to_big_endian(result, out);
  return !finite;
}
