// Number-theoretic transforms of 2^log_n points by the plain path; ifma_transform.cpp has the fast one.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "backend.h"
#include "field.h"
#include "packed.h"

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

// The plain path: radix 2, in place.
class Transform {
 public:
  Transform(int log_n, bool inverse) : log_n_(log_n), n_((size_t)1 << log_n), levels_(log_n + 1) {
    Felt root = root_of_unity(log_n);
    if (inverse) root = freehold::inverse(root);
    // levels_[k]: powers of omega_k below half of its order, contiguous for each level of the recursion
    for (int k = log_n; k >= 1; k--) {
      levels_[k].resize((size_t)1 << (k - 1));
      if (k == log_n) {
        fill_powers(levels_[k].data(), root, k - 1);
      } else {
        for (size_t i = 0; i < levels_[k].size(); i++) levels_[k][i] = levels_[k + 1][2 * i];
      }
    }
  }

  // Natural coefficients to values on the coset: scaling by the shift's powers, then decimation in frequency.
  void evaluate(Felt* a, const Felt* shifts, bool bit_reversed) const {
    multiply(a, a, shifts, n_);
    frequency(a, log_n_);
    if (!bit_reversed) bit_reverse(a, log_n_);
  }

  // Values on H in natural order to natural coefficients: decimation in time, then scaling by 1/n.
  void interpolate(Felt* a, const Felt& scale) const {
    bit_reverse(a, log_n_);
    time(a, log_n_);
    for (size_t i = 0; i < n_; i++) a[i] = mul(a[i], scale);
  }

 private:
  // Natural order in, bit-reversed out; recursion keeps halves in cache.
  void frequency(Felt* a, int log_n) const {
    if (log_n == 0) return;
    size_t half = (size_t)1 << (log_n - 1);
    for (size_t i = 0; i < half; i++) {
      Felt low = a[i], high = a[i + half];
      a[i] = add(low, high);
      a[i + half] = mul(sub(low, high), levels_[log_n][i]);
    }
    frequency(a, log_n - 1);
    frequency(a + half, log_n - 1);
  }

  // Bit-reversed order in, natural out.
  void time(Felt* a, int log_n) const {
    if (log_n == 0) return;
    size_t half = (size_t)1 << (log_n - 1);
    time(a, log_n - 1);
    time(a + half, log_n - 1);
    for (size_t i = 0; i < half; i++) {
      Felt low = a[i], high = mul(a[i + half], levels_[log_n][i]);
      a[i] = add(low, high);
      a[i + half] = sub(low, high);
    }
  }

  int log_n_;
  size_t n_;
  std::vector<std::vector<Felt>> levels_;
};

// Made once for each size and direction, and kept.
static inline const Transform& transform(int log_n, bool inverse) {
  static std::mutex mutex;
  static std::map<std::pair<int, bool>, std::unique_ptr<Transform>> made;
  std::lock_guard<std::mutex> lock(mutex);
  auto& slot = made[{log_n, inverse}];
  if (!slot) slot.reset(new Transform(log_n, inverse));
  return *slot;
}

}  // namespace freehold
