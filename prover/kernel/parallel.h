// A static split of [0, n) over the machine's cores.
#pragma once
#include <cstdlib>
#include <functional>
#include <thread>
#include <vector>

namespace freehold {

static inline int thread_count() {
  static const int count = [] {
    const char* wanted = getenv("FREEHOLD_THREADS");
    int n = wanted ? atoi(wanted) : (int)std::thread::hardware_concurrency();
    return n > 0 ? n : 1;
  }();
  return count;
}

// body(begin, end) on each share; shares are at least `grain` long.
template <typename Body>
void parallel(size_t n, size_t grain, Body body) {
  size_t shares = n / (grain ? grain : 1);
  if (shares > (size_t)thread_count()) shares = thread_count();
  if (shares <= 1) {
    if (n) body((size_t)0, n);
    return;
  }
  std::vector<std::thread> threads;
  for (size_t i = 1; i < shares; i++) threads.emplace_back([=] { body(n * i / shares, n * (i + 1) / shares); });
  body((size_t)0, n / shares);
  for (auto& thread : threads) thread.join();
}

}  // namespace freehold
