// Eight field elements at a time with AVX-512 IFMA. Included only by files that are compiled for it; everything is
// in an anonymous namespace, so that no AVX-512 code leaks into the portable files.
//
// In registers an element is five limbs of 52 bits, P = 1 + P3 * 2^156 + P4 * 2^208. Values need not be canonical nor
// limbs normalised: "value" below means the sum of limb[i] * 2^(52 i), limbs signed. The multiplier reads the low 52
// bits of each limb, so an operand only needs its carries propagated, not its high bits cleared (`ripple`).
// 2^260 = 511 P and a bit: so much room a value has.
#pragma once
#if !(defined(__x86_64__) && defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512BW__) && \
      defined(__AVX512VL__) && defined(__AVX512IFMA__))
#error "only files that CMakeLists.txt compiles with the flags of AVX-512 IFMA may have vectors"
#endif
#include <immintrin.h>

#include <cstring>

#include "field.h"

namespace freehold {
namespace ifma {
namespace {

typedef __m512i V;

struct Felt8 {
  V l[5];
};

constexpr uint64_t MASK = (1ull << 52) - 1;
constexpr uint64_t P3 = 17ull << 36, P4 = 1ull << 43;

INLINE V set(uint64_t x) { return _mm512_set1_epi64((long long)x); }
INLINE V add64(V a, V b) { return _mm512_add_epi64(a, b); }
INLINE V sub64(V a, V b) { return _mm512_sub_epi64(a, b); }
INLINE V lo(V acc, V a, V b) { return _mm512_madd52lo_epu64(acc, a, b); }
INLINE V hi(V acc, V a, V b) { return _mm512_madd52hi_epu64(acc, a, b); }

// --- memory: (n, 4) words of 64 bits and vectors of limbs

// r[i] holds elements 2i and 2i + 1; word[i] is to hold word i of all eight.
INLINE void words_of(const V* r, V* word) {
  const V even = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13), odd = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
  V e0 = _mm512_permutex2var_epi64(r[0], even, r[1]), o0 = _mm512_permutex2var_epi64(r[0], odd, r[1]);
  V e1 = _mm512_permutex2var_epi64(r[2], even, r[3]), o1 = _mm512_permutex2var_epi64(r[2], odd, r[3]);
  word[0] = _mm512_shuffle_i64x2(e0, e1, 0x44), word[1] = _mm512_shuffle_i64x2(e0, e1, 0xee);
  word[2] = _mm512_shuffle_i64x2(o0, o1, 0x44), word[3] = _mm512_shuffle_i64x2(o0, o1, 0xee);
}

INLINE void elements_of(const V* word, V* r) {
  V e0 = _mm512_shuffle_i64x2(word[0], word[1], 0x44), e1 = _mm512_shuffle_i64x2(word[0], word[1], 0xee);
  V o0 = _mm512_shuffle_i64x2(word[2], word[3], 0x44), o1 = _mm512_shuffle_i64x2(word[2], word[3], 0xee);
  const V low = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13), high = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
  r[0] = _mm512_permutex2var_epi64(e0, low, o0), r[1] = _mm512_permutex2var_epi64(e0, high, o0);
  r[2] = _mm512_permutex2var_epi64(e1, low, o1), r[3] = _mm512_permutex2var_epi64(e1, high, o1);
}

// Lane j of in[i] becomes lane i of out[j].
INLINE void transpose8(const V* in, V* out) {
  for (int odd = 0; odd < 2; odd++) {
    V pair[4];  // blocks of 128 bits hold lanes odd, 2 + odd, 4 + odd, 6 + odd of two vectors
    for (int i = 0; i < 4; i++)
      pair[i] = odd ? _mm512_unpackhi_epi64(in[2 * i], in[2 * i + 1]) : _mm512_unpacklo_epi64(in[2 * i], in[2 * i + 1]);
    V s0 = _mm512_shuffle_i64x2(pair[0], pair[1], 0x88), s1 = _mm512_shuffle_i64x2(pair[2], pair[3], 0x88);
    V s2 = _mm512_shuffle_i64x2(pair[0], pair[1], 0xdd), s3 = _mm512_shuffle_i64x2(pair[2], pair[3], 0xdd);
    out[odd] = _mm512_shuffle_i64x2(s0, s1, 0x88), out[2 + odd] = _mm512_shuffle_i64x2(s2, s3, 0x88);
    out[4 + odd] = _mm512_shuffle_i64x2(s0, s1, 0xdd), out[6 + odd] = _mm512_shuffle_i64x2(s2, s3, 0xdd);
  }
}

INLINE void transpose_in(const void* a, V* word) {
  const V* base = static_cast<const V*>(a);
  V r[4];
  for (int i = 0; i < 4; i++) r[i] = _mm512_loadu_si512(base + i);
  words_of(r, word);
}

INLINE void transpose_out(void* a, const V* word) {
  V* base = static_cast<V*>(a);
  V r[4];
  elements_of(word, r);
  for (int i = 0; i < 4; i++) _mm512_storeu_si512(base + i, r[i]);
}

// Eight elements from eight places.
INLINE void gather(const Felt* const* place, V* word) {
  V r[4];
  for (int i = 0; i < 4; i++) {
    __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place[2 * i]));
    __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(place[2 * i + 1]));
    r[i] = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  }
  words_of(r, word);
}

// 256 bits to five limbs, shifted left by SHIFT (0 or 4) bits.
template <int SHIFT>
INLINE Felt8 split(const V* w) {
  const V mask = set(MASK);
  Felt8 f;
  f.l[0] = _mm512_and_si512(SHIFT ? _mm512_slli_epi64(w[0], SHIFT) : w[0], mask);
  f.l[1] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[0], 52 - SHIFT), _mm512_slli_epi64(w[1], 12 + SHIFT)), mask);
  f.l[2] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[1], 40 - SHIFT), _mm512_slli_epi64(w[2], 24 + SHIFT)), mask);
  f.l[3] = _mm512_and_si512(_mm512_or_si512(_mm512_srli_epi64(w[2], 28 - SHIFT), _mm512_slli_epi64(w[3], 36 + SHIFT)), mask);
  f.l[4] = _mm512_srli_epi64(w[3], 16 - SHIFT);
  return f;
}

// Normalised limbs of a value below 2^256 to 256 bits.
INLINE void join(const Felt8& f, V* w) {
  w[0] = _mm512_or_si512(f.l[0], _mm512_slli_epi64(f.l[1], 52));
  w[1] = _mm512_or_si512(_mm512_srli_epi64(f.l[1], 12), _mm512_slli_epi64(f.l[2], 40));
  w[2] = _mm512_or_si512(_mm512_srli_epi64(f.l[2], 24), _mm512_slli_epi64(f.l[3], 28));
  w[3] = _mm512_or_si512(_mm512_srli_epi64(f.l[3], 36), _mm512_slli_epi64(f.l[4], 16));
}

template <int SHIFT>
INLINE Felt8 load(const Felt* a) {
  V w[4];
  transpose_in(a, w);
  return split<SHIFT>(w);
}

template <int SHIFT>
INLINE Felt8 load_from(const Felt* const* place) {
  V w[4];
  gather(place, w);
  return split<SHIFT>(w);
}

// The same element in every lane.
template <int SHIFT>
INLINE Felt8 broadcast(const Felt& a) {
  V w[4];
  for (int i = 0; i < 4; i++) w[i] = set(a.limb[i]);
  return split<SHIFT>(w);
}

INLINE void store(Felt* a, const Felt8& f) {
  V w[4];
  join(f, w);
  transpose_out(a, w);
}

// --- carries and reduction

// Carries to the limb above, high bits left where they are: all that the multiplier needs, and good for nothing else.
// Limbs below 2^62 in size.
INLINE Felt8 ripple(Felt8 f) {
  for (int i = 0; i < 4; i++) f.l[i + 1] = add64(f.l[i + 1], _mm512_srai_epi64(f.l[i], 52));
  return f;
}

// Signed limbs to limbs of 52 bits; the top one stays signed.
INLINE Felt8 carry(Felt8 f) {
  const V mask = set(MASK);
  f = ripple(f);
  for (int i = 0; i < 4; i++) f.l[i] = _mm512_and_si512(f.l[i], mask);
  return f;
}

INLINE Felt8 plus(const Felt8& a, const Felt8& b) {
  Felt8 s;
  for (int i = 0; i < 5; i++) s.l[i] = add64(a.l[i], b.l[i]);
  return s;
}

INLINE Felt8 minus(const Felt8& a, const Felt8& b) {
  Felt8 d;
  for (int i = 0; i < 5; i++) d.l[i] = sub64(a.l[i], b.l[i]);
  return d;
}

// value + k * P
INLINE Felt8 plus_p(Felt8 f, uint64_t k) {
  f.l[0] = add64(f.l[0], set(k));
  f.l[3] = add64(f.l[3], set(k * P3));
  f.l[4] = add64(f.l[4], set(k * P4));
  return f;
}

// The canonical form of any value in [-P, 2P), the slow way.
__attribute__((noinline)) inline Felt8 settle(Felt8 f) {
  f = carry(f);
  for (int round = 0; round < 2; round++) {
    __mmask8 negative = _mm512_movepi64_mask(f.l[4]);
    Felt8 up = carry(plus_p(f, 1)), down = carry(minus(f, plus_p(Felt8{{set(0), set(0), set(0), set(0), set(0)}}, 1)));
    __mmask8 too_large = ~_mm512_movepi64_mask(down.l[4]) & ~negative;
    for (int i = 0; i < 5; i++) {
      f.l[i] = _mm512_mask_mov_epi64(f.l[i], negative, up.l[i]);
      f.l[i] = _mm512_mask_mov_epi64(f.l[i], too_large, down.l[i]);
    }
  }
  return f;
}

// The canonical form of a value in [0, 511 P). The multiple of P is read off the top: 2^251 q <= value, where q may be
// one too small or too large for what lower limbs carry, and q P exceeds 2^251 q by less than 2^206. So the rest
// lies in [-2^206, 2^251 + 2^206), and outside [0, 2^251) only with a chance near 2^-44: then `settle` looks closer.
INLINE Felt8 canonical(Felt8 f) {
  V top = add64(f.l[4], _mm512_srai_epi64(f.l[3], 52));
  V q = _mm512_srai_epi64(top, 43);
  f.l[0] = sub64(f.l[0], q);
  f.l[3] = sub64(f.l[3], add64(_mm512_slli_epi64(q, 40), _mm512_slli_epi64(q, 36)));
  f.l[4] = sub64(f.l[4], _mm512_slli_epi64(q, 43));
  f = carry(f);
  if (__builtin_expect(_mm512_test_epi64_mask(f.l[4], set(~((1ull << 43) - 1))), 0)) f = settle(f);
  return f;
}

// --- products

// A sum of products, 520 bits in limbs of 52; each product adds less than 9 * 2^52 to a limb, so 400 fit.
struct Wide {
  V t[10];
};

INLINE Wide nothing() {
  Wide w;
#pragma GCC unroll 10
  for (int i = 0; i < 10; i++) w.t[i] = _mm512_setzero_si512();
  return w;
}

// += a * b; both rippled, values in [0, 2^260)
INLINE void accumulate(Wide& w, const Felt8& a, const Felt8& b) {
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      w.t[i + j] = lo(w.t[i + j], a.l[i], b.l[j]);
      w.t[i + j + 1] = hi(w.t[i + j + 1], a.l[i], b.l[j]);
    }
}

// T / 2^260 mod P, in (-P, T / 2^260]: limbs not normalised.
// As P = 1 mod 2^156, three limbs are cleared at once: T - (T mod 2^156) * P has none below 2^156. Then two more.
INLINE Felt8 reduce(const Wide& w) {
  const V p3 = set(P3), p4 = set(P4), zero = _mm512_setzero_si512();
  V t0 = w.t[0], t1 = add64(w.t[1], _mm512_srli_epi64(t0, 52)), t2 = add64(w.t[2], _mm512_srli_epi64(t1, 52));
  V t3 = add64(w.t[3], _mm512_srli_epi64(t2, 52));
  V s3 = lo(zero, t0, p3), s4 = lo(hi(zero, t0, p3), t0, p4), s5 = hi(zero, t0, p4), s6 = zero, s7 = zero;
  s4 = lo(s4, t1, p3), s5 = lo(hi(s5, t1, p3), t1, p4), s6 = hi(s6, t1, p4);
  s5 = lo(s5, t2, p3), s6 = lo(hi(s6, t2, p3), t2, p4), s7 = hi(s7, t2, p4);
  V u3 = sub64(t3, s3), u4 = add64(sub64(w.t[4], s4), _mm512_srai_epi64(u3, 52));
  s5 = sub64(s5, _mm512_srai_epi64(u4, 52));
  s6 = lo(s6, u3, p3), s7 = lo(hi(s7, u3, p3), u3, p4);
  V s8 = hi(zero, u3, p4), s9 = zero;
  s7 = lo(s7, u4, p3), s8 = lo(hi(s8, u4, p3), u4, p4), s9 = hi(s9, u4, p4);
  return Felt8{{sub64(w.t[5], s5), sub64(w.t[6], s6), sub64(w.t[7], s7), sub64(w.t[8], s8), sub64(w.t[9], s9)}};
}

// a * b / 2^260 in (-P, a b / 2^260]; a and b rippled, values in [0, 2^260).
INLINE Felt8 mul(const Felt8& a, const Felt8& b) {
  Wide w = nothing();
  accumulate(w, a, b);
  return reduce(w);
}

// a / 2^260 likewise.
INLINE Felt8 divide_2_260(const Felt8& a) {
  Wide w = nothing();
  for (int i = 0; i < 5; i++) w.t[i] = a.l[i];
  return reduce(w);
}

// A fixed factor w with q = floor(w * 2^260 / P): multiplying by it needs no chain of reductions.
struct Factor8 {
  V w[5], q[5];
};
struct Factor {
  uint64_t w[5], q[5];
};

INLINE Factor8 spread(const Factor& f) {
  Factor8 r;
  for (int i = 0; i < 5; i++) r.w[i] = set(f.w[i]), r.q[i] = set(f.q[i]);
  return r;
}

// a * w mod P as a value in [0, 11 P), of which the top limb is right modulo 2^52 only; limbs below 2^56 in size. a
// rippled, in [0, 2^260). t = a q / 2^260 without the products below 2^260, so at most 9 too small, a w / P - t < 11. Of
// a w - t P only the low 260 bits are computed. The quotient comes first: its last steps are a chain, during which the
// processor finds the other products to do.
INLINE Felt8 times_wrapped(const Felt8& a, const V* w, const V* q) {
  V r[5], t[5];
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) r[i] = t[i] = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      if (i + j >= 5) t[i + j - 5] = lo(t[i + j - 5], a.l[i], q[j]);
      if (i + j >= 4) t[i + j - 4] = hi(t[i + j - 4], a.l[i], q[j]);
    }
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++)
#pragma GCC unroll 5
    for (int j = 0; j < 5; j++) {
      if (i + j <= 4) r[i + j] = lo(r[i + j], a.l[i], w[j]);
      if (i + j <= 3) r[i + j + 1] = hi(r[i + j + 1], a.l[i], w[j]);
    }
  const V p3 = set(P3), p4 = set(P4);
  V t1 = add64(t[1], _mm512_srli_epi64(t[0], 52));
  t[3] = lo(t[3], t[0], p3);
  t[4] = lo(lo(hi(t[4], t[0], p3), t[0], p4), t1, p3);
#pragma GCC unroll 5
  for (int i = 0; i < 5; i++) r[i] = sub64(r[i], t[i]);
  return Felt8{{r[0], r[1], r[2], r[3], r[4]}};
}

// The same with the top limb in full: a signed number of 52 bits, the value being far below 2^259.
INLINE Felt8 times(const Felt8& a, const V* w, const V* q) {
  Felt8 r = times_wrapped(a, w, q);
  r.l[4] = _mm512_srai_epi64(_mm512_slli_epi64(r.l[4], 12), 12);
  return r;
}

// The top limb in full where the value is known to lie in [2 P, 510 P) and the limb modulo 2^52.
INLINE Felt8 unwrapped(Felt8 f) {
  const V top = add64(f.l[4], _mm512_srai_epi64(f.l[3], 52));
  f.l[4] = sub64(f.l[4], _mm512_andnot_si512(set(MASK), top));
  return f;
}

}  // namespace
}  // namespace ifma
}  // namespace freehold
