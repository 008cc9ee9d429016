// What the butterflies of ifma_passes.h multiply by: the factors of all nodes of a remainder tree, with quotients.
#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "ntt.h"
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

// Products of omega_(i+2+skip) over the set bits i of j, for j below 2^log, in plain form, of the roots or their inverses:
// T[j << skip] (ifma_passes.h). Made longer when a longer one is asked for.
std::shared_ptr<const std::vector<Felt>> root_products(int log, int skip, bool inverse) {
  static std::mutex mutex;
  static std::map<std::pair<int, bool>, std::shared_ptr<const std::vector<Felt>>> made;
  std::lock_guard<std::mutex> lock(mutex);
  auto& table = made[{skip, inverse}];
  if (table && table->size() >> log) return table;
  auto longer = std::make_shared<std::vector<Felt>>((size_t)1 << log);
  Felt* t = longer->data();
  t[0] = Felt{{1, 0, 0, 0}};
  for (int bit = 0; bit < log; bit++) {
    Felt root = root_of_unity(bit + 2 + skip);
    if (inverse) root = freehold::inverse(root);
    const size_t half = (size_t)1 << bit;
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

// The factors of all nodes for one coset: s^m T[j] at node j of a level.
class Factors {
 public:
  Factors(const Shape& shape, const Felt& shift, bool inverse)
      : top((size_t)1 << shape.rows), shape_(shape), scale_(shape.inner), low_((size_t)1 << std::max(0, shape.inner - 1)) {
    const int log_n = shape.rows + shape.inner;
    const auto products = root_products(std::max(shape.rows, shape.inner) - 1, 0, inverse);
    const Felt* t = products->data();
    std::vector<Felt> scale(log_n);  // s^m of each level
    scale[log_n - 1] = shift;
    for (int level = log_n - 1; level > 0; level--) scale[level - 1] = square(scale[level]);
    for (int level = 0; level < shape.rows; level++)
      for (size_t j = 0; j < (size_t)1 << level; j++)
        top[((size_t)1 << level) + j] = factor_of(freehold::mul(to_montgomery(t[j]), scale[level]));
    const Felt sixteen = to_montgomery(Felt{{16, 0, 0, 0}});
    to_260_ = factor_of(freehold::mul(R_SQUARED, sixteen));
    for (int level = 0; level < shape.inner; level++) {
      scale_[level] = factor_of(scale[shape.rows + level]);
      high_.push_back(root_products(shape.rows, level, inverse));
    }
    for (size_t j = 0; j < low_.size(); j++) {
      const Felt8 limbs = broadcast<0>(t[j]);
      for (int i = 0; i < 5; i++) low_[j].l[i] = (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(limbs.l[i]));
    }
  }

  std::vector<Factor> top;  // of pass A, in heap order

  // Of a group of pass B, eight blocks, in heap order: node j below block b is T[b << level + j] = T[b << level] T[j].
  void lanes(size_t group, Factor8* out) const {
    for (int level = 0; level < shape_.inner; level++) {
      const Felt* place[8];
      for (int lane = 0; lane < 8; lane++) place[lane] = high_[level]->data() + shape_.block(group, lane);
      const Factor8 scale = spread(scale_[level]), to_260 = spread(to_260_);
      const Felt8 first = canonical(times(load_from<0>(place), scale.w, scale.q));
      const Felt8 shifted = canonical(times(first, to_260.w, to_260.q));
      const Felt8 twice = canonical(times(shifted, to_260.w, to_260.q));
      const Factor8 by = with_quotient(first, shifted), by_shifted = with_quotient(shifted, twice);
      out[(size_t)1 << level] = by;
      for (size_t j = 1; j < (size_t)1 << level; j++) {
        Felt8 x;
        for (int i = 0; i < 5; i++) x.l[i] = set(low_[j].l[i]);
        out[((size_t)1 << level) + j] =
            with_quotient(canonical(times(x, by.w, by.q)), canonical(times(x, by_shifted.w, by_shifted.q)));
      }
    }
  }

 private:
  struct Limbs {
    uint64_t l[5];
  };

  // w and w * 2^260
  static INLINE Factor8 with_quotient(const Felt8& w, const Felt8& shifted) {
    Factor8 f;
    for (int i = 0; i < 5; i++) f.w[i] = w.l[i];
    quotient(shifted, f.q);
    return f;
  }

  Shape shape_;
  std::vector<Factor> scale_;
  Factor to_260_;
  std::vector<std::shared_ptr<const std::vector<Felt>>> high_;  // T[b << level] of each level
  std::vector<Limbs> low_;                                      // T[j]
};

Shape shape_of(int log_n, bool natural) { return {log_n - log_n / 2, log_n / 2, natural}; }

}  // namespace
}  // namespace ifma
}  // namespace freehold
