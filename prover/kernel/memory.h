// Big blocks of working memory, taken again and again from the same pages: fresh ones cost more than the work done in
// them, above all where a host lends them to this machine only when they are touched.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <mutex>
#include <new>

namespace freehold {

// One reserved range of addresses, used from its low end. A block is the first gap that is large enough, so what was touched
// before is used before anything else; neighbours that are given back become one gap. Sizes are whole huge pages.
class Store {
 public:
  // Null where there is no memory; `size` becomes what the block holds. Contents are whatever they were.
  static void* take(size_t& size) { return instance().take_gap(size); }
  static void give(void* start, size_t size) { instance().give_gap(static_cast<char*>(start), size); }

 private:
  static constexpr size_t PAGE = (size_t)1 << 21, MOST_RESERVED = (size_t)1 << 40, LEAST_RESERVED = (size_t)1 << 30;
  static constexpr size_t LIMIT = (size_t)6 << 30;  // of the last gap: what lies beyond goes back to the system

  static Store& instance() {
    static auto* store = new Store;
    return *store;
  }

  // Addresses cost nothing, but a process may be allowed fewer than wished for.
  Store() {
    for (size_t bytes = MOST_RESERVED; bytes >= LEAST_RESERVED; bytes /= 2) {
      void* start = mmap(nullptr, bytes + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (start == MAP_FAILED) continue;
      const uintptr_t aligned = (reinterpret_cast<uintptr_t>(start) + PAGE - 1) / PAGE * PAGE;
      high_ = reinterpret_cast<char*>(aligned);
      end_ = high_ + bytes;
      return;
    }
  }

  void* take_gap(size_t& size) {
    size = (size + PAGE - 1) / PAGE * PAGE;
    std::lock_guard<std::mutex> lock(mutex_);
    auto gap = gaps_.begin();
    while (gap != gaps_.end() && gap->second < size && gap->first + gap->second != high_) gap++;
    char* start = gap == gaps_.end() ? high_ : gap->first;
    const size_t found = gap == gaps_.end() ? 0 : gap->second;
    if (found < size && !extend(size - found)) return nullptr;
    if (gap != gaps_.end()) gaps_.erase(gap);
    if (found > size) gaps_[start + size] = found - size;
    return start;
  }

  bool extend(size_t bytes) {
    if (bytes > (size_t)(end_ - high_) || mprotect(high_, bytes, PROT_READ | PROT_WRITE)) return false;
#ifdef MADV_HUGEPAGE
    madvise(high_, bytes, MADV_HUGEPAGE);
#endif
    high_ += bytes;
    return true;
  }

  void give_gap(char* start, size_t size) {
    std::lock_guard<std::mutex> lock(mutex_);
    auto next = gaps_.lower_bound(start);
    if (next != gaps_.end() && next->first == start + size) size += next->second, next = gaps_.erase(next);
    if (next != gaps_.begin()) {
      auto before = std::prev(next);
      if (before->first + before->second == start) start = before->first, size += before->second, gaps_.erase(before);
    }
    gaps_[start] = size;
    if (start + size != high_ || size <= LIMIT) return;
    mmap(start + LIMIT, size - LIMIT, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    gaps_[start] = LIMIT;
    high_ = start + LIMIT;
  }

  std::mutex mutex_;
  std::map<char*, size_t> gaps_;  // by address; none touches another
  char *high_ = nullptr, *end_ = nullptr;  // ends of what may be used and of what is reserved
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
