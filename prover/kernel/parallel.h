// Work shared by the machine's cores: threads that are started once and take pieces of [0, n) in turn.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <functional>
#include <mutex>
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

class Pool {
 public:
  // Never destroyed: the threads sleep until the process ends.
  static Pool& instance() {
    static Pool* pool = new Pool(thread_count() - 1);
    return *pool;
  }

  // Runs `work` on every thread at once, and here. False, with nothing done, if another caller has the threads.
  bool run(const std::function<void()>& work) {
    std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    if (!owner) return false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work, generation_++, busy_ = workers_;
    }
    start_.notify_all();
    work();
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    return true;
  }

 private:
  explicit Pool(int workers) : workers_(workers) {
    for (int i = 0; i < workers; i++) std::thread([this] { serve(); }).detach();
  }

  void serve() {
    for (unsigned long seen = 0;;) {
      const std::function<void()>* work;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        start_.wait(lock, [&] { return generation_ != seen; });
        seen = generation_, work = work_;
      }
      (*work)();
      std::lock_guard<std::mutex> lock(mutex_);
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex owner_, mutex_;
  std::condition_variable start_, done_;
  const std::function<void()>* work_ = nullptr;
  unsigned long generation_ = 0;
  int busy_ = 0, workers_;
};

// body(begin, end) on pieces of about `grain`, taken in turn; nested or concurrent calls run where they are called.
template <typename Body>
void parallel(size_t n, size_t grain, Body body) {
  if (!grain) grain = 1;
  size_t pieces = (n + grain - 1) / grain;
  std::atomic<size_t> next{0};
  std::function<void()> work = [&] {
    for (size_t i; (i = next.fetch_add(1)) < pieces;) body(i * grain, (i + 1) * grain < n ? (i + 1) * grain : n);
  };
  if (pieces <= 1 || thread_count() == 1 || !Pool::instance().run(work)) work();
}

// One piece for each core: for bodies with a cost of their own at each start.
template <typename Body>
void parallel_shares(size_t n, size_t least, Body body) {
  size_t share = (n + thread_count() - 1) / thread_count();
  share = (share + 7) / 8 * 8;  // whole vectors
  parallel(n, share > least ? share : least, body);
}

// The size of pieces of at most `most`, and one for each core at least: whole vectors.
static inline size_t piece(size_t n, size_t most) {
  const size_t share = ((n + thread_count() - 1) / thread_count() + 7) / 8 * 8;
  return share < most ? share : most;
}

}  // namespace freehold
