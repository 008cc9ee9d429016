// Columns of field elements by vectors: products, sums, combinations, values at points.
#include <utility>

#include "kernel_ifma.h"
#include "memory.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {


// The canonical form of a value in [-P, 510 P).
INLINE Felt8 settled(const Felt8& f) { return canonical(plus_p(f, 1)); }

// A product ready to be a factor again: in [0, 2P) if a * b < 2^260 * P.
INLINE Felt8 product(const Felt8& a, const Felt8& b) { return ripple(plus_p(mul(a, b), 1)); }

constexpr size_t CHAINS = 4;  // independent products in flight hide the multiplier's latency

// One inversion for all; none is zero.
void invert_few(Felt* a, size_t n) {
  Felt before[8 * CHAINS], running = ONE;
  for (size_t i = 0; i < n; i++) before[i] = running, running = freehold::mul(running, a[i]);
  running = freehold::inverse(running);
  for (size_t i = n; i-- > 0;) {
    Felt value = a[i];
    a[i] = freehold::mul(running, before[i]);
    running = freehold::mul(running, value);
  }
}

}  // namespace

void multiply(Felt* out, const Felt* a, const Felt* b, size_t n) {
  for (size_t i = 0; i < n; i += 8) store(out + i, settled(mul(load<0>(a + i), load<4>(b + i))));
}

void sum(Felt* out, const Felt* a, const Felt* b, size_t n) {
  for (size_t i = 0; i < n; i += 8) store(out + i, canonical(plus(load<0>(a + i), load<0>(b + i))));
}

void difference(Felt* out, const Felt* a, const Felt* b, size_t n) {
  for (size_t i = 0; i < n; i += 8) store(out + i, settled(minus(load<0>(a + i), load<0>(b + i))));
}

void from_words(Felt* out, const uint64_t* numbers, size_t n) {
  const Felt8 to_montgomery = broadcast<4>(R_SQUARED);
  Felt8 f;
  for (auto& limb : f.l) limb = _mm512_setzero_si512();
  for (size_t i = 0; i < n; i += 8) {
    f.l[0] = _mm512_loadu_si512(numbers + i);
    f.l[1] = _mm512_srli_epi64(f.l[0], 52);
    store(out + i, settled(mul(f, to_montgomery)));
  }
}

// Bytes of each word of eight elements reversed, and the words of each element.
void reverse_bytes(V* word) {
  const V bytes = _mm512_set_epi8(56, 57, 58, 59, 60, 61, 62, 63, 48, 49, 50, 51, 52, 53, 54, 55, 40, 41, 42, 43, 44, 45, 46,
                                  47, 32, 33, 34, 35, 36, 37, 38, 39, 24, 25, 26, 27, 28, 29, 30, 31, 16, 17, 18, 19, 20, 21,
                                  22, 23, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  for (int i = 0; i < 4; i++) word[i] = _mm512_shuffle_epi8(word[i], bytes);
  std::swap(word[0], word[3]), std::swap(word[1], word[2]);
}

void from_bytes(Felt* out, const uint8_t* bytes, size_t n) {
  const Felt8 to_montgomery = broadcast<4>(R_SQUARED);
  for (size_t i = 0; i < n; i += 8) {
    V word[4];
    transpose_in(bytes + 32 * i, word);
    reverse_bytes(word);
    store(out + i, settled(mul(split<0>(word), to_montgomery)));
  }
}

void to_bytes(uint8_t* out, const Felt* a, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    V word[4];
    join(settled(divide_2_260(load<4>(a + i))), word);
    reverse_bytes(word);
    transpose_out(out + 32 * i, word);
  }
}

void linear_combination(Felt* out, const Felt* const* columns, const Felt* weights, size_t m, size_t n) {
  constexpr size_t AT_ONCE = 256;  // products that one Wide holds
  for (size_t first = 0; first < m; first += AT_ONCE) {
    size_t count = m - first < AT_ONCE ? m - first : AT_ONCE;
    Felt8 w[AT_ONCE];
    for (size_t c = 0; c < count; c++) w[c] = broadcast<4>(weights[first + c]);
    for (size_t i = 0; i < n; i += 8) {
      Wide total = nothing();
      for (size_t c = 0; c < count; c++) accumulate(total, load<0>(columns[first + c] + i), w[c]);
      Felt8 value = reduce(total);  // below 256 * 16 P * P / 2^260 < 9 P
      store(out + i, settled(first ? plus(value, load<0>(out + i)) : value));
    }
  }
}

void values_at(Felt* lanes, const Felt* coefficients, size_t n, const Felt* powers, size_t z) {
  constexpr size_t AT_ONCE = 8, POWERS = POWERS_OF_POINT;  // points that share the work of reading coefficients
  for (size_t first = 0; first < z; first += AT_ONCE) {
    size_t count = z - first < AT_ONCE ? z - first : AT_ONCE;
    Felt8 table[AT_ONCE][POWERS / 8], block_step[AT_ONCE], total[AT_ONCE];
    for (size_t p = 0; p < count; p++) {
      const Felt* of_point = powers + (first + p) * (POWERS + 1);
      for (size_t i = 0; i < POWERS / 8; i++) table[p][i] = load<4>(of_point + 8 * i);
      block_step[p] = broadcast<4>(of_point[POWERS]);
      for (auto& limb : total[p].l) limb = _mm512_setzero_si512();
    }
    const size_t blocks = (n + POWERS - 1) / POWERS;
    for (size_t block = blocks; block-- > 0;) {  // Horner's rule in x^POWERS
      const Felt* from = coefficients + block * POWERS;
      size_t vectors = (n - block * POWERS < POWERS ? n - block * POWERS : POWERS) / 8;
      Felt8 c[POWERS / 8];
      for (size_t i = 0; i < vectors; i++) c[i] = load<0>(from + 8 * i);
      auto finish = [&](Wide& w, size_t p) {
        accumulate(w, total[p], block_step[p]);
        total[p] = carry(plus_p(reduce(w), 1));  // below 2 P: (32 * 16 + 2 * 16) / 511
      };
      size_t p = 0;  // two sums at a time hide the multiplier's latency
      for (; p + 2 <= count; p += 2) {
        Wide w = nothing(), other = nothing();
        for (size_t i = 0; i < vectors; i++) {
          accumulate(w, c[i], table[p][i]);
          accumulate(other, c[i], table[p + 1][i]);
        }
        finish(w, p), finish(other, p + 1);
      }
      if (p == count) continue;
      Wide even = nothing(), odd = nothing();
      for (size_t i = 0; i + 1 < vectors; i += 2) {
        accumulate(even, c[i], table[p][i]);
        accumulate(odd, c[i + 1], table[p][i + 1]);
      }
      if (vectors % 2) accumulate(even, c[vectors - 1], table[p][vectors - 1]);
      for (int limb = 0; limb < 10; limb++) even.t[limb] = add64(even.t[limb], odd.t[limb]);
      finish(even, p);
    }
    for (size_t p = 0; p < count; p++) store(lanes + 8 * (first + p), settled(total[p]));
  }
}

// Horner's rule downwards, every intermediate sum being a coefficient: a chain of n products, cut into LANES pieces of LENGTH
// whose starts come from the values of the pieces above. The odd-looking length keeps pieces out of each other's cache
// sets.
size_t divide_out(Felt* out, const Felt* coefficients, size_t n, const Felt& y, const Felt* powers) {
  constexpr size_t LANES = 8 * CHAINS, LENGTH = 136, BLOCK = LANES * LENGTH;
  const size_t blocks = n / BLOCK, done_from = n - blocks * BLOCK;
  const Felt8 factor = broadcast<4>(y);
  const u64 exponent[1] = {LENGTH};
  const Felt step = power(y, exponent, 1);
  Felt above = ZERO;  // the quotient's coefficient just below the block's top
  for (size_t block = blocks; block-- > 0;) {
    const size_t from = done_from + block * BLOCK;
    Felt top[LANES];
    for (size_t lane = LANES; lane-- > 0;) {
      Felt parts[8];
      values_at(parts, coefficients + from + lane * LENGTH, LENGTH, powers, 1);
      top[lane] = above;
      above = freehold::mul(step, above);
      for (const Felt& part : parts) above = freehold::add(above, part);
    }
    Felt8 q[CHAINS];
    for (size_t c = 0; c < CHAINS; c++) q[c] = load<0>(top + 8 * c);
    for (size_t t = LENGTH; t-- > 0;)
      for (size_t c = 0; c < CHAINS; c++) {
        const size_t first = from + 8 * c * LENGTH + t;
        const Felt8 result = canonical(q[c]);
        V word[4], pair[4];
        join(result, word);
        elements_of(word, pair);
        const Felt* place[8];
        for (size_t lane = 0; lane < 8; lane++) place[lane] = coefficients + first + lane * LENGTH;
        const Felt8 coefficient = load_from<0>(place);
        for (size_t i = 0; i < 4; i++) {
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + first + 2 * i * LENGTH), _mm512_castsi512_si256(pair[i]));
          _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + first + (2 * i + 1) * LENGTH),
                              _mm512_extracti64x4_epi64(pair[i], 1));
        }
        q[c] = plus(plus_p(mul(result, factor), 1), coefficient);
      }
  }
  return done_from;
}

// Forward the products of all before, then backward: 1 / a[i] = (product before i) / (product up to i). Chain c of lane
// l takes elements 8 (CHAINS i + c) + l.
bool inverse(Felt* out, const Felt* a, size_t n) {
  const size_t vectors = n / 8;
  Block memory(vectors * sizeof(Felt8));
  Felt8* before = memory.as<Felt8>();
  const Felt8 one = broadcast<4>(ONE);
  bool zero = false;
  Felt8 running[CHAINS];
  for (auto& r : running) r = one;
  auto element = [&](size_t i, __mmask8& zeros) {
    Felt8 f = load<4>(a + 8 * i);
    V any = _mm512_or_si512(_mm512_or_si512(f.l[0], f.l[1]), _mm512_or_si512(_mm512_or_si512(f.l[2], f.l[3]), f.l[4]));
    zeros = _mm512_testn_epi64_mask(any, any);
    for (int limb = 0; limb < 5; limb++) f.l[limb] = _mm512_mask_mov_epi64(f.l[limb], zeros, one.l[limb]);
    return f;
  };
  __mmask8 zeros;
  for (size_t i = 0; i < vectors; i++) {
    Felt8& r = running[i % CHAINS];
    before[i] = r;
    r = product(element(i, zeros), r);
    zero |= zeros != 0;
  }
  // Loads with a shift of 4 make a * 2^260 of a * 2^256; times ONE = 2^256 leads back.
  Felt totals[8 * CHAINS];
  for (size_t c = 0; c < CHAINS; c++) store(totals + 8 * c, settled(mul(running[c], broadcast<0>(ONE))));
  invert_few(totals, 8 * CHAINS);
  for (size_t c = 0; c < CHAINS; c++) running[c] = load<0>(totals + 8 * c);
  for (size_t i = vectors; i-- > 0;) {
    Felt8& r = running[i % CHAINS];
    Felt8 f = element(i, zeros), result = settled(mul(r, before[i]));
    for (auto& limb : result.l) limb = _mm512_maskz_mov_epi64((__mmask8)~zeros, limb);
    store(out + 8 * i, result);
    r = product(f, r);
  }
  return zero;
}

}  // namespace ifma
}  // namespace freehold
