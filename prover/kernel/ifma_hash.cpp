// Keccak-256 of eight messages at a time, one a lane: rows, Merkle nodes, nonces.
#include <utility>

#include "ifma_sponge.h"
#include "keccak.h"
#include "kernel_ifma.h"

namespace freehold {
namespace ifma {
namespace {

// Rotation and exclusive-or of three are one instruction each, so theta's second half is one for each word: 91
// instructions a round, 45 cycles where two start each cycle, 1,092 for eight messages. To come near that nothing may be
// spilled: words are changed in place, and instead of moving them pi changes which register a place stands for. So the
// rounds are unrolled, and `register_of(round)` says where place x + 5 y is.
struct Registers {
  int of[25];
};

constexpr Registers registers_of(int round) {
  Registers now{};
  for (int i = 0; i < 25; i++) now.of[i] = i;
  for (int r = 0; r < round; r++) {
    Registers next{};
    for (int i = 0; i < 25; i++) next.of[i / 5 + 5 * ((2 * (i % 5) + 3 * (i / 5)) % 5)] = now.of[i];
    now = next;
  }
  return now;
}

// Column x of theta, and rho of its words.
template <int R, int X, int... Y>
INLINE void theta_rho(V* s, V left, V right, std::integer_sequence<int, Y...>) {
  constexpr Registers at = registers_of(R);
  const V turned = _mm512_rol_epi64(right, 1);
  auto one = [&](V& word, auto rotation) {
    word = _mm512_ternarylogic_epi64(word, left, turned, 0x96);
    if (rotation.value) word = _mm512_rol_epi64(word, rotation.value);
  };
  (one(s[at.of[X + 5 * Y]], std::integral_constant<int, ROTATIONS[X + 5 * Y]>()), ...);
}

INLINE void chi(V& a, V& b, V& c, V& d, V& e) {
  const V a_before = a, b_before = b;
  a = _mm512_ternarylogic_epi64(a, b, c, 0xd2);  // a ^ (~b & c)
  b = _mm512_ternarylogic_epi64(b, c, d, 0xd2);
  c = _mm512_ternarylogic_epi64(c, d, e, 0xd2);
  d = _mm512_ternarylogic_epi64(d, e, a_before, 0xd2);
  e = _mm512_ternarylogic_epi64(e, a_before, b_before, 0xd2);
}

template <int R, int... I>
INLINE void keccak_round(V* s, std::integer_sequence<int, I...> five) {
  constexpr Registers at = registers_of(R), after = registers_of(R + 1);
  V c[5];
  ((c[I] = _mm512_ternarylogic_epi64(s[at.of[I]], s[at.of[I + 5]], s[at.of[I + 10]], 0x96)), ...);
  ((c[I] = _mm512_ternarylogic_epi64(c[I], s[at.of[I + 15]], s[at.of[I + 20]], 0x96)), ...);
  (theta_rho<R, I>(s, c[(I + 4) % 5], c[(I + 1) % 5], five), ...);
  (chi(s[after.of[5 * I]], s[after.of[5 * I + 1]], s[after.of[5 * I + 2]], s[after.of[5 * I + 3]], s[after.of[5 * I + 4]]),
   ...);
  V& first = s[after.of[0]];
  first = _mm512_xor_si512(first, set(ROUND_CONSTANTS[R]));
}

template <int... R>
INLINE void keccak_rounds(V* s, std::integer_sequence<int, R...>) {
  (keccak_round<R>(s, std::make_integer_sequence<int, 5>()), ...);
}

}  // namespace

void keccak_f8(V* state) {
  V s[25];
#pragma GCC unroll 25
  for (int i = 0; i < 25; i++) s[i] = state[i];
  keccak_rounds(s, std::make_integer_sequence<int, 24>());
  constexpr Registers at = registers_of(24);
#pragma GCC unroll 25
  for (int i = 0; i < 25; i++) state[i] = s[at.of[i]];
}

namespace {

// One block of 8 or 12 words, padded.
template <int WORDS>
INLINE void hash_block(V* state) {
  state[WORDS] = set(1);
  for (int i = WORDS + 1; i < 25; i++) state[i] = _mm512_setzero_si512();
  state[RATE - 1] = set(1ull << 63);
  keccak_f8(state);
}

}  // namespace

size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t stride, size_t begin, size_t end,
                 int digest_bytes) {
  const DigestWriter digests(digest_bytes);
  size_t row = begin;
  for (; row + 8 <= end; row += 8) {
    Sponge8 sponge;
    for (size_t c = 0; c < n_columns; c++) {
      V word[4];
      if (stride == 1) {
        transpose_in(columns[c] + row, word);
      } else {
        const Felt* place[8];
        for (size_t i = 0; i < 8; i++) place[i] = columns[c] + (row + i) * stride;
        gather(place, word);
      }
      // Out of Montgomery form: 16 a / 2^260, in (-P, 0], needs no product
      big_endian(canonical(plus_p(divide_2_260(split<4>(word)), 1)), word);
      for (V absorbed : word) sponge.absorb(absorbed);
    }
    digests.write(out + 32 * row, sponge.finish());
  }
  return row;
}

size_t merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t begin, size_t end,
                    int digest_bytes) {
  const DigestWriter digests(digest_bytes);
  size_t node = begin;
  for (; node + 8 <= end; node += 8) {
    V pairs[8], state[25];
    for (int i = 0; i < 8; i++) pairs[i] = _mm512_loadu_si512(children + 64 * (node + i));
    transpose8(pairs, state);
    if (rows) {
      transpose_in(rows + 32 * node, state + 8);
      hash_block<12>(state);
    } else {
      hash_block<8>(state);
    }
    digests.write(out + 32 * node, state);
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

}  // namespace ifma
}  // namespace freehold
