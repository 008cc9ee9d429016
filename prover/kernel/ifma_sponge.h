// Keccak-256 of eight messages at a time, one a lane; ifma_hash.cpp has the permutation.
#pragma once
#include "keccak.h"
#include "vectors.h"

namespace freehold {
namespace ifma {

void keccak_f8(V* state);

namespace {

INLINE V byte_swap(V x) {
  const V order = _mm512_set4_epi32(0x08090a0b, 0x0c0d0e0f, 0x00010203, 0x04050607);
  return _mm512_shuffle_epi8(x, order);
}

// Canonical numbers as four words of 32 big-endian bytes.
INLINE void big_endian(const Felt8& f, V* out) {
  V word[4];
  join(f, word);
  for (int i = 0; i < 4; i++) out[i] = byte_swap(word[3 - i]);
}

// The sponge of eight messages of any length.
class Sponge8 {
 public:
  Sponge8() {
    for (auto& x : state_) x = _mm512_setzero_si512();
  }

  void absorb(V word) {
    state_[filled_] = _mm512_xor_si512(state_[filled_], word);
    if (++filled_ == RATE_WORDS) keccak_f8(state_), filled_ = 0;
  }

  // The first four words of each lane's digest.
  const V* finish() {
    state_[filled_] = _mm512_xor_si512(state_[filled_], set(1));
    state_[RATE_WORDS - 1] = _mm512_xor_si512(state_[RATE_WORDS - 1], set(1ull << 63));
    keccak_f8(state_);
    return state_;
  }

 private:
  V state_[25];
  int filled_ = 0;
};

// Digests with the bytes after the first `digest_bytes` zeroed.
class DigestWriter {
 public:
  explicit DigestWriter(int digest_bytes) {
    uint8_t kept[32] = {};
    memset(kept, 0xff, digest_bytes);
    for (int i = 0; i < 4; i++) {
      uint64_t word;
      memcpy(&word, kept + 8 * i, 8);
      mask_[i] = set(word);
    }
  }
  void write(uint8_t* out, const V* words) const {
    V kept[4];
    keep(words, kept);
    transpose_out(out, kept);
  }
  // `step` digests apart.
  void write(uint8_t* out, size_t step, const V* words) const {
    V kept[4], r[4];
    keep(words, kept);
    elements_of(kept, r);
    for (size_t i = 0; i < 4; i++) {
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * step * 2 * i), _mm512_castsi512_si256(r[i]));
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(out + 32 * step * (2 * i + 1)), _mm512_extracti64x4_epi64(r[i], 1));
    }
  }

 private:
  void keep(const V* words, V* kept) const {
    for (int i = 0; i < 4; i++) kept[i] = _mm512_and_si512(words[i], mask_[i]);
  }

  V mask_[4];
};

}  // namespace
}  // namespace ifma
}  // namespace freehold
