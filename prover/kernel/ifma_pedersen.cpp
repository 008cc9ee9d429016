// Chains of affine additions on the Stark curve, eight instances in a vector: Pedersen hashes and their witness.
#include <vector>

#include "kernel_ifma.h"
#include "pedersen.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {

constexpr size_t CHAINS = 4;  // products in flight: they hide the multiplier's latency

// A product ready to be a factor again: in [0, 2P) if a * b < 2^260 * P.
INLINE Felt8 product(const Felt8& a, const Felt8& b) { return ripple(plus_p(mul(a, b), 1)); }

// A value between -400 P and 400 P to one in [0, 2P + 2^207), exact limbs. As `canonical`, one P higher and with no look at
// the ends: the rest lies in [P - 2^206, 2P + 2^206).
INLINE Felt8 low(Felt8 f) {
  V top = add64(f.l[4], _mm512_srai_epi64(f.l[3], 52));
  V q = sub64(_mm512_srai_epi64(top, 43), set(1));
  f.l[0] = sub64(f.l[0], q);
  f.l[3] = sub64(f.l[3], add64(_mm512_slli_epi64(q, 40), _mm512_slli_epi64(q, 36)));
  f.l[4] = sub64(f.l[4], _mm512_slli_epi64(q, 43));
  return carry(f);
}

// In registers numbers are multiples of 2^260, in memory of 2^256.
INLINE Felt8 stored_form(const Felt8& f) { return canonical(plus_p(mul(f, broadcast<0>(ONE)), 1)); }

// Eight accumulators, the run of their next addition, and the product of the runs before it.
struct Group {
  Felt8 x, y, run, before;
};

// Inverses of the lanes of the chains' products; false if one is zero.
bool invert(Felt8* products) {
  const Felt8 low_pair = product(products[0], products[1]), high_pair = product(products[2], products[3]);
  Felt lanes[8], before[8], running = ONE;
  store(lanes, stored_form(product(low_pair, high_pair)));
  for (int i = 0; i < 8; i++) {
    if (is_zero(lanes[i])) return false;
    before[i] = running, running = freehold::mul(running, lanes[i]);
  }
  running = freehold::inverse(running);
  for (int i = 8; i-- > 0;) {
    const Felt value = lanes[i];
    lanes[i] = freehold::mul(running, before[i]), running = freehold::mul(running, value);
  }
  const Felt8 all = load<4>(lanes);
  const Felt8 of_low = product(all, high_pair), of_high = product(all, low_pair), first = products[0], third = products[2];
  products[0] = product(of_low, products[1]), products[1] = product(of_low, first);
  products[2] = product(of_high, products[3]), products[3] = product(of_high, third);
  return true;
}

template <int PART>
INLINE Felt8 entries(const Felt* block, const uint16_t* digits) {
  const Felt* place[8];
  for (int lane = 0; lane < 8; lane++) place[lane] = block + 2 * (digits[lane] & (NEGATIVE - 1)) + PART;
  return load_from<4>(place);  // below 16 P
}

INLINE __mmask8 negatives(const uint16_t* digits) {
  const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(digits));
  return (__mmask8)_mm_movepi16_mask(words);
}

// Digits (steps, m), m a multiple of 8. `record(step, first instance, x, slope)` after each addition. False if an addition
// met equal x.
template <typename Record>
bool chain(const Windows& windows, const uint16_t* digits, size_t m, Group* groups, Record record) {
  const size_t n = m / 8;
  const Felt8 one = broadcast<4>(ONE);
  for (size_t g = 0; g < n; g++) groups[g].x = broadcast<4>(windows.start[0]), groups[g].y = broadcast<4>(windows.start[1]);
  for (size_t step = 0; step < windows.steps; step++, digits += m) {
    const Felt* block = windows.table + 2 * windows.block(step);
    Felt8 products[CHAINS] = {one, one, one, one};
    for (size_t g = 0; g < n; g++) {
      Group& group = groups[g];
      group.run = carry(plus_p(minus(group.x, entries<0>(block, digits + 8 * g)), 16));  // below 32 P
      group.before = products[g % CHAINS];
      products[g % CHAINS] = product(group.before, group.run);
    }
    if (!invert(products)) return false;
    for (size_t g = n; g-- > 0;) {
      Group& group = groups[g];
      const Felt8 inverse = product(products[g % CHAINS], group.before);
      products[g % CHAINS] = product(products[g % CHAINS], group.run);
      Felt8 rise = entries<1>(block, digits + 8 * g);
      const __mmask8 negative = negatives(digits + 8 * g);
      for (int i = 0; i < 5; i++) rise.l[i] = _mm512_mask_sub_epi64(rise.l[i], ~negative, _mm512_setzero_si512(), rise.l[i]);
      rise = ripple(plus_p(plus(group.y, rise), 16));  // below 48 P
      const Felt8 slope = product(rise, inverse);
      // x' = slope^2 - x - px, and the run is x - px + 16 P
      const Felt8 next = low(minus(plus(mul(slope, slope), group.run), plus_p(plus(group.x, group.x), 16)));
      const Felt8 back = ripple(plus_p(minus(group.x, next), 3));
      group.y = low(minus(mul(slope, back), group.y));
      group.x = next;
      record(step, 8 * g, next, slope);
    }
  }
  return true;
}

// Plain numbers: 252 bits in four words.
INLINE void plain_words(const Felt* const* place, V* word) {
  join(canonical(plus_p(divide_2_260(load_from<4>(place)), 1)), word);
}

// Digits of eight pairs (x, y) into column `i` of (HASH_STEPS, m).
void hash_digits(uint16_t* digits, const Felt* const* place, size_t m) {
  for (int half = 0; half < 2; half++) {
    const Felt* part[8];
    V word[5];
    for (int lane = 0; lane < 8; lane++) part[lane] = place[lane] + half;
    plain_words(part, word);
    word[4] = _mm512_setzero_si512();
    for (size_t window = 0; window < HASH_HALF; window++) {
      const size_t bit = window * HASH_BITS, from = bit / 64, shift = bit % 64;
      V d = _mm512_or_si512(_mm512_srli_epi64(word[from], shift), _mm512_slli_epi64(word[from + 1], 64 - shift));
      const __mmask8 negative = ~_mm512_test_epi64_mask(d, set(HASH_ENTRIES));
      d = _mm512_mask_xor_epi64(d, negative, d, set(HASH_ENTRIES - 1));
      d = _mm512_and_si512(d, set(HASH_ENTRIES - 1));
      d = _mm512_mask_or_epi64(d, negative, d, set(NEGATIVE));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(digits + (half * HASH_HALF + window) * m), _mm512_cvtepi64_epi16(d));
    }
  }
}

// Bytes of eight pairs, high ones first, x and y in turn, into column `i` of (PROOF_STEPS, m).
void proof_digits(uint16_t* digits, const Felt* const* place, size_t m) {
  for (int half = 0; half < 2; half++) {
    const Felt* part[8];
    V word[4];
    for (int lane = 0; lane < 8; lane++) part[lane] = place[lane] + half;
    plain_words(part, word);
    for (size_t row = 0; row < PROOF_ROWS; row++) {
      const V byte = _mm512_and_si512(_mm512_srli_epi64(word[3 - row / 8], 8 * (7 - row % 8)), set(255));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(digits + (2 * row + half) * m), _mm512_cvtepi64_epi16(byte));
    }
  }
}

// Digits of pairs [0, count), the last ones repeated up to a multiple of eight, by `eight(into, places)`.
template <typename Eight>
std::vector<uint16_t> digits_of(const Felt* pairs, size_t count, size_t steps, Eight eight) {
  const size_t m = (count + 7) / 8 * 8;
  std::vector<uint16_t> digits(steps * m);
  for (size_t i = 0; i < m; i += 8) {
    const Felt* place[8];
    for (size_t lane = 0; lane < 8; lane++) place[lane] = pairs + 2 * (i + lane < count ? i + lane : count - 1);
    eight(digits.data() + i, place, m);
  }
  return digits;
}

}  // namespace

bool pedersen_hashes(Felt* out, const Felt* pairs, size_t count, const Windows& windows) {
  const size_t m = (count + 7) / 8 * 8;
  Block memory(m / 8 * sizeof(Group));
  Group* groups = memory.as<Group>();
  const std::vector<uint16_t> digits = digits_of(pairs, count, HASH_STEPS, hash_digits);
  if (!chain(windows, digits.data(), m, groups, [](size_t, size_t, const Felt8&, const Felt8&) {})) return false;
  for (size_t i = 0; i < m; i += 8) {
    Felt eight[8];
    store(eight, stored_form(groups[i / 8].x));
    memcpy(out + i, eight, (i + 8 <= count ? 8 : count - i) * sizeof(Felt));
  }
  return true;
}

bool pedersen_steps(Felt* out, const Felt* pairs, size_t begin, size_t count, size_t m, const Windows& windows) {
  const size_t padded = (count + 7) / 8 * 8;
  Block memory(padded / 8 * sizeof(Group));
  const std::vector<uint16_t> digits = digits_of(pairs + 2 * begin, count, PROOF_STEPS, proof_digits);
  return chain(windows, digits.data(), padded, memory.as<Group>(),
               [&](size_t step, size_t first, const Felt8& x, const Felt8& slope) {
    Felt cells[2][8];
    store(cells[0], stored_form(x)), store(cells[1], stored_form(slope));
    const Felt* block = windows.table + 2 * windows.block(step);
    const size_t lanes = first + 8 <= count ? 8 : count - first;
    for (size_t lane = 0; lane < lanes; lane++) {
      Felt* cell = proof_cell(out, m, step, begin + first + lane);
      cell[0] = cells[0][lane];
      cell[m * PROOF_ROWS] = cells[1][lane];
      cell[2 * m * PROOF_ROWS] = block[2 * digits[step * padded + first + lane] + 1];
    }
  });
}

}  // namespace ifma
}  // namespace freehold
