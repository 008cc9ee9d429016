// Many inverses with one inversion.
#pragma once
#include <vector>

#include "backend.h"
#include "field.h"

namespace freehold {

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

// The same, by vectors where they are in use.
static inline int inverses(Felt* out, const Felt* a, size_t n) {
  size_t whole = use_vectors() ? n / 8 * 8 : 0;
  int zero = whole && ifma::inverse(out, a, whole);
  if (whole < n) zero |= batch_inverse(out + whole, a + whole, n - whole);
  return zero;
}

}  // namespace freehold
