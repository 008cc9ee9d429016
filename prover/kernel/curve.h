// Pedersen hashes on the Stark curve by windows: the chain of 64 additions that the proof's component shows.
#pragma once
#include <utility>
#include <vector>

#include "backend.h"
#include "field.h"

namespace freehold {

constexpr size_t STEPS = 64;       // 32 windows of x, then of y, taken turn by turn from the high end
constexpr size_t WINDOW = 256;     // entries of one window

// out[i] = 1 / a[i]; 1 if any is zero (its inverse is then zero).
static inline int batch_inverse(Felt* out, const Felt* a, size_t n) {
  std::vector<Felt> prefix(n);
  Felt running = ONE;
  int zero = 0;
  for (size_t i = 0; i < n; i++) {
    prefix[i] = running;
    if (is_zero(a[i]))
      zero = 1;
    else
      running = mul(running, a[i]);
  }
  running = inverse(running);
  for (size_t i = n; i-- > 0;) {
    Felt value = a[i];
    if (is_zero(value)) {
      out[i] = ZERO;
      continue;
    }
    out[i] = mul(running, prefix[i]);
    running = mul(running, value);
  }
  return zero;
}

// table[(half * 32 + window) * WINDOW + digit] = (x, y)
static inline const Felt* window_point(const Felt* table, const uint8_t* bytes, size_t step) {
  size_t half = step % 2, row = step / 2;  // row i: window 31 - i, byte i of the big-endian number
  return table + 2 * ((half * 32 + (31 - row)) * WINDOW + bytes[32 * half + row]);
}

static inline void inverses(Felt* out, const Felt* a, size_t n) {
  size_t whole = use_vectors() ? n / 8 * 8 : 0;
  if (whole) ifma::inverse(out, a, whole);
  if (whole < n) batch_inverse(out + whole, a + whole, n - whole);
}

// All instances advance together, so each step needs one inversion, and each operation is one over columns.
template <typename Record>
void pedersen_chain(const Felt* pairs, const Felt* table, const Felt* start, size_t begin, size_t end, Record record) {
  size_t m = end - begin;
  std::vector<Felt> x(m, start[0]), y(m, start[1]), px(m), qy(m), slope(m), next(m);
  std::vector<uint8_t> bytes(64 * m);
  for (size_t i = 0; i < m; i++) {
    to_big_endian(pairs[2 * (begin + i)], &bytes[64 * i]);
    to_big_endian(pairs[2 * (begin + i) + 1], &bytes[64 * i + 32]);
  }
  Felt *X = x.data(), *Y = y.data(), *P = px.data(), *Q = qy.data(), *S = slope.data(), *N = next.data();
  for (size_t step = 0; step < STEPS; step++) {
    for (size_t i = 0; i < m; i++) {
      const Felt* point = window_point(table, &bytes[64 * i], step);
      P[i] = point[0], Q[i] = point[1];
    }
    difference(N, X, P, m);
    inverses(S, N, m);
    difference(N, Y, Q, m);
    multiply(S, S, N, m);  // slope = (y - qy) / (x - px)
    multiply(N, S, S, m);
    difference(N, N, X, m);
    difference(N, N, P, m);  // next x = slope^2 - x - px
    difference(X, X, N, m);
    multiply(X, S, X, m);
    difference(Y, X, Y, m);  // next y = slope * (x - next x) - y
    std::swap(X, N);
    for (size_t i = 0; i < m; i++) record(begin + i, step, X[i], S[i], Q[i]);
  }
}

static inline void pedersen_steps(Felt* out, const Felt* pairs, const Felt* table, const Felt* start, size_t begin,
                                  size_t end) {
  pedersen_chain(pairs, table, start, begin, end, [=](size_t i, size_t step, const Felt& x, const Felt& l, const Felt& q) {
    Felt* cell = out + (i * STEPS + step) * 3;
    cell[0] = x, cell[1] = l, cell[2] = q;
  });
}

static inline void pedersen_hashes(Felt* out, const Felt* pairs, const Felt* table, const Felt* start, size_t begin,
                                   size_t end) {
  pedersen_chain(pairs, table, start, begin, end, [=](size_t i, size_t, const Felt& x, const Felt&, const Felt&) { out[i] = x; });
}

}  // namespace freehold
