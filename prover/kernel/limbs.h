// Numbers of 256 bits in four limbs, of 512 in eight: sums, differences, products, and the reduction that Montgomery products
// end with. In assembly for x86-64, as compilers lose the carry flag between limbs, and in C for the rest and as its twin.
// Knows the prime, but no field: nothing here is below P unless it says so.
#pragma once
#include <cstdint>

#include "platform.h"

namespace freehold {

using u64 = uint64_t;
using u128 = unsigned __int128;

struct Felt {
  u64 limb[4];
};

// A product of two numbers, or a sum of products.
struct Wide {
  u64 limb[8];
};

constexpr u64 TOP_LIMB = 0x0800000000000011ull;  // P = 1 + TOP_LIMB * 2^192

// --- in C

namespace portable {

static INLINE Felt plus(const Felt& a, const Felt& b) {
  Felt s;
  u64 carry = 0;
  for (int i = 0; i < 4; i++) {
    const u128 t = (u128)a.limb[i] + b.limb[i] + carry;
    s.limb[i] = (u64)t, carry = (u64)(t >> 64);
  }
  return s;
}

// a - b, and all ones where b is the greater.
static INLINE Felt minus(const Felt& a, const Felt& b, u64& below) {
  Felt d;
  u64 borrow = 0;
  for (int i = 0; i < 4; i++) {
    const u128 t = (u128)a.limb[i] - b.limb[i] - borrow;
    d.limb[i] = (u64)t, borrow = (u64)(t >> 64) & 1;
  }
  below = 0 - borrow;
  return d;
}

// a + P where `mask` is all ones, a where it is zero.
static INLINE Felt plus_masked_p(const Felt& a, u64 mask) { return plus(a, Felt{{mask & 1, 0, 0, mask & TOP_LIMB}}); }

static INLINE Wide product(const Felt& a, const Felt& b) {
  Wide w;
  u64 carry = 0;
  for (int j = 0; j < 4; j++) {
    const u128 t = (u128)a.limb[j] * b.limb[0] + carry;
    w.limb[j] = (u64)t, carry = (u64)(t >> 64);
  }
  w.limb[4] = carry;
  for (int i = 1; i < 4; i++) {
    carry = 0;
    for (int j = 0; j < 4; j++) {
      const u128 t = (u128)a.limb[j] * b.limb[i] + w.limb[i + j] + carry;
      w.limb[i + j] = (u64)t, carry = (u64)(t >> 64);
    }
    w.limb[i + 4] = carry;
  }
  return w;
}

static INLINE void accumulate(Wide& w, const Wide& more) {
  u64 carry = 0;
  for (int i = 0; i < 8; i++) {
    const u128 t = (u128)w.limb[i] + more.limb[i] + carry;
    w.limb[i] = (u64)t, carry = (u64)(t >> 64);
  }
}

// T / 2^256 mod P for T < 2^511: in [0, P) for T < 2^256 * P, else at most T / 2^256. As P = 1 mod 2^192, three limbs are
// cleared at once: T - (T mod 2^192) * P has none below 2^192, and costs one product for each. Then one more. What is left
// lies in (-P, T / 2^256], so that its top bit is its sign, and P is added below zero.
static INLINE Felt reduce(const Wide& w) {
  const u128 m0 = (u128)w.limb[0] * TOP_LIMB, m1 = (u128)w.limb[1] * TOP_LIMB + (u64)(m0 >> 64);
  const u128 m2 = (u128)w.limb[2] * TOP_LIMB + (u64)(m1 >> 64);
  const u64 low[5] = {(u64)m0, (u64)m1, (u64)m2, (u64)(m2 >> 64), 0};
  u64 t[5], borrow = 0;
  for (int i = 0; i < 5; i++) {
    const u128 d = (u128)w.limb[3 + i] - low[i] - borrow;
    t[i] = (u64)d, borrow = (u64)(d >> 64) & 1;
  }
  const u128 high = ((u128)t[4] << 64 | t[3]) - (u128)t[0] * TOP_LIMB;
  return plus_masked_p(Felt{{t[1], t[2], (u64)high, (u64)(high >> 64)}}, 0 - (u64)(high >> 127));
}

}  // namespace portable

// --- in assembly

#ifdef __x86_64__

// `mulx` leaves the flags alone: since Haswell (2013) and Excavator (2015).
#ifdef __BMI2__
constexpr bool HAS_MULX = true;
#else
// In kernel.cpp: no file with flags of its own may find it out.
extern const bool HAS_MULX __attribute__((visibility("hidden")));
#endif

// Out of line: code that hardly any machine runs.
static __attribute__((noinline)) Wide product_without_mulx(const Felt& a, const Felt& b) { return portable::product(a, b); }
static __attribute__((noinline)) Felt reduce_without_mulx(const Wide& w) { return portable::reduce(w); }

static INLINE Felt plus(Felt a, const Felt& b) {
  __asm__(
      "addq %4, %0\n adcq %5, %1\n adcq %6, %2\n adcq %7, %3"
      : "+r"(a.limb[0]), "+r"(a.limb[1]), "+r"(a.limb[2]), "+r"(a.limb[3])
      : "rm"(b.limb[0]), "rm"(b.limb[1]), "rm"(b.limb[2]), "rm"(b.limb[3])
      : "cc");
  return a;
}

static INLINE Felt minus(Felt a, const Felt& b, u64& below) {
  __asm__(
      "subq %5, %0\n sbbq %6, %1\n sbbq %7, %2\n sbbq %8, %3\n sbbq %4, %4"
      : "+r"(a.limb[0]), "+r"(a.limb[1]), "+r"(a.limb[2]), "+r"(a.limb[3]), "=&r"(below)
      : "rm"(b.limb[0]), "rm"(b.limb[1]), "rm"(b.limb[2]), "rm"(b.limb[3])
      : "cc");
  return a;
}

static INLINE Felt plus_masked_p(Felt a, u64 mask) {
  __asm__(
      "addq %4, %0\n adcq $0, %1\n adcq $0, %2\n adcq %5, %3"
      : "+r"(a.limb[0]), "+r"(a.limb[1]), "+r"(a.limb[2]), "+r"(a.limb[3])
      : "r"(mask & 1), "r"(mask & TOP_LIMB)
      : "cc");
  return a;
}

static INLINE Wide product(const Felt& a, const Felt& b) {
  if (!HAS_MULX) return product_without_mulx(a, b);
  u64 t0, t1, t2, t3, t4, t5, t6, t7, high, low;
  // Row i is b[i] * a, added in at limb i: products of even limbs of a do not overlap, nor those of odd ones.
#define FREEHOLD_ROW(B, T0, T1, T2, T3, T4)                                                                   \
  "movq %[" B "], %%rdx\n"                                                                                    \
  "mulx %[a0], %[low], %[high]\n addq %[low], %[" T0 "]\n adcq %[high], %[" T1 "]\n"                          \
  "mulx %[a2], %[low], %[high]\n adcq %[low], %[" T2 "]\n adcq %[high], %[" T3 "]\n"                          \
  "movl $0, %k[" T4 "]\n adcq $0, %[" T4 "]\n"                                                                \
  "mulx %[a1], %[low], %[high]\n addq %[low], %[" T1 "]\n adcq %[high], %[" T2 "]\n"                          \
  "mulx %[a3], %[low], %[high]\n adcq %[low], %[" T3 "]\n adcq %[high], %[" T4 "]\n"
  __asm__(
      "movq %[b0], %%rdx\n"
      "mulx %[a0], %[t0], %[t1]\n"
      "mulx %[a1], %[low], %[t2]\n addq %[low], %[t1]\n"
      "mulx %[a2], %[low], %[t3]\n adcq %[low], %[t2]\n"
      "mulx %[a3], %[low], %[t4]\n adcq %[low], %[t3]\n adcq $0, %[t4]\n"
      FREEHOLD_ROW("b1", "t1", "t2", "t3", "t4", "t5")
      FREEHOLD_ROW("b2", "t2", "t3", "t4", "t5", "t6")
      FREEHOLD_ROW("b3", "t3", "t4", "t5", "t6", "t7")
      : [t0] "=&r"(t0), [t1] "=&r"(t1), [t2] "=&r"(t2), [t3] "=&r"(t3), [t4] "=&r"(t4), [t5] "=&r"(t5), [t6] "=&r"(t6),
        [t7] "=&r"(t7), [high] "=&r"(high), [low] "=&r"(low)
      : [a0] "m"(a.limb[0]), [a1] "m"(a.limb[1]), [a2] "m"(a.limb[2]), [a3] "m"(a.limb[3]), [b0] "m"(b.limb[0]),
        [b1] "m"(b.limb[1]), [b2] "m"(b.limb[2]), [b3] "m"(b.limb[3])
      : "rdx", "cc");
#undef FREEHOLD_ROW
  return Wide{{t0, t1, t2, t3, t4, t5, t6, t7}};
}

static INLINE void accumulate(Wide& w, const Wide& more) {
  __asm__(
      "addq %8, %0\n adcq %9, %1\n adcq %10, %2\n adcq %11, %3\n"
      "adcq %12, %4\n adcq %13, %5\n adcq %14, %6\n adcq %15, %7"
      : "+m"(w.limb[0]), "+m"(w.limb[1]), "+m"(w.limb[2]), "+m"(w.limb[3]), "+m"(w.limb[4]), "+m"(w.limb[5]),
        "+m"(w.limb[6]), "+m"(w.limb[7])
      : "r"(more.limb[0]), "r"(more.limb[1]), "r"(more.limb[2]), "r"(more.limb[3]), "r"(more.limb[4]), "r"(more.limb[5]),
        "r"(more.limb[6]), "r"(more.limb[7])
      : "cc");
}

static INLINE Felt reduce(Wide w) {
  if (!HAS_MULX) return reduce_without_mulx(w);
  u64 high, low;
  __asm__(
      "mulx %[t0], %[t0], %[high]\n"
      "mulx %[t1], %[t1], %[low]\n addq %[high], %[t1]\n"
      "mulx %[t2], %[t2], %[high]\n adcq %[low], %[t2]\n adcq $0, %[high]\n"
      "subq %[t0], %[t3]\n sbbq %[t1], %[t4]\n sbbq %[t2], %[t5]\n sbbq %[high], %[t6]\n sbbq $0, %[t7]\n"
      "mulx %[t3], %[low], %[high]\n subq %[low], %[t6]\n sbbq %[high], %[t7]\n"
      : [t0] "+r"(w.limb[0]), [t1] "+r"(w.limb[1]), [t2] "+r"(w.limb[2]), [t3] "+r"(w.limb[3]), [t4] "+r"(w.limb[4]),
        [t5] "+r"(w.limb[5]), [t6] "+r"(w.limb[6]), [t7] "+r"(w.limb[7]), [high] "=&r"(high), [low] "=&r"(low)
      : "d"(TOP_LIMB)
      : "cc");
  return plus_masked_p(Felt{{w.limb[4], w.limb[5], w.limb[6], w.limb[7]}}, (u64)((int64_t)w.limb[7] >> 63));
}

#else

using portable::accumulate;
using portable::minus;
using portable::plus;
using portable::plus_masked_p;
using portable::product;
using portable::reduce;

#endif

}  // namespace freehold
