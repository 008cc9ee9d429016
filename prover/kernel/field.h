// Arithmetic modulo P = 2^251 + 17*2^192 + 1 on four 64-bit limbs, Montgomery form with R = 2^256.
// Values are canonical (below P) at every boundary. Leaves limbs, vectors, transforms and hashes to the other files.
#pragma once
#include <cstdint>
#include <cstring>

#include "limbs.h"

namespace freehold {

constexpr Felt ZERO = {{0, 0, 0, 0}};
constexpr Felt ONE = {{0xffffffffffffffe1ull, 0xffffffffffffffffull, 0xffffffffffffffffull, 0x07fffffffffffdf0ull}};
constexpr Felt P = {{1, 0, 0, TOP_LIMB}};
// R^2 mod P, to enter Montgomery form.
constexpr Felt R_SQUARED = {{0xfffffd737e000401ull, 0x00000001330fffffull, 0xffffffffff6f8000ull, 0x07ffd4ab5e008810ull}};

static INLINE bool is_zero(const Felt& a) { return (a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]) == 0; }

static INLINE Felt sub(const Felt& a, const Felt& b) {
  u64 below;
  const Felt d = minus(a, b, below);
  return plus_masked_p(d, below);
}

// The canonical form of any number of 256 bits. Of P the top is 2^251, so the quotient is read off; it is one too large where
// what is left would be negative: above -32 * (17 * 2^192 + 1).
static INLINE Felt canonical(const Felt& a) {
  const u64 quotient = a.limb[3] >> 59;
  return sub(a, Felt{{quotient, 0, 0, quotient * TOP_LIMB}});
}

static INLINE Felt add(const Felt& a, const Felt& b) { return sub(plus(a, b), P); }

// a * b / R; one of them may be any number of 256 bits.
static INLINE Felt mul(const Felt& a, const Felt& b) { return reduce(product(a, b)); }

static INLINE Felt square(const Felt& a) { return mul(a, a); }

static INLINE Felt to_montgomery(const Felt& a) { return mul(a, R_SQUARED); }
static INLINE Felt from_montgomery(const Felt& a) {
  return reduce(Wide{{a.limb[0], a.limb[1], a.limb[2], a.limb[3], 0, 0, 0, 0}});
}

static inline Felt power(Felt base, const u64* exponent, int limbs) {
  Felt result = ONE;
  for (int i = limbs - 1; i >= 0; i--)
    for (int bit = 63; bit >= 0; bit--) {
      result = square(result);
      if (exponent[i] >> bit & 1) result = mul(result, base);
    }
  return result;
}

// a^(P - 2): P - 2 is 2^59 + 16 followed by 192 ones, which are taken in sixteen at a time.
static inline Felt inverse(const Felt& a) {
  Felt ones = a;  // a^(2^k - 1)
  for (int k = 1; k < 16; k *= 2) {
    Felt shifted = ones;
    for (int i = 0; i < k; i++) shifted = square(shifted);
    ones = mul(shifted, ones);
  }
  Felt result = a;
  for (int i = 0; i < 59; i++) {
    result = square(result);
    if (i == 54) result = mul(result, a);
  }
  for (int i = 0; i < 12; i++) {
    for (int j = 0; j < 16; j++) result = square(result);
    result = mul(result, ones);
  }
  return result;
}

static inline Felt from_big_endian(const uint8_t* bytes) {
  Felt plain;
  for (int i = 0; i < 4; i++) {
    u64 word;
    memcpy(&word, bytes + 8 * (3 - i), 8);
    plain.limb[i] = __builtin_bswap64(word);
  }
  return to_montgomery(plain);
}

static inline void to_big_endian(const Felt& a, uint8_t* out) {
  Felt plain = from_montgomery(a);
  for (int i = 0; i < 4; i++) {
    u64 word = __builtin_bswap64(plain.limb[3 - i]);
    memcpy(out + 8 * i, &word, 8);
  }
}

}  // namespace freehold
