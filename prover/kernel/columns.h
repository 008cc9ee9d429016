// Columns of field elements by the plain path: combinations, values at points, division. Products are summed up in 512 bits and
// reduced together: SUM of them stay below 2^511, and their sum below 2^256 once it is reduced.
#pragma once
#include <algorithm>

#include "field.h"

namespace freehold {

constexpr size_t SUM = 256;
static_assert(SUM * (u128)(TOP_LIMB + 1) * (TOP_LIMB + 1) >> 127 == 0, "of numbers below P");

// Rows [begin, end) of the sum of weights[c] * columns[c].
static inline void linear_combination(Felt* out, const Felt* const* columns, const Felt* weights, size_t m, size_t begin,
                                      size_t end) {
  constexpr size_t ROWS = 16;
  Wide sums[ROWS];
  for (size_t row = begin; row < end; row += ROWS) {
    const size_t count = std::min(ROWS, end - row);
    for (size_t i = 0; i < count; i++) out[row + i] = ZERO;
    for (size_t first = 0; first < m; first += SUM) {
      for (size_t i = 0; i < count; i++) sums[i] = Wide{};
      for (size_t c = first; c < std::min(first + SUM, m); c++)
        for (size_t i = 0; i < count; i++) accumulate(sums[i], product(columns[c][row + i], weights[c]));
      for (size_t i = 0; i < count; i++) out[row + i] = add(out[row + i], canonical(reduce(sums[i])));
    }
  }
}

// A polynomial of n coefficients at a point, by blocks of SUM of them; `powers` holds powers 0 to min(n, SUM) of the point.
static inline Felt value_at(const Felt* coefficients, size_t n, const Felt* powers) {
  Felt total = ZERO;
  for (size_t end = n, begin; end; end = begin) {
    begin = (end - 1) / SUM * SUM;
    Wide sum{};
    for (size_t i = begin; i < end; i++) accumulate(sum, product(coefficients[i], powers[i - begin]));
    if (end < n) total = mul(total, powers[SUM]);
    total = add(total, canonical(reduce(sum)));
  }
  return total;
}

// q_i = c_(i+1) + y * q_(i+1) for i < end, from the top; q_(end) is there unless end is n. Each waits for the one before: it is
// multiplied as it is, below 2P, and made canonical on the side.
static inline void divide_out(Felt* q, const Felt* c, size_t end, size_t n, const Felt& y) {
  Felt last = end < n ? q[end] : ZERO;
  if (end == n) q[--end] = ZERO;
  while (end-- > 0) {
    last = plus(c[end + 1], mul(last, y));
    q[end] = canonical(last);
  }
}

}  // namespace freehold
