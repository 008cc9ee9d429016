// Number-theoretic transforms of 2^log_n points by the plain path; ifma_transform.cpp has the fast one.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "backend.h"
#include "field.h"
#include "packed.h"
#include "parallel.h"

namespace freehold {

// omega_log_n: the canonical generator of the subgroup of order 2^log_n, 3^((P-1)/2^log_n).
static inline Felt root_of_unity(int log_n) {
  Felt three = to_montgomery(Felt{{3, 0, 0, 0}});
  const u64 odd[1] = {TOP_LIMB};
  Felt root = power(three, odd, 1);  // (P-1) / 2^192
  for (int i = log_n; i < 192; i++) root = square(root);
  return root;
}

// 1, x, x^2, ...: the first half times x^(n/2) is the second.
static inline void fill_powers(Felt* out, const Felt& x, int log_n) {
  out[0] = ONE;
  Felt step = x;
  std::vector<Felt> repeated;
  for (int k = 0; k < log_n; k++, step = square(step)) {
    size_t half = (size_t)1 << k;
    repeated.assign(half, step);
    multiply(out + half, out, repeated.data(), half);
  }
}

static inline std::vector<Felt> shift_powers(const Felt& shift, int log_n) {
  std::vector<Felt> powers((size_t)1 << log_n);
  fill_powers(powers.data(), shift, log_n);
  return powers;
}

static inline void bit_reverse(Felt* a, int log_n) {
  size_t n = (size_t)1 << log_n;
  for (size_t i = 0, j = 0; i < n; i++) {
    if (i < j) {
      Felt t = a[i];
      a[i] = a[j], a[j] = t;
    }
    size_t bit = n >> 1;
    for (; bit && (j & bit); bit >>= 1) j ^= bit;
    j |= bit;
  }
}

// The plain path: a remainder tree, as in ifma_passes.h, in place. Node j of a level takes a polynomial modulo X^(2m) - c^2 to
// its remainders modulo X^m - c and X^m + c by u +- c v, where c = s^m T[j], s is the coset's shift and T[j] the product of
// omega_(i+2) over the set bits i of j: one table for every level. Leaves stand in bit-reversed order. Two levels are gone
// through at a time, and shares depth first: what is in cache stays there. In a block of 2^LOG_BLOCK the shift is taken out
// by scaling, as the factors would cost more than that.
//
// Down, values grow by P with each level, from below P to below 2^256 = 31 P and a bit on 30 levels, and `mul` takes any number
// of 256 bits. Scaling makes them smaller than P again. Up, sums are reduced at once, or they would double.
class Tree {
 public:
  Tree(int log_n, bool inverse) : log_n_(log_n), points_((size_t)1 << (log_n ? log_n - 1 : 0), ONE) {
    for (int bit = 0; bit + 1 < log_n; bit++) {
      const Felt root = root_of_unity(bit + 2), step = inverse ? freehold::inverse(root) : root;
      const size_t half = (size_t)1 << bit;
      for (size_t j = 0; j < half; j++) points_[half + j] = mul(points_[j], step);
    }
  }

  // Coefficients to values on the coset of this shift, by position.
  void down(Felt* a, const Felt& shift) const {
    const Shift shifts(shift, ONE, log_n_);
    if (log_n_ < LOG_SHARED) return down(a, log_n_, 0, &shifts);
    const size_t quarter = (size_t)1 << (log_n_ - 2), part = quarter / 4;
    parallel(quarter, GRAIN, [&](size_t begin, size_t end) { two_down(a, log_n_, 0, &shifts, begin, end); });
    for (size_t node = 0; node < 4; node++)
      parallel(part, GRAIN, [&](size_t begin, size_t end) {
        two_down(a + node * quarter, log_n_ - 2, node, &shifts, begin, end);
      });
    parallel(16, 1, [&](size_t begin, size_t end) {
      for (size_t node = begin; node < end; node++) down(a + node * part, log_n_ - 4, node, &shifts);
    });
  }

  // Values by position to coefficients, in a tree of inverses with the inverse shift.
  void up(Felt* a, const Felt& shift) const {
    const Shift shifts(shift, freehold::inverse(to_montgomery(Felt{{(u64)1 << log_n_, 0, 0, 0}})), log_n_);
    if (log_n_ < LOG_SHARED) return up(a, log_n_, 0, &shifts);
    const size_t quarter = (size_t)1 << (log_n_ - 2), part = quarter / 4;
    parallel(16, 1, [&](size_t begin, size_t end) {
      for (size_t node = begin; node < end; node++) up(a + node * part, log_n_ - 4, node, &shifts);
    });
    for (size_t node = 0; node < 4; node++)
      parallel(part, GRAIN, [&](size_t begin, size_t end) {
        two_up(a + node * quarter, log_n_ - 2, node, &shifts, begin, end);
      });
    parallel(quarter, GRAIN, [&](size_t begin, size_t end) { two_up(a, log_n_, 0, &shifts, begin, end); });
  }

  // (u, v) to (u + c v, u - c v), each less than u + P. In memory: products take their factors from there.
  static INLINE void down_one(Felt& u, Felt& v, const Felt& c) {
    const Felt product = mul(v, c);
    u64 below;
    v = minus(plus(u, P), product, below);
    u = plus(u, product);
  }

 private:
  static constexpr int LOG_SHARED = 13;  // from so many values on, the first levels are shared by the cores
  static constexpr size_t GRAIN = 1 << 9;
  static constexpr int LOG_BLOCK = 8;

  // s^(2^k), and what a block is scaled by: `scale` * s^i.
  struct Shift {
    std::vector<Felt> squares, scales;
    Shift(const Felt& shift, const Felt& scale, int log_n)
        : squares(log_n + 1, shift), scales((size_t)1 << std::min(log_n, LOG_BLOCK), scale) {
      for (int k = 0; k < log_n; k++) squares[k + 1] = square(squares[k]);
      for (size_t i = 1; i < scales.size(); i++) scales[i] = mul(scales[i - 1], shift);
    }
  };

  static INLINE void up_one(Felt& u, Felt& v, const Felt& c) {
    u64 below;
    const Felt difference = minus(plus(u, P), v, below);
    u = add(u, v);
    v = mul(difference, c);
  }

  // c of a node that halves 2^log_n values.
  Felt factor(size_t node, int log_n, const Shift* shift) const {
    return shift ? mul(points_[node], shift->squares[log_n - 1]) : points_[node];
  }

  // Elements [begin, end) of the quarters of 2^log_n values: their node's level and the next.
  void two_down(Felt* a, int log_n, size_t node, const Shift* shift, size_t begin, size_t end) const {
    const size_t quarter = (size_t)1 << (log_n - 2);
    const Felt first = factor(node, log_n, shift);
    const Felt low = factor(2 * node, log_n - 1, shift), high = factor(2 * node + 1, log_n - 1, shift);
    for (Felt* x = a + begin; x < a + end; x++) {
      down_one(x[0], x[2 * quarter], first), down_one(x[quarter], x[3 * quarter], first);
      down_one(x[0], x[quarter], low), down_one(x[2 * quarter], x[3 * quarter], high);
    }
  }

  void two_up(Felt* a, int log_n, size_t node, const Shift* shift, size_t begin, size_t end) const {
    const size_t quarter = (size_t)1 << (log_n - 2);
    const Felt first = factor(node, log_n, shift);
    const Felt low = factor(2 * node, log_n - 1, shift), high = factor(2 * node + 1, log_n - 1, shift);
    for (Felt* x = a + begin; x < a + end; x++) {
      up_one(x[0], x[quarter], low), up_one(x[2 * quarter], x[3 * quarter], high);
      up_one(x[0], x[2 * quarter], first), up_one(x[quarter], x[3 * quarter], first);
    }
  }

  // All levels of 2^log_n values; `shift` is null in a block that has been scaled.
  void down(Felt* a, int log_n, size_t node, const Shift* shift) const {
    const size_t n = (size_t)1 << log_n;
    if (shift && log_n <= LOG_BLOCK) {
      for (size_t i = 0; i < n; i++) a[i] = mul(a[i], shift->scales[i]);
      shift = nullptr;
    }
    if (log_n == 1) down_one(a[0], a[1], points_[node]);
    if (log_n >= 2) two_down(a, log_n, node, shift, 0, n / 4);
    if (log_n <= 2)
      for (size_t i = 0; i < n; i++) a[i] = canonical(a[i]);
    else
      for (size_t i = 0; i < 4; i++) down(a + i * n / 4, log_n - 2, 4 * node + i, shift);
  }

  void up(Felt* a, int log_n, size_t node, const Shift* shift) const {
    const size_t n = (size_t)1 << log_n;
    const bool block = shift && log_n <= LOG_BLOCK;
    const Shift* below = block ? nullptr : shift;
    if (log_n > 2)
      for (size_t i = 0; i < 4; i++) up(a + i * n / 4, log_n - 2, 4 * node + i, below);
    if (log_n >= 2) two_up(a, log_n, node, below, 0, n / 4);
    if (log_n == 1) up_one(a[0], a[1], points_[node]);
    if (block)
      for (size_t i = 0; i < n; i++) a[i] = mul(a[i], shift->scales[i]);
  }

  int log_n_;
  std::vector<Felt> points_;
};

// Made once for each size and direction, and kept.
static inline const Tree& tree(int log_n, bool inverse) {
  static std::mutex mutex;
  static std::map<std::pair<int, bool>, std::unique_ptr<Tree>> made;
  std::lock_guard<std::mutex> lock(mutex);
  auto& slot = made[{log_n, inverse}];
  if (!slot) slot.reset(new Tree(log_n, inverse));
  return *slot;
}

// Coefficients to values on a coset.
static inline void evaluate(Felt* a, int log_n, const Felt& shift, bool natural) {
  tree(log_n, false).down(a, shift);
  if (natural) bit_reverse(a, log_n);
}

// The inverse, given 1 / shift.
static inline void interpolate(Felt* a, int log_n, const Felt& inverse_shift, bool natural) {
  if (natural) bit_reverse(a, log_n);
  tree(log_n, true).up(a, inverse_shift);
}

// `one(i)` for each of m columns: column by column on all cores where there are more cores than columns.
template <typename One>
static inline void by_columns(size_t m, One one) {
  if (m < (size_t)thread_count())
    for (size_t i = 0; i < m; i++) one(i);
  else
    parallel(m, 1, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; i++) one(i);
    });
}

}  // namespace freehold
