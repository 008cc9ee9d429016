// Keccak-256 (with Keccak's own padding, not SHA-3's) over one or more byte strings.
#pragma once
#include <cstdint>
#include <cstring>

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

static inline uint64_t rotate(uint64_t a, int n) { return n ? a << n | a >> (64 - n) : a; }

static inline void keccak_f(uint64_t* s) {
  for (int round = 0; round < 24; round++) {
    uint64_t c[5], d[5], b[25];
    for (int x = 0; x < 5; x++) c[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
    for (int x = 0; x < 5; x++) d[x] = c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1);
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) {
      int x = i % 5, y = i / 5;
      b[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(s[i] ^ d[x], ROTATIONS[i]);
    }
#pragma GCC unroll 25
    for (int i = 0; i < 25; i++) {
      int y = i / 5 * 5, x = i % 5;
      s[i] = b[i] ^ (~b[y + (x + 1) % 5] & b[y + (x + 2) % 5]);
    }
    s[0] ^= ROUND_CONSTANTS[round];
  }
}

class Keccak256 {
 public:
  static constexpr int RATE = 136;

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
