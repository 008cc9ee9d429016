// Arithmetic modulo P = 2^251 + 17*2^192 + 1 on four 64-bit limbs, Montgomery form with R = 2^256.
// Values are canonical (below P) at every boundary. Leaves vectors, transforms and hashes to the other files.
#pragma once
#include <cstdint>
#include <cstring>

#include "platform.h"

namespace freehold {

using u64 = uint64_t;
using u128 = unsigned __int128;

struct Felt {
  u64 limb[4];
};

constexpr u64 TOP_LIMB = 0x0800000000000011ull;  // P = 1 + TOP_LIMB * 2^192
constexpr Felt ZERO = {{0, 0, 0, 0}};
constexpr Felt ONE = {{0xffffffffffffffe1ull, 0xffffffffffffffffull, 0xffffffffffffffffull, 0x07fffffffffffdf0ull}};
// R^2 mod P, to enter Montgomery form.
constexpr Felt R_SQUARED = {{0xfffffd737e000401ull, 0x00000001330fffffull, 0xffffffffff6f8000ull, 0x07ffd4ab5e008810ull}};

static inline bool is_zero(const Felt& a) { return (a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]) == 0; }

// a - P where a >= P, else a; a < 2P.
static inline Felt reduce_once(const Felt& a) {
  Felt d;
  u128 t = (u128)a.limb[0] - 1;
  d.limb[0] = (u64)t;
  u64 borrow = (u64)(t >> 64) & 1;
  for (int i = 1; i < 3; i++) {
    t = (u128)a.limb[i] - borrow;
    d.limb[i] = (u64)t;
    borrow = (u64)(t >> 64) & 1;
  }
  t = (u128)a.limb[3] - TOP_LIMB - borrow;
  d.limb[3] = (u64)t;
  u64 keep = 0 - ((u64)(t >> 64) & 1);  // all ones if a < P
  for (int i = 0; i < 4; i++) d.limb[i] = (a.limb[i] & keep) | (d.limb[i] & ~keep);
  return d;
}

static inline Felt add(const Felt& a, const Felt& b) {
  Felt s;
  u64 carry = 0;
  for (int i = 0; i < 4; i++) {
    u128 t = (u128)a.limb[i] + b.limb[i] + carry;
    s.limb[i] = (u64)t;
    carry = (u64)(t >> 64);
  }
  return reduce_once(s);
}

static inline Felt sub(const Felt& a, const Felt& b) {
  Felt d;
  u64 borrow = 0;
  for (int i = 0; i < 4; i++) {
    u128 t = (u128)a.limb[i] - b.limb[i] - borrow;
    d.limb[i] = (u64)t;
    borrow = (u64)(t >> 64) & 1;
  }
  u64 mask = 0 - borrow;  // add P back where it went below zero
  u128 t = (u128)d.limb[0] + (mask & 1);
  d.limb[0] = (u64)t;
  for (int i = 1; i < 3; i++) {
    t = (u128)d.limb[i] + (u64)(t >> 64);
    d.limb[i] = (u64)t;
  }
  d.limb[3] += (mask & TOP_LIMB) + (u64)(t >> 64);
  return d;
}

// a * b / R. As P = 1 mod 2^64, each step's multiplier is minus the low limb, and P's two words need one product.
static inline Felt mul(const Felt& a, const Felt& b) {
  u64 t0 = 0, t1 = 0, t2 = 0, t3 = 0, t4 = 0;
  for (int i = 0; i < 4; i++) {
    u64 w = b.limb[i];
    u128 c = (u128)a.limb[0] * w + t0;
    t0 = (u64)c;
    c = (u128)a.limb[1] * w + t1 + (u64)(c >> 64);
    t1 = (u64)c;
    c = (u128)a.limb[2] * w + t2 + (u64)(c >> 64);
    t2 = (u64)c;
    c = (u128)a.limb[3] * w + t3 + (u64)(c >> 64);
    t3 = (u64)c;
    u64 t5 = t4 + (u64)(c >> 64);
    u64 m = 0 - t0;
    u64 carry = t0 != 0;  // t0 + m
    u128 r = (u128)t1 + carry;
    t0 = (u64)r;
    r = (u128)t2 + (u64)(r >> 64);
    t1 = (u64)r;
    r = (u128)m * TOP_LIMB + t3 + (u64)(r >> 64);
    t2 = (u64)r;
    r = (u128)t5 + (u64)(r >> 64);
    t3 = (u64)r;
    t4 = (u64)(r >> 64);
  }
  return reduce_once(Felt{{t0, t1, t2, t3}});
}

static inline Felt square(const Felt& a) { return mul(a, a); }

static inline Felt to_montgomery(const Felt& a) { return mul(a, R_SQUARED); }
static inline Felt from_montgomery(const Felt& a) { return mul(a, Felt{{1, 0, 0, 0}}); }

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
