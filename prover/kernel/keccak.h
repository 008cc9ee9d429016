// Keccak-256 (with Keccak's own padding, not SHA-3's): the permutation for words of any width, and the sponge of one message.
// avx2_hash.cpp and ifma_hash.cpp have those of four and eight.
#pragma once
#include <cstdint>
#include <cstring>
#include <utility>

#include "platform.h"

namespace freehold {

constexpr uint64_t ROUND_CONSTANTS[24] = {
      0x0000000000000001ull, 0x0000000000008082ull, 0x800000000000808aull, 0x8000000080008000ull,
      0x000000000000808bull, 0x0000000080000001ull, 0x8000000080008081ull, 0x8000000000008009ull,
      0x000000000000008aull, 0x0000000000000088ull, 0x0000000080008009ull, 0x000000008000000aull,
      0x000000008000808bull, 0x800000000000008bull, 0x8000000000008089ull, 0x8000000000008003ull,
      0x8000000000008002ull, 0x8000000000000080ull, 0x000000000000800aull, 0x800000008000000aull,
      0x8000000080008081ull, 0x8000000000008080ull, 0x0000000080000001ull, 0x8000000080008008ull};
constexpr int ROTATIONS[25] = {0,  1,  62, 28, 27, 36, 44, 6,  55, 20, 3,  10, 43,
                                    25, 39, 41, 45, 15, 21, 8,  18, 2,  61, 56, 14};
constexpr int RATE_WORDS = 17;

// Nothing may be spilled more than it must: words are changed in place, and instead of moving them pi changes which register a
// place stands for. So the rounds are unrolled, and `registers_of(round)` says where place x + 5 y is.
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

// The rounds for words that `Words` knows how to work on: `Word`; `xor3(a, b, c)`; `chi(a, b, c)`, a ^ (~b & c); `rotated<N>(a)`;
// `with(a, constant)`, exclusive or; and theta's second half, `mixed(a, column(left, right))`, a ^ left ^ rotated<1>(right).
template <typename Words>
class Permutation {
 public:
  using Word = typename Words::Word;

  static INLINE void run(Word* state) {
    Word s[25];
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) s[i] = state[i];
    rounds(s, std::make_integer_sequence<int, 24>());
    constexpr Registers at = registers_of(24);
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) state[i] = s[at.of[i]];
  }

 private:
  using Five = std::make_integer_sequence<int, 5>;

  // Column X of theta, and rho of its words.
  template <int R, int X, typename Column, int... Y>
  static INLINE void theta_rho(Word* s, const Column& column, std::integer_sequence<int, Y...>) {
    constexpr Registers at = registers_of(R);
    ((s[at.of[X + 5 * Y]] = Words::template rotated<ROTATIONS[X + 5 * Y]>(Words::mixed(s[at.of[X + 5 * Y]], column))), ...);
  }

  static INLINE void chi(Word& a, Word& b, Word& c, Word& d, Word& e) {
    const Word a_before = a, b_before = b;
    a = Words::chi(a, b, c);
    b = Words::chi(b, c, d);
    c = Words::chi(c, d, e);
    d = Words::chi(d, e, a_before);
    e = Words::chi(e, a_before, b_before);
  }

  template <int R, int... I>
  static INLINE void round(Word* s, std::integer_sequence<int, I...> five) {
    constexpr Registers at = registers_of(R), after = registers_of(R + 1);
    Word c[5];
    ((c[I] = Words::xor3(s[at.of[I]], s[at.of[I + 5]], s[at.of[I + 10]])), ...);
    ((c[I] = Words::xor3(c[I], s[at.of[I + 15]], s[at.of[I + 20]])), ...);
    (theta_rho<R, I>(s, Words::column(c[(I + 4) % 5], c[(I + 1) % 5]), five), ...);
    (chi(s[after.of[5 * I]], s[after.of[5 * I + 1]], s[after.of[5 * I + 2]], s[after.of[5 * I + 3]],
         s[after.of[5 * I + 4]]),
     ...);
    s[after.of[0]] = Words::with(s[after.of[0]], ROUND_CONSTANTS[R]);
  }

  template <int... R>
  static INLINE void rounds(Word* s, std::integer_sequence<int, R...>) {
    (round<R>(s, Five()), ...);
  }
};

struct SingleWords {
  using Word = uint64_t;
  static INLINE Word xor3(Word a, Word b, Word c) { return a ^ b ^ c; }
  static INLINE Word chi(Word a, Word b, Word c) { return a ^ (~b & c); }
  template <int N>
  static INLINE Word rotated(Word a) {
    return N ? a << N | a >> (64 - N) % 64 : a;
  }
  static INLINE Word with(Word a, uint64_t constant) { return a ^ constant; }
  static INLINE Word column(Word left, Word right) { return left ^ rotated<1>(right); }
  static INLINE Word mixed(Word a, Word column) { return a ^ column; }
};

static __attribute__((noinline)) void keccak_f(uint64_t* state) { Permutation<SingleWords>::run(state); }

class Keccak256 {
 public:
  static constexpr size_t RATE = 8 * RATE_WORDS;

  void absorb(const uint8_t* data, size_t size) {
    while (size) {
      size_t part = RATE - filled_ < size ? RATE - filled_ : size;
      uint8_t* state = reinterpret_cast<uint8_t*>(state_);
      for (size_t i = 0; i < part; i++) state[filled_ + i] ^= data[i];
      filled_ += part, data += part, size -= part;
      if (filled_ == RATE) keccak_f(state_), filled_ = 0;
    }
  }

  void finish(uint8_t* out) {
    uint8_t* state = reinterpret_cast<uint8_t*>(state_);
    state[filled_] ^= 0x01;
    state[RATE - 1] ^= 0x80;
    keccak_f(state_);
    memcpy(out, state_, 32);
  }

 private:
  uint64_t state_[25] = {};
  size_t filled_ = 0;
};

}  // namespace freehold
