// Big blocks of working memory, kept for the next call: fresh pages cost more than the work done in them.
#pragma once
#include <sys/mman.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace freehold {

class Block {
 public:
  // At least `bytes`, aligned to 2 MiB so that huge pages fit; contents are whatever they were.
  explicit Block(size_t bytes) : size_((bytes + PAGE - 1) / PAGE * PAGE) {
    {
      std::lock_guard<std::mutex> lock(mutex());
      auto found = spare().lower_bound(size_);
      if (found != spare().end() && found->first / 2 <= size_) {
        size_ = found->first, start_ = found->second;
        spare().erase(found);
        return;
      }
    }
    start_ = aligned_alloc(PAGE, size_);
    if (!start_) throw std::bad_alloc();
    madvise(start_, size_, MADV_HUGEPAGE);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // A few spare blocks are enough for calls that follow each other; the smallest go first.
  ~Block() {
    std::lock_guard<std::mutex> lock(mutex());
    spare().emplace(size_, start_);
    while (spare().size() > KEPT) {
      free(spare().begin()->second);
      spare().erase(spare().begin());
    }
  }

  template <typename T>
  T* as() const {
    return static_cast<T*>(start_);
  }

 private:
  static constexpr size_t PAGE = (size_t)1 << 21, KEPT = 12;
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  static std::multimap<size_t, void*>& spare() {
    static auto* blocks = new std::multimap<size_t, void*>;
    return *blocks;
  }
  size_t size_;
  void* start_;
};

}  // namespace freehold
