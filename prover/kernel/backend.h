// Which path is used: vectors where the processor has them, unless FREEHOLD_KERNEL=scalar or a test says otherwise.
#pragma once
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "field.h"
#include "kernel_ifma.h"

namespace freehold {

#ifdef FREEHOLD_VECTORS
constexpr bool VECTORS_COMPILED = true;
#else
constexpr bool VECTORS_COMPILED = false;
#endif

// Asked here, in portable code: the vector files may not run at all elsewhere.
inline bool has_vectors() {
#ifdef FREEHOLD_VECTORS
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma");
#else
  return false;
#endif
}

inline std::atomic<int>& vector_switch() {
  static std::atomic<int> on([] {
    const char* wanted = getenv("FREEHOLD_KERNEL");
    return has_vectors() && !(wanted && strcmp(wanted, "scalar") == 0) ? 1 : 0;
  }());
  return on;
}

inline bool use_vectors() { return VECTORS_COMPILED && vector_switch().load(std::memory_order_relaxed) != 0; }

// Whole eights by vectors, the rest one by one.
template <typename Vectors, typename Single>
inline void by_eights(size_t n, Vectors vectors, Single single) {
  size_t whole = use_vectors() ? n / 8 * 8 : 0;
  if (whole) vectors(whole);
  for (size_t i = whole; i < n; i++) single(i);
}

inline void multiply(Felt* out, const Felt* a, const Felt* b, size_t n) {
  by_eights(n, [=](size_t m) { ifma::multiply(out, a, b, m); }, [=](size_t i) { out[i] = mul(a[i], b[i]); });
}

inline void sum(Felt* out, const Felt* a, const Felt* b, size_t n) {
  by_eights(n, [=](size_t m) { ifma::sum(out, a, b, m); }, [=](size_t i) { out[i] = add(a[i], b[i]); });
}

inline void difference(Felt* out, const Felt* a, const Felt* b, size_t n) {
  by_eights(n, [=](size_t m) { ifma::difference(out, a, b, m); }, [=](size_t i) { out[i] = sub(a[i], b[i]); });
}

// out += a * w
inline void accumulate(Felt* out, const Felt* a, const Felt& w, size_t n) {
  for (size_t i = 0; i < n; i++) out[i] = add(out[i], mul(a[i], w));
}

}  // namespace freehold
