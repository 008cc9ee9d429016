// Number-theoretic transforms of 2^log_n points, on cosets, in natural or bit-reversed order.
#pragma once
#include <vector>

#include "field.h"

namespace freehold {

// omega_log_n: the canonical generator of the subgroup of order 2^log_n, 3^((P-1)/2^log_n).
static inline Felt root_of_unity(int log_n) {
  Felt three = to_montgomery(Felt{{3, 0, 0, 0}});
  const u64 odd[1] = {TOP_LIMB};
  Felt root = power(three, odd, 1);  // (P-1) / 2^192
  for (int i = log_n; i < 192; i++) root = square(root);
  return root;
}

static inline std::vector<Felt> shift_powers(const Felt& shift, int log_n) {
  std::vector<Felt> powers((size_t)1 << log_n);
  Felt value = ONE;
  for (auto& p : powers) p = value, value = mul(value, shift);
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

class Transform {
 public:
  Transform(int log_n, bool inverse) : log_n_(log_n), n_((size_t)1 << log_n) {
    Felt root = root_of_unity(log_n);
    if (inverse) root = freehold::inverse(root);
    twiddles_.resize(n_ / 2 ? n_ / 2 : 1);
    Felt value = ONE;
    for (auto& t : twiddles_) t = value, value = mul(value, root);
    u64 count[4] = {n_, 0, 0, 0};
    scale_ = freehold::inverse(to_montgomery(Felt{{count[0], 0, 0, 0}}));
  }

  // Natural coefficients to values on the coset: scaling, then decimation in frequency.
  void evaluate(Felt* out, const Felt* in, const Felt* shifts, bool bit_reversed) const {
    for (size_t i = 0; i < n_; i++) out[i] = mul(in[i], shifts[i]);
    frequency(out);
    if (!bit_reversed) bit_reverse(out, log_n_);
  }

  // Values on the coset to natural coefficients: decimation in time, then scaling.
  void interpolate(Felt* out, const Felt* in, const Felt* inverse_shifts, bool bit_reversed) const {
    if (out != in) memcpy(out, in, n_ * sizeof(Felt));
    if (!bit_reversed) bit_reverse(out, log_n_);
    time(out);
    for (size_t i = 0; i < n_; i++) out[i] = mul(mul(out[i], scale_), inverse_shifts[i]);
  }

 private:
  // Natural order in, bit-reversed out; recursion keeps halves in cache.
  void frequency(Felt* a) const { frequency(a, n_, 1); }

  void frequency(Felt* a, size_t n, size_t stride) const {
    if (n == 1) return;
    size_t half = n / 2;
    for (size_t i = 0; i < half; i++) {
      Felt low = a[i], high = a[i + half];
      a[i] = add(low, high);
      a[i + half] = mul(sub(low, high), twiddles_[i * stride]);
    }
    frequency(a, half, 2 * stride);
    frequency(a + half, half, 2 * stride);
  }

  // Bit-reversed order in, natural out.
  void time(Felt* a) const { time(a, n_, 1); }

  void time(Felt* a, size_t n, size_t stride) const {
    if (n == 1) return;
    size_t half = n / 2;
    time(a, half, 2 * stride);
    time(a + half, half, 2 * stride);
    for (size_t i = 0; i < half; i++) {
      Felt low = a[i], high = mul(a[i + half], twiddles_[i * stride]);
      a[i] = add(low, high);
      a[i + half] = sub(low, high);
    }
  }

  int log_n_;
  size_t n_;
  std::vector<Felt> twiddles_;
  Felt scale_;
};

}  // namespace freehold
