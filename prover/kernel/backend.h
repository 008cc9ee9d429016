// Which path is used: vectors where the processor has them, unless FREEHOLD_KERNEL=scalar or a test says otherwise.
#pragma once
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "field.h"
#include "kernel_ifma.h"

namespace freehold {

inline std::atomic<int>& vector_switch() {
  static std::atomic<int> on([] {
    const char* wanted = getenv("FREEHOLD_KERNEL");
    return ifma::available() && !(wanted && strcmp(wanted, "scalar") == 0) ? 1 : 0;
  }());
  return on;
}

inline bool use_vectors() { return vector_switch().load(std::memory_order_relaxed) != 0; }

inline void multiply(Felt* out, const Felt* a, const Felt* b, size_t n) {
  size_t whole = use_vectors() ? n / 8 * 8 : 0;
  if (whole) ifma::multiply(out, a, b, whole);
  for (size_t i = whole; i < n; i++) out[i] = mul(a[i], b[i]);
}

}  // namespace freehold
