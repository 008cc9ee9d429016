// What the butterflies of ifma_transform.cpp multiply by: the factors of all nodes of a remainder tree, with quotients.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "memory.h"
#include "ntt.h"
#include "parallel.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {

// w below P in plain form (not Montgomery's) and r = w * 2^260 mod P give q = (w * 2^260 - r) / P. As that is an integer
// below 2^260 and 1 / P = 1 - (P - 1) mod 2^260, it is r * (P - 1) - r mod 2^260.
INLINE void quotient(const Felt8& r, V* q) {
  const V zero = _mm512_setzero_si512(), p3 = set(P3), p4 = set(P4);
  Felt8 f;
  for (int i = 0; i < 5; i++) f.l[i] = sub64(zero, r.l[i]);
  f.l[3] = lo(f.l[3], r.l[0], p3);
  f.l[4] = lo(lo(hi(f.l[4], r.l[0], p3), r.l[1], p3), r.l[0], p4);
  f = carry(f);
  f.l[4] = _mm512_and_si512(f.l[4], set(MASK));
  for (int i = 0; i < 5; i++) q[i] = f.l[i];
}

// The factor of one element in Montgomery form, by the same way.
Factor factor_of(const Felt& montgomery) {
  const Felt plain = from_montgomery(montgomery);
  const Felt sixteen = to_montgomery(Felt{{16, 0, 0, 0}});
  const Felt r = freehold::mul(montgomery, sixteen);  // 2^256 w * 16
  Felt8 w = broadcast<0>(plain), r8 = broadcast<0>(r);
  V q[5];
  quotient(r8, q);
  Factor f;
  for (int i = 0; i < 5; i++) {
    f.w[i] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(w.l[i]));
    f.q[i] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(q[i]));
  }
  return f;
}

// T[0 .. 2^log), plain form, for the root or its inverse; made longer when a longer one is asked for.
std::shared_ptr<const std::vector<Felt>> root_products(int log, bool inverse) {
  static std::mutex mutex;
  static std::shared_ptr<const std::vector<Felt>> made[2];
  std::lock_guard<std::mutex> lock(mutex);
  auto& table = made[inverse];
  if (table && table->size() >> log) return table;
  auto longer = std::make_shared<std::vector<Felt>>((size_t)1 << log);
  Felt* t = longer->data();
  t[0] = Felt{{1, 0, 0, 0}};
  for (int bit = 0; bit < log; bit++) {
    Felt root = root_of_unity(bit + 2);
    if (inverse) root = freehold::inverse(root);
    size_t half = (size_t)1 << bit;
    for (size_t i = 0; i < half; i++) t[half + i] = freehold::mul(t[i], root);
  }
  table = longer;
  return table;
}

struct Shape {
  int rows, inner;  // log2
  bool natural;     // output order
  int above = 0;    // levels gone down before
  size_t groups() const { return (size_t)1 << (rows - 3); }
  // Blocks of a group, lane by lane: neighbours, or those whose bit-reversed numbers are neighbours.
  size_t block(size_t group, size_t lane) const {
    size_t number = 8 * group + lane;
    return natural ? reversed(number, rows) : number;
  }
  static size_t reversed(size_t x, int bits) {
    size_t y = 0;
    for (int i = 0; i < bits; i++) y |= (x >> i & 1) << (bits - 1 - i);
    return y;
  }
};

// The factors of all nodes: `top` in heap order for pass A, `lanes[group << inner | heap index]` for pass B.
struct Factors {
  Factors(const Shape& shape)
      : top((size_t)1 << shape.rows), block((shape.groups() << shape.inner) * sizeof(Factor8)), lanes(block.as<Factor8>()) {}
  std::vector<Factor> top;
  Block block;
  Factor8* lanes;
};

std::unique_ptr<Factors> make_factors(const Shape& shape, const Felt& shift, bool inverse) {
  const int log_n = shape.rows + shape.inner;
  auto products = root_products(log_n - 1, inverse);
  const Felt* t = products->data();
  std::vector<Felt> scale(log_n);  // s^m of each level
  scale[log_n - 1] = shift;
  for (int level = log_n - 1; level > 0; level--) scale[level - 1] = square(scale[level]);

  std::unique_ptr<Factors> made(new Factors(shape));
  for (int level = 0; level < shape.rows; level++)
    for (size_t j = 0; j < (size_t)1 << level; j++)
      made->top[((size_t)1 << level) + j] = factor_of(freehold::mul(to_montgomery(t[j]), scale[level]));

  std::vector<Factor> by(shape.inner), by_high(shape.inner);
  const Felt to_260 = freehold::mul(R_SQUARED, to_montgomery(Felt{{16, 0, 0, 0}}));  // 2^260, in Montgomery form
  for (int level = 0; level < shape.inner; level++) {
    by[level] = factor_of(scale[shape.rows + level]);
    by_high[level] = factor_of(freehold::mul(scale[shape.rows + level], to_260));
  }
  parallel(shape.groups(), 1, [&](size_t begin, size_t end) {
    for (size_t group = begin; group < end; group++)
      for (int level = 0; level < shape.inner; level++) {
        const Factor8 w = spread(by[level]), r = spread(by_high[level]);
        const Felt* place[8];
        for (int lane = 0; lane < 8; lane++) place[lane] = t + (shape.block(group, lane) << level);
        Factor8* out = &made->lanes[(group << shape.inner) + ((size_t)1 << level)];
        for (size_t j = 0; j < (size_t)1 << level; j++) {
          Felt8 x = load_from<0>(place);
          Felt8 c = canonical(times(x, w.w, w.q)), c_high = canonical(times(x, r.w, r.q));
          for (int i = 0; i < 5; i++) out[j].w[i] = c.l[i];
          quotient(c_high, out[j].q);
          for (auto& p : place) p++;
        }
      }
  });
  return made;
}

// Factors of unshifted transforms are kept.
std::shared_ptr<const Factors> factors_for(const Shape& shape, const Felt& shift, bool inverse) {
  static std::mutex mutex;
  static std::map<std::tuple<int, bool, bool>, std::shared_ptr<const Factors>> kept;
  if (memcmp(&shift, &ONE, sizeof(Felt))) return make_factors(shape, shift, inverse);
  std::lock_guard<std::mutex> lock(mutex);
  auto& slot = kept[{shape.rows + shape.inner, inverse, shape.natural}];
  if (!slot) slot = make_factors(shape, shift, inverse);
  return slot;
}

Shape shape_of(int log_n, bool natural) { return {log_n - log_n / 2, log_n / 2, natural}; }

}  // namespace
}  // namespace ifma
}  // namespace freehold
