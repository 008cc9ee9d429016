// Transforms by vectors: a remainder tree in two passes over memory. What ifma_transform.cpp and ifma_extension.cpp share.
//
// A polynomial modulo X^(2m) - c^2 goes to its remainders modulo X^m - c and X^m + c by u +- c v. The tree's leaves stand
// in bit-reversed order, and node j of any level has c = s^m * T[j], where T[j] is the product of omega_(i+2) over the set
// bits i of j and s the coset's shift (`domains.py`). So shifting is free, and one table T serves every size and level.
//
// n = 2^(rows + inner). Pass A takes 8 places of each of 2^rows rows and goes down `rows` levels: every node has one c for
// all lanes. Pass B takes 8 blocks of 2^inner, one a lane, and goes down the other levels: every node has eight c, made
// with their quotients for a group of blocks and shared by its columns.
//
// Bounds: a value grows by 11 P each level (`times`), from below P: below 254 P after 23 levels, so adding 256 P makes it
// positive and keeps it below 2^260. Limbs stay below 2^52 + 23 * 2^56 < 2^61; of the top limb only the low 52 bits count
// until `settled` looks at them. Longer transforms are reduced between the passes, and no pass has more than 16 levels.
#pragma once
#include <algorithm>
#include <vector>

#include "ifma_factors.h"
#include "packed.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {

constexpr uint64_t OFFSET = 256;
constexpr int LOG_LAZY = 23, LOG_LIMIT = 32;

// (u, v) to (u + c v, u - c v)
INLINE void butterfly(Felt8& u, Felt8& v, const V* w, const V* q) {
  const Felt8 product = times_wrapped(ripple(plus_p(v, OFFSET)), w, q), low = u;
  u = plus(low, product);
  v = minus(low, product);
}

// What a pass leaves behind in (-255 P, 255 P), as a number below P.
INLINE Felt8 settled(const Felt8& f) { return canonical(unwrapped(plus_p(f, OFFSET))); }

// Lines that will be wanted soon, asked for one or two at a time between butterflies: the passes stride through memory in
// ways that the processor does not foresee, and would wait for each line otherwise; asked for in one go they would fill up
// the buffers that stores need too.
class Ahead {
 public:
  // `lines` neighbouring lines from `start`, and the same `stride` bytes on, `repeats` times.
  void add(const void* start, size_t lines, size_t stride, size_t repeats) {
    runs_[count_++] = {static_cast<const char*>(start), lines, stride, repeats};
    total_ += lines * repeats;
  }
  // All of them in `steps` steps.
  void spread_over(size_t steps) {
    at_once_ = (total_ + steps - 1) / steps;
    begin();
  }

  INLINE void step() {
    for (size_t left = at_once_; left; left--) {
      __builtin_prefetch(line_, 0, 2);
      line_ += 64;
      if (line_ == end_) turn();
    }
  }

 private:
  struct Run {
    const char* start;
    size_t lines, stride, repeats;
  };

  void begin() {
    if (current_ == count_) {
      at_once_ = 0;
      return;
    }
    repeat_ = 0, line_ = runs_[current_].start, end_ = line_ + 64 * runs_[current_].lines;
  }

  __attribute__((noinline)) void turn() {
    const Run& run = runs_[current_];
    if (++repeat_ == run.repeats) return current_++, begin();
    line_ = run.start + repeat_ * run.stride, end_ = line_ + 64 * run.lines;
  }

  Run runs_[10] = {};
  size_t count_ = 0, total_ = 0, at_once_ = 0, current_ = 0, repeat_ = 0;
  const char *line_ = nullptr, *end_ = nullptr;
};

// The vectors of a pass that hold something: the first `width` of each `stride`. Coefficients of absent slots are nothing
// but zeros as long as slots do not mix, which they do in the last log2(stride) levels.
struct Filled {
  size_t width, stride;
  static Filled all(size_t n) { return {n, n}; }
};

// One level of one node: 2 * half vectors.
INLINE void level_of(Felt8* x, size_t half, const Factor8& f, const Filled& filled, Ahead& ahead) {
  const size_t stride = std::min(filled.stride, half), width = std::min(filled.width, stride);
  for (size_t base = 0; base < half; base += stride)
    for (size_t i = base; i < base + width; i++) {
      butterfly(x[i], x[i + half], f.w, f.q);
      ahead.step();
    }
}

// All levels below `node` on 2^log vectors, depth first so that halves stay in cache. `done(x)` takes each block of 2^LAST
// vectors as soon as it is finished: results leave while the rest is computed.
template <int LAST, typename Load, typename Done>
void descend(Felt8* x, int log, size_t node, const Load& factor, Filled filled, const Done& done, Ahead& ahead) {
  const size_t size = (size_t)1 << log;
  if (filled.width < filled.stride && size <= std::max(filled.stride, (size_t)1 << LAST)) {
    for (size_t base = 0; base < size; base += filled.stride)
      for (size_t i = base + filled.width; i < base + filled.stride; i++) x[i] = Felt8{};
    filled = Filled::all(size);
  }
  if (log > LAST) {
    level_of(x, size / 2, factor(node), filled, ahead);
    descend<LAST>(x, log - 1, 2 * node, factor, filled, done, ahead);
    descend<LAST>(x + size / 2, log - 1, 2 * node + 1, factor, filled, done, ahead);
    return;
  }
  for (int level = 0; level < LAST; level++) {
    const size_t half = (size_t)1 << (LAST - 1 - level);
    for (size_t block = 0; block < (size_t)1 << level; block++) {
      const Factor8& f = factor((node << level) + block);
      for (size_t i = 2 * half * block; i < 2 * half * block + half; i++) butterfly(x[i], x[i + half], f.w, f.q);
    }
  }
  done(x);
}

// The same from the root, its first level fed by `source(i)`. log is above LAST.
template <int LAST, typename Source, typename Load, typename Done>
void descend_from(const Source& source, Felt8* x, int log, const Load& factor, const Filled& filled, const Done& done,
                  Ahead& ahead) {
  const size_t half = (size_t)1 << (log - 1), stride = std::min(filled.stride, half), width = std::min(filled.width, stride);
  ahead.spread_over(std::max((size_t)1, half / stride * width * (log - 1 - LAST)));  // all levels but the first and last
  {
    const Factor8& f = factor(1);
    for (size_t base = 0; base < half; base += stride)
      for (size_t i = base; i < base + width; i++) {
        Felt8 u = source(i), v = source(i + half);
        butterfly(u, v, f.w, f.q);
        x[i] = u, x[i + half] = v;
      }
  }
  descend<LAST>(x, log - 1, 2, factor, filled, done, ahead);
  descend<LAST>(x + half, log - 1, 3, factor, filled, done, ahead);
}

// Limb `limb` of eight vectors with its lanes and vectors exchanged, `step` vectors apart. Written past the caches: the
// lines are whole, and wanted only by the other pass.
INLINE void transpose(const Felt8* const* from, Felt8* to, size_t step, int limb) {
  V in[8], out[8];
  for (int i = 0; i < 8; i++) in[i] = from[i]->l[limb];
  transpose8(in, out);
  for (int i = 0; i < 8; i++) _mm512_stream_si512(&to[i * step].l[limb], out[i]);
}

// The places of a row that a tile's lanes hold: place first + step * lane in lane number `lane`.
struct Tile {
  size_t first, step;
};

// Pass A of one tile of one column, whose row r is `source(r)`.
template <typename Source>
void pass_a(const Shape& shape, const Factors& factors, const Source& source, Ahead& ahead, const Tile& tile, Felt8* x,
            Felt8* scratch) {
  auto leave = [&](size_t group, auto block) {
    const Felt8* from[8];
    for (int lane = 0; lane < 8; lane++) from[lane] = x + block(lane);
    for (int limb = 0; limb < 5; limb++)
      transpose(from, scratch + (group << shape.inner) + tile.first, tile.step, limb);
  };
  auto factor = [&](size_t node) { return spread(factors.top[node]); };
  const Filled all = Filled::all((size_t)1 << shape.rows);
  if (shape.natural) {  // a group's rows lie far apart, so all must be there
    descend_from<2>(source, x, shape.rows, factor, all, [](Felt8*) {}, ahead);
    for (size_t group = 0; group < shape.groups(); group++)
      leave(group, [&](size_t lane) { return shape.block(group, lane); });
  } else {
    auto done = [&](Felt8* rows_of_group) {
      leave((rows_of_group - x) / 8, [&](size_t lane) { return (rows_of_group - x) + lane; });
    };
    descend_from<3>(source, x, shape.rows, factor, all, done, ahead);
  }
  _mm_sfence();
}

constexpr int LAST_OF_B = 2;

// Pass B of one group of one column, from `from` on. `done(x + i)` takes 2^LAST_OF_B finished vectors, to be settled;
// `next` is what the next call works on. `x` has room for 2^inner vectors and stays in cache.
template <typename Done>
void pass_b(const Shape& shape, const Factor8* lanes, const Felt8* from, const Filled& filled, Felt8* x, const Felt8* next,
            const Filled& next_filled, const Done& done) {
  const size_t inner = (size_t)1 << shape.inner;
  Ahead ahead;
  if (next) {
    constexpr size_t LINES = sizeof(Felt8) / 64;
    ahead.add(next, next_filled.width * LINES, next_filled.stride * sizeof(Felt8), inner / next_filled.stride);
  }
  auto factor = [&](size_t node) -> const Factor8& { return lanes[node]; };
  const bool reduce = shape.above + shape.rows + shape.inner > LOG_LAZY;
  auto source = [&](size_t i) { return reduce ? settled(from[i]) : from[i]; };
  descend_from<LAST_OF_B>(source, x, shape.inner, factor, filled, done, ahead);
}

}  // namespace
}  // namespace ifma
}  // namespace freehold
