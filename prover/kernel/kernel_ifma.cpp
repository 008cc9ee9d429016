// The vector path: eight field elements at a time with AVX-512 IFMA. Everything is static but the entry points, so
// that no AVX-512 code leaks into the portable files; kernel.cpp asks `available` before it calls them.
//
// In registers an element is five limbs of 52 bits. P = 1 mod 2^52, so Montgomery's multiplier is minus the low limb,
// and P has two further limbs. With one operand times 16, a*b*16 / 2^260 is a*b / 2^256: the same domain as field.h.
#include "kernel_ifma.h"

#include <immintrin.h>

#include <cstring>

#include "keccak.h"

namespace freehold {
namespace ifma {
namespace {

typedef __m512i V;

struct Felt8 {
  V l[5];
};

constexpr uint64_t MASK = (1ull << 52) - 1;
constexpr uint64_t P3 = 17ull << 36, P4 = 1ull << 43;

inline V set(uint64_t x) { return _mm512_set1_epi64((long long)x); }

// Eight (n, 4) elements to limbs by word: word[i] holds limb i of all eight.
inline void transpose_in(const Felt* a, V* word) {
  const long long* base = reinterpret_cast<const long long*>(a);
  V r0 = _mm512_loadu_si512(base), r1 = _mm512_loadu_si512(base + 8), r2 = _mm512_loadu_si512(base + 16),
    r3 = _mm512_loadu_si512(base + 24);
  const V even = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13), odd = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
  V e0 = _mm512_permutex2var_epi64(r0, even, r1), o0 = _mm512_permutex2var_epi64(r0, odd, r1);
  V e1 = _mm512_permutex2var_epi64(r2, even, r3), o1 = _mm512_permutex2var_epi64(r2, odd, r3);
  word[0] = _mm512_shuffle_i64x2(e0, e1, 0x44), word[1] = _mm512_shuffle_i64x2(e0, e1, 0xee);
  word[2] = _mm512_shuffle_i64x2(o0, o1, 0x44), word[3] = _mm512_shuffle_i64x2(o0, o1, 0xee);
}

inline void transpose_out(Felt* a, const V* word) {
  long long* base = reinterpret_cast<long long*>(a);
  V e0 = _mm512_shuffle_i64x2(word[0], word[1], 0x44), e1 = _mm512_shuffle_i64x2(word[0], word[1], 0xee);
  V o0 = _mm512_shuffle_i64x2(word[2], word[3], 0x44), o1 = _mm512_shuffle_i64x2(word[2], word[3], 0xee);
  const V low = _mm512_setr_epi64(0, 4, 8, 12, 1, 5, 9, 13), high = _mm512_setr_epi64(2, 6, 10, 14, 3, 7, 11, 15);
  _mm512_storeu_si512(base, _mm512_permutex2var_epi64(e0, low, o0));
  _mm512_storeu_si512(base + 8, _mm512_permutex2var_epi64(e0, high, o0));
  _mm512_storeu_si512(base + 16, _mm512_permutex2var_epi64(e1, low, o1));
  _mm512_storeu_si512(base + 24, _mm512_permutex2var_epi64(e1, high, o1));
}

// 256 bits to five limbs, shifted left by SHIFT (0 or 4) bits.
template <int SHIFT>
inline Felt8 split(const V* w) {
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
inline void join(const Felt8& f, V* w) {
  w[0] = _mm512_or_si512(f.l[0], _mm512_slli_epi64(f.l[1], 52));
  w[1] = _mm512_or_si512(_mm512_srli_epi64(f.l[1], 12), _mm512_slli_epi64(f.l[2], 40));
  w[2] = _mm512_or_si512(_mm512_srli_epi64(f.l[2], 24), _mm512_slli_epi64(f.l[3], 28));
  w[3] = _mm512_or_si512(_mm512_srli_epi64(f.l[3], 36), _mm512_slli_epi64(f.l[4], 16));
}

template <int SHIFT>
inline Felt8 load(const Felt* a) {
  V w[4];
  transpose_in(a, w);
  return split<SHIFT>(w);
}

inline void store(Felt* a, const Felt8& f) {
  V w[4];
  join(f, w);
  transpose_out(a, w);
}

// Signed limbs to limbs of 52 bits; the value must not be negative.
inline Felt8 carry(Felt8 f) {
  const V mask = set(MASK);
  for (int i = 0; i < 4; i++) {
    f.l[i + 1] = _mm512_add_epi64(f.l[i + 1], _mm512_srai_epi64(f.l[i], 52));
    f.l[i] = _mm512_and_si512(f.l[i], mask);
  }
  return f;
}

// A value in (-P, P) or [0, 2P), by `offset` = P or -P added where the sum stays in [0, P).
inline Felt8 minus_p(const Felt8& f) {
  Felt8 d = f;
  d.l[0] = _mm512_sub_epi64(d.l[0], set(1));
  d.l[3] = _mm512_sub_epi64(d.l[3], set(P3));
  d.l[4] = _mm512_sub_epi64(d.l[4], set(P4));
  return carry(d);
}

// [0, 2P) to [0, P); limbs normalised.
inline Felt8 canonical(const Felt8& f) {
  Felt8 d = minus_p(f);
  __mmask8 negative = _mm512_movepi64_mask(d.l[4]);
  for (int i = 0; i < 5; i++) d.l[i] = _mm512_mask_mov_epi64(d.l[i], negative, f.l[i]);
  return d;
}

inline Felt8 add(const Felt8& a, const Felt8& b) {
  Felt8 s;
  for (int i = 0; i < 5; i++) s.l[i] = _mm512_add_epi64(a.l[i], b.l[i]);
  return canonical(carry(s));
}

// a - b + P in [0, 2P), limbs normalised.
inline Felt8 sub_lazy(const Felt8& a, const Felt8& b) {
  Felt8 d;
  for (int i = 0; i < 5; i++) d.l[i] = _mm512_sub_epi64(a.l[i], b.l[i]);
  d.l[0] = _mm512_add_epi64(d.l[0], set(1));
  d.l[3] = _mm512_add_epi64(d.l[3], set(P3));
  d.l[4] = _mm512_add_epi64(d.l[4], set(P4));
  return carry(d);
}

// a * b16 / 2^260, canonical; a below 2P, b16 = 16 b with b below P.
inline Felt8 mul(const Felt8& a, const Felt8& b16) {
  V t[10];
  for (auto& x : t) x = _mm512_setzero_si512();
  for (int i = 0; i < 5; i++)
    for (int j = 0; j < 5; j++) {
      t[i + j] = _mm512_madd52lo_epu64(t[i + j], a.l[i], b16.l[j]);
      t[i + j + 1] = _mm512_madd52hi_epu64(t[i + j + 1], a.l[i], b16.l[j]);
    }
  const V mask = set(MASK), p3 = set(P3), p4 = set(P4);
  for (int k = 0; k < 5; k++) {
    V m = _mm512_and_si512(_mm512_sub_epi64(_mm512_setzero_si512(), t[k]), mask);
    t[k + 1] = _mm512_add_epi64(t[k + 1], _mm512_srli_epi64(_mm512_add_epi64(t[k], m), 52));
    t[k + 3] = _mm512_madd52lo_epu64(t[k + 3], m, p3);
    t[k + 4] = _mm512_madd52hi_epu64(t[k + 4], m, p3);
    t[k + 4] = _mm512_madd52lo_epu64(t[k + 4], m, p4);
    t[k + 5] = _mm512_madd52hi_epu64(t[k + 5], m, p4);
  }
  return canonical(carry(Felt8{{t[5], t[6], t[7], t[8], t[9]}}));
}

// Lanes of two vectors regrouped so that butterflies of `half` 4, 2 or 1 act on whole vectors, and back.
struct Regroup {
  V low, high, first, second;
};

inline Regroup regroup(int half) {
  if (half == 4)
    return {_mm512_setr_epi64(0, 1, 2, 3, 8, 9, 10, 11), _mm512_setr_epi64(4, 5, 6, 7, 12, 13, 14, 15),
            _mm512_setr_epi64(0, 1, 2, 3, 8, 9, 10, 11), _mm512_setr_epi64(4, 5, 6, 7, 12, 13, 14, 15)};
  if (half == 2)
    return {_mm512_setr_epi64(0, 1, 4, 5, 8, 9, 12, 13), _mm512_setr_epi64(2, 3, 6, 7, 10, 11, 14, 15),
            _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15)};
  return {_mm512_setr_epi64(0, 2, 4, 6, 8, 10, 12, 14), _mm512_setr_epi64(1, 3, 5, 7, 9, 11, 13, 15),
          _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), _mm512_setr_epi64(4, 12, 5, 13, 6, 14, 7, 15)};
}

inline void permute(const V* x, const V* y, const V& index, V* out) {
  for (int i = 0; i < 4; i++) out[i] = _mm512_permutex2var_epi64(x[i], index, y[i]);
}

// One level of butterflies below eight elements, on 16 neighbours at a time. `twiddles` are eight, in lane order.
template <bool TIME>
inline void small_level(Felt* a, size_t n, int half, const Felt* twiddles) {
  const Regroup g = regroup(half);
  const Felt8 w = load<4>(twiddles);
  for (size_t i = 0; i < n; i += 16) {
    V x[4], y[4], lo[4], hi[4];
    transpose_in(a + i, x), transpose_in(a + i + 8, y);
    permute(x, y, g.low, lo), permute(x, y, g.high, hi);
    Felt8 u = split<0>(lo), v = split<0>(hi);
    if (TIME) v = mul(v, w);
    Felt8 sum = add(u, v), difference = sub_lazy(u, v);
    difference = TIME ? canonical(difference) : mul(difference, w);
    join(sum, lo), join(difference, hi);
    permute(lo, hi, g.first, x), permute(lo, hi, g.second, y);
    transpose_out(a + i, x), transpose_out(a + i + 8, y);
  }
}

template <bool TIME>
inline void level(Felt* a, size_t half, const Felt* twiddles) {
  for (size_t i = 0; i < half; i += 8) {
    Felt8 u = load<0>(a + i), v = load<0>(a + i + half), w = load<4>(twiddles + i);
    if (TIME) v = mul(v, w);
    Felt8 difference = sub_lazy(u, v);
    store(a + i, add(u, v));
    store(a + i + half, TIME ? canonical(difference) : mul(difference, w));
  }
}

// twiddles of the level with this half, as eight lanes
inline void lanes(const Felt* level_twiddles, int half, Felt* out) {
  for (int i = 0; i < 8; i++) out[i] = level_twiddles[i % half];
}

// Levels below 16 elements, for a whole block at once.
template <bool TIME>
void small_levels(Felt* a, size_t n, const Felt* const* twiddles) {
  for (int step = 0; step < 3; step++) {
    int k = TIME ? step + 1 : 3 - step;
    Felt w[8];
    lanes(twiddles[k], 1 << (k - 1), w);
    small_level<TIME>(a, n, 1 << (k - 1), w);
  }
}

constexpr int LOG_BLOCK = 9;  // 16 KiB stay in the first cache

void frequency(Felt* a, size_t n, const Felt* const* twiddles, int log_n) {
  if (log_n > LOG_BLOCK) {
    level<false>(a, n / 2, twiddles[log_n]);
    frequency(a, n / 2, twiddles, log_n - 1);
    frequency(a + n / 2, n / 2, twiddles, log_n - 1);
    return;
  }
  for (int k = log_n; k >= 4; k--)
    for (size_t i = 0; i < n; i += (size_t)1 << k) level<false>(a + i, (size_t)1 << (k - 1), twiddles[k]);
  small_levels<false>(a, n, twiddles);
}

void time(Felt* a, size_t n, const Felt* const* twiddles, int log_n) {
  if (log_n > LOG_BLOCK) {
    time(a, n / 2, twiddles, log_n - 1);
    time(a + n / 2, n / 2, twiddles, log_n - 1);
    level<true>(a, n / 2, twiddles[log_n]);
    return;
  }
  small_levels<true>(a, n, twiddles);
  for (int k = 4; k <= log_n; k++)
    for (size_t i = 0; i < n; i += (size_t)1 << k) level<true>(a + i, (size_t)1 << (k - 1), twiddles[k]);
}

// --- Keccak-256 of eight messages, one a lane

inline V rotate(V x, int n) { return _mm512_rolv_epi64(x, set(n)); }

inline V byte_swap(V x) {
  const V order = _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
  return _mm512_shuffle_epi8(x, order);
}

void keccak_f8(V* s) {
  for (int round = 0; round < 24; round++) {
    V c[5], d[5], b[25];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++)
      c[x] = _mm512_ternarylogic_epi64(_mm512_ternarylogic_epi64(s[x], s[x + 5], s[x + 10], 0x96), s[x + 15], s[x + 20], 0x96);
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++) d[x] = _mm512_xor_si512(c[(x + 4) % 5], _mm512_rol_epi64(c[(x + 1) % 5], 1));
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) {
      int x = i % 5, y = i / 5;
      b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(_mm512_xor_si512(s[i], d[x]), ROTATIONS[i]);
    }
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) {
      int y = i / 5 * 5, x = i % 5;
      s[i] = _mm512_ternarylogic_epi64(b[i], b[y + (x + 1) % 5], b[y + (x + 2) % 5], 0xd2);  // b ^ (~b1 & b2)
    }
    s[0] = _mm512_xor_si512(s[0], set(ROUND_CONSTANTS[round]));
  }
}

class Sponge8 {
 public:
  Sponge8() {
    for (auto& x : state_) x = _mm512_setzero_si512();
  }

  void absorb(V word) {
    state_[filled_] = _mm512_xor_si512(state_[filled_], word);
    if (++filled_ == RATE) keccak_f8(state_), filled_ = 0;
  }

  // The first four words of each lane's digest.
  const V* finish() {
    state_[filled_] = _mm512_xor_si512(state_[filled_], set(1));
    state_[RATE - 1] = _mm512_xor_si512(state_[RATE - 1], set(1ull << 63));
    keccak_f8(state_);
    return state_;
  }

 private:
  static constexpr int RATE = 17;
  V state_[25];
  int filled_ = 0;
};

void store_digests(uint8_t* out, const V* words, int digest_bytes) {
  transpose_out(reinterpret_cast<Felt*>(out), words);
  for (int i = 0; i < 8; i++) memset(out + 32 * i + digest_bytes, 0, 32 - digest_bytes);
}

}  // namespace

bool available() {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512ifma");
}

void multiply(Felt* out, const Felt* a, const Felt* b, size_t n) {
  for (size_t i = 0; i < n; i += 8) store(out + i, mul(load<0>(a + i), load<4>(b + i)));
}

void sum(Felt* out, const Felt* a, const Felt* b, size_t n) {
  for (size_t i = 0; i < n; i += 8) store(out + i, add(load<0>(a + i), load<0>(b + i)));
}

void difference(Felt* out, const Felt* a, const Felt* b, size_t n) {
  for (size_t i = 0; i < n; i += 8) store(out + i, canonical(sub_lazy(load<0>(a + i), load<0>(b + i))));
}

void accumulate(Felt* out, const Felt* a, const Felt& weight, size_t n) {
  Felt repeated[8];
  for (auto& w : repeated) w = weight;
  const Felt8 w = load<4>(repeated);
  for (size_t i = 0; i < n; i += 8) store(out + i, add(load<0>(out + i), mul(load<0>(a + i), w)));
}

void horner(Felt* lanes, const Felt* coefficients, const Felt& x8, size_t n) {
  Felt repeated[8];
  for (auto& w : repeated) w = x8;
  const Felt8 w = load<4>(repeated);
  Felt8 total = load<0>(coefficients + n - 8);
  for (size_t i = n - 8; i; i -= 8) total = add(mul(total, w), load<0>(coefficients + i - 8));
  store(lanes, total);
}

size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t begin, size_t end,
                 int digest_bytes) {
  Felt8 sixteen;
  for (int i = 0; i < 5; i++) sixteen.l[i] = set(i ? 0 : 16);
  size_t row = begin;
  for (; row + 8 <= end; row += 8) {
    Sponge8 sponge;
    for (size_t c = 0; c < n_columns; c++) {
      V word[4];
      join(mul(load<0>(columns[c] + row), sixteen), word);  // out of Montgomery form
      for (int i = 3; i >= 0; i--) sponge.absorb(byte_swap(word[i]));
    }
    store_digests(out + 32 * row, sponge.finish(), digest_bytes);
  }
  return row;
}

size_t merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t begin, size_t end,
                    int digest_bytes) {
  size_t node = begin;
  for (; node + 8 <= end; node += 8) {
    Sponge8 sponge;
    const V pairs = _mm512_setr_epi64(0, 64, 128, 192, 256, 320, 384, 448);
    for (int i = 0; i < 8; i++) sponge.absorb(_mm512_i64gather_epi64(pairs, children + 64 * node + 8 * i, 1));
    if (rows) {
      V word[4];
      transpose_in(reinterpret_cast<const Felt*>(rows + 32 * node), word);
      for (const V& w : word) sponge.absorb(w);
    }
    store_digests(out + 32 * node, sponge.finish(), digest_bytes);
  }
  return node;
}

uint64_t grind(const uint8_t* prefix, int bits, uint64_t first, uint64_t count) {
  uint64_t words[8];
  memcpy(words, prefix, 64);
  const V steps = _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7);
  for (uint64_t nonce = first; nonce < first + count; nonce += 8) {
    Sponge8 sponge;
    for (uint64_t word : words) sponge.absorb(set(word));
    for (int i = 0; i < 3; i++) sponge.absorb(set(0));
    sponge.absorb(byte_swap(_mm512_add_epi64(set(nonce), steps)));
    V high = byte_swap(sponge.finish()[0]);
    uint64_t limit = bits ? ~0ull >> bits : ~0ull;
    __mmask8 done = _mm512_cmple_epu64_mask(high, set(limit));
    if (done) return nonce + __builtin_ctz(done);
  }
  return first + count;
}

void frequency(Felt* a, int log_n, const Felt* const* twiddles) {
  frequency(a, (size_t)1 << log_n, twiddles, log_n);
}

void time(Felt* a, int log_n, const Felt* const* twiddles) { time(a, (size_t)1 << log_n, twiddles, log_n); }

}  // namespace ifma
}  // namespace freehold
