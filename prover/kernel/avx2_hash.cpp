// Keccak-256 of four messages at a time, one a lane of 256 bits. The fields stay scalar.
#include <immintrin.h>

#include "keccak.h"
#include "kernel_avx2.h"

#if !(defined(__x86_64__) && defined(__AVX2__))
#error "compiled with the flags that CMakeLists.txt gives, or not at all"
#endif

namespace freehold {
namespace avx2 {
namespace {

typedef __m256i V;
constexpr size_t LANES = 4;

INLINE V set(uint64_t x) { return _mm256_set1_epi64x((long long)x); }

struct FourWords {
  using Word = V;
  static INLINE V xor3(V a, V b, V c) { return _mm256_xor_si256(_mm256_xor_si256(a, b), c); }
  static INLINE V chi(V a, V b, V c) { return _mm256_xor_si256(a, _mm256_andnot_si256(b, c)); }
  template <int N>
  static INLINE V rotated(V a) {
    if (N == 0) return a;
    return _mm256_or_si256(_mm256_slli_epi64(a, N), _mm256_srli_epi64(a, 64 - N));
  }
  static INLINE V with(V a, uint64_t constant) { return _mm256_xor_si256(a, set(constant)); }
  static INLINE V column(V left, V right) { return _mm256_xor_si256(left, rotated<1>(right)); }
  static INLINE V mixed(V a, V column) { return _mm256_xor_si256(a, column); }
};

__attribute__((noinline)) void keccak_f4(V* state) { Permutation<FourWords>::run(state); }

// The sponge of four messages of equal length, whole words. Words wait until a block is full: loaded four at once as soon as they
// are written, they would hold up the processor.
class Sponge4 {
 public:
  Sponge4() {
    for (V& word : state_) word = _mm256_setzero_si256();
  }

  // Where the next word of each message goes.
  INLINE uint64_t* next() {
    if (filled_ == RATE_WORDS) absorb();
    return block_[filled_++];
  }

  // Digests to `out`, one after the other.
  void finish(uint8_t* out, int digest_bytes) {
    if (filled_ == RATE_WORDS) absorb();
    for (size_t word = filled_; word < RATE_WORDS; word++)
      for (size_t lane = 0; lane < LANES; lane++) block_[word][lane] = word == filled_;
    for (size_t lane = 0; lane < LANES; lane++) block_[RATE_WORDS - 1][lane] |= 1ull << 63;
    absorb();
    uint64_t words[4][LANES];
    for (size_t word = 0; word < 4; word++) _mm256_storeu_si256(reinterpret_cast<V*>(words[word]), state_[word]);
    for (size_t lane = 0; lane < LANES; lane++) {
      for (size_t word = 0; word < 4; word++) memcpy(out + 32 * lane + 8 * word, &words[word][lane], 8);
      memset(out + 32 * lane + digest_bytes, 0, 32 - digest_bytes);
    }
  }

 private:
  void absorb() {
    for (size_t word = 0; word < RATE_WORDS; word++)
      state_[word] = _mm256_xor_si256(state_[word], _mm256_load_si256(reinterpret_cast<const V*>(block_[word])));
    keccak_f4(state_);
    filled_ = 0;
  }

  V state_[25];
  alignas(32) uint64_t block_[RATE_WORDS][LANES];
  size_t filled_ = 0;
};

// Four strings of whole words, `step` bytes apart.
INLINE void absorb(Sponge4& sponge, const uint8_t* data, size_t step, size_t words) {
  for (size_t word = 0; word < words; word++) {
    uint64_t* block = sponge.next();
    for (size_t lane = 0; lane < LANES; lane++) memcpy(block + lane, data + lane * step + 8 * word, 8);
  }
}

}  // namespace

size_t hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t stride, size_t begin, size_t end,
                 int digest_bytes) {
  size_t row = begin;
  for (; row + LANES <= end; row += LANES) {
    Sponge4 sponge;
    for (size_t c = 0; c < n_columns; c++) {
      Felt plain[LANES];
      for (size_t lane = 0; lane < LANES; lane++) plain[lane] = from_montgomery(columns[c][(row + lane) * stride]);
      for (size_t limb = 4; limb-- > 0;) {
        uint64_t* block = sponge.next();
        for (size_t lane = 0; lane < LANES; lane++) block[lane] = __builtin_bswap64(plain[lane].limb[limb]);
      }
    }
    sponge.finish(out + 32 * row, digest_bytes);
  }
  return row;
}

size_t merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t begin, size_t end, int digest_bytes) {
  size_t node = begin;
  for (; node + LANES <= end; node += LANES) {
    Sponge4 sponge;
    absorb(sponge, children + 64 * node, 64, 8);
    if (rows) absorb(sponge, rows + 32 * node, 32, 4);
    sponge.finish(out + 32 * node, digest_bytes);
  }
  return node;
}

uint64_t grind(const uint8_t* prefix, int bits, uint64_t first, uint64_t count) {
  for (uint64_t nonce = first; nonce < first + count; nonce += LANES) {
    Sponge4 sponge;
    absorb(sponge, prefix, 0, 8);
    for (size_t word = 0; word < 4; word++) {
      uint64_t* block = sponge.next();
      for (size_t lane = 0; lane < LANES; lane++) block[lane] = word < 3 ? 0 : __builtin_bswap64(nonce + lane);
    }
    uint8_t digests[32 * LANES];
    sponge.finish(digests, 32);
    for (size_t lane = 0; lane < LANES; lane++) {
      uint64_t high;
      memcpy(&high, digests + 32 * lane, 8);
      if (__builtin_bswap64(high) <= ~0ull >> bits) return nonce + lane;
    }
  }
  return first + count;
}

}  // namespace avx2
}  // namespace freehold
