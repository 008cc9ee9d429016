// Which path is used: vectors where the processor has them, unless library.py says otherwise.
#pragma once
#include <atomic>

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

// Also where vectors are not in use: a part of the scalar path.
inline bool use_avx2() {
#ifdef FREEHOLD_AVX2
  static const bool found = __builtin_cpu_supports("avx2");
  return found;
#else
  return false;
#endif
}

inline std::atomic<bool>& vector_switch() {
  static std::atomic<bool> on(has_vectors());
  return on;
}

inline bool use_vectors() { return VECTORS_COMPILED && vector_switch().load(std::memory_order_relaxed); }

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

}  // namespace freehold
