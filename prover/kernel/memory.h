// Big blocks of working memory, kept for the next call: fresh pages cost more than the work done in them.
#pragma once
#include <sys/mman.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <new>

namespace freehold {

// Blocks given back wait here, up to a few GiB in all; each is aligned to 2 MiB so that huge pages fit.
class Store {
 public:
  // Null where there is no memory; `size` becomes what the block holds. Contents are whatever they were.
  static void* take(size_t& size) {
    constexpr size_t PAGE = (size_t)1 << 21;
    size = (size + PAGE - 1) / PAGE * PAGE;
    {
      std::lock_guard<std::mutex> lock(mutex());
      auto found = spare().lower_bound(size);
      if (found != spare().end() && found->first / 2 <= size) {
        void* start = found->second;
        size = found->first;
        kept() -= size;
        spare().erase(found);
        return start;
      }
    }
    void* start = aligned_alloc(PAGE, size);
    if (start) madvise(start, size, MADV_HUGEPAGE);
    return start;
  }

  // Beyond the limit the smallest go, which are the cheapest to make again.
  static void give(void* start, size_t size) {
    constexpr size_t LIMIT = (size_t)3 << 30;
    std::lock_guard<std::mutex> lock(mutex());
    spare().emplace(size, start);
    kept() += size;
    while (kept() > LIMIT) {
      kept() -= spare().begin()->first;
      free(spare().begin()->second);
      spare().erase(spare().begin());
    }
  }

 private:
  static std::mutex& mutex() {
    static std::mutex m;
    return m;
  }
  static std::multimap<size_t, void*>& spare() {
    static auto* blocks = new std::multimap<size_t, void*>;
    return *blocks;
  }
  static size_t& kept() {
    static size_t bytes = 0;
    return bytes;
  }
};

class Block {
 public:
  explicit Block(size_t bytes) : size_(bytes), start_(Store::take(size_)) {
    if (!start_) throw std::bad_alloc();
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;
  ~Block() { Store::give(start_, size_); }

  template <typename T>
  T* as() const {
    return static_cast<T*>(start_);
  }

 private:
  size_t size_;
  void* start_;
};

}  // namespace freehold
