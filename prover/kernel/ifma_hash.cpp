// Keccak-256 of eight messages at a time, one a lane: rows, Merkle nodes, nonces.
#include "ifma_sponge.h"
#include "keccak.h"
#include "kernel_ifma.h"

namespace freehold {
namespace ifma {
namespace {

// Rotation and exclusive-or of three are one instruction each, so theta's second half is one for each word: 91
// instructions a round, 45 cycles where two start each cycle, 1,092 for eight messages.
struct EightWords {
  using Word = V;
  static INLINE V xor3(V a, V b, V c) { return _mm512_ternarylogic_epi64(a, b, c, 0x96); }
  static INLINE V chi(V a, V b, V c) { return _mm512_ternarylogic_epi64(a, b, c, 0xd2); }
  template <int N>
  static INLINE V rotated(V a) {
    if (N == 0) return a;
    return _mm512_rol_epi64(a, N);
  }
  static INLINE V with(V a, uint64_t constant) { return _mm512_xor_si512(a, set(constant)); }
  struct Column {
    V left, turned;
  };
  static INLINE Column column(V left, V right) { return {left, rotated<1>(right)}; }
  static INLINE V mixed(V a, const Column& column) { return xor3(a, column.left, column.turned); }
};

}  // namespace

void keccak_f8(V* state) { Permutation<EightWords>::run(state); }

namespace {

// One block of 8 or 12 words, padded.
template <int WORDS>
INLINE void hash_block(V* state) {
  state[WORDS] = set(1);
  for (int i = WORDS + 1; i < 25; i++) state[i] = _mm512_setzero_si512();
  state[RATE_WORDS - 1] = set(1ull << 63);
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
