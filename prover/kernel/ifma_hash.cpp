// Keccak-256 of eight messages at a time, one a lane: rows, Merkle nodes, nonces.
#include <utility>

#include "keccak.h"
#include "kernel_ifma.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {

INLINE V byte_swap(V x) {
  const V order = _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
  return _mm512_shuffle_epi8(x, order);
}

// Rotation and exclusive-or of three are one instruction each, so theta's second half is one for each word. About
// 45 cycles a round where two such instructions start each cycle, rotations only one: 1,092 for eight messages.
template <int I>
INLINE V theta_rho(const V* s, const V* c, const V* turned) {
  V x = _mm512_ternarylogic_epi64(s[I], c[(I + 4) % 5], turned[(I + 1) % 5], 0x96);
  return ROTATIONS[I] ? _mm512_rol_epi64(x, ROTATIONS[I]) : x;
}

template <int... I>
INLINE void theta_rho_pi(const V* s, const V* c, const V* turned, V* b, std::integer_sequence<int, I...>) {
  ((b[I / 5 + 5 * ((2 * (I % 5) + 3 * (I / 5)) % 5)] = theta_rho<I>(s, c, turned)), ...);
}

void keccak_f8(V* state) {
  V s[25];
#pragma GCC unroll 25
  for (int i = 0; i < 25; i++) s[i] = state[i];
  for (int round = 0; round < 24; round++) {
    V c[5], turned[5], b[25];
#pragma GCC unroll 5
    for (int x = 0; x < 5; x++) {
      c[x] = _mm512_ternarylogic_epi64(s[x], s[x + 5], s[x + 10], 0x96);
      c[x] = _mm512_ternarylogic_epi64(c[x], s[x + 15], s[x + 20], 0x96);
      turned[x] = _mm512_rol_epi64(c[x], 1);
    }
    theta_rho_pi(s, c, turned, b, std::make_integer_sequence<int, 25>());
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) {
      int y = i / 5 * 5, x = i % 5;
      s[i] = _mm512_ternarylogic_epi64(b[i], b[y + (x + 1) % 5], b[y + (x + 2) % 5], 0xd2);  // b ^ (~b1 & b2)
    }
    s[0] = _mm512_xor_si512(s[0], set(ROUND_CONSTANTS[round]));
  }
#pragma GCC unroll 25
  for (int i = 0; i < 25; i++) state[i] = s[i];
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
  transpose_out(out, words);
  for (int i = 0; i < 8; i++) memset(out + 32 * i + digest_bytes, 0, 32 - digest_bytes);
}

}  // namespace

size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t stride, size_t begin, size_t end,
                 int digest_bytes) {
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
      join(canonical(plus_p(divide_2_260(split<4>(word)), 1)), word);
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
      transpose_in(rows + 32 * node, word);
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

}  // namespace ifma
}  // namespace freehold
