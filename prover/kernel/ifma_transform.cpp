// Transforms by vectors: a remainder tree in two passes over memory.
//
// A polynomial modulo X^(2m) - c^2 goes to its remainders modulo X^m - c and X^m + c by u +- c v. The tree's leaves stand
// in bit-reversed order, and node j of any level has c = s^m * T[j], where T[j] is the product of omega_(i+2) over the set
// bits i of j and s the coset's shift (`domains.py`). So shifting is free, and one table T serves every size and level.
//
// n = 2^(rows + inner). Pass A takes 8 neighbouring places of each of 2^rows rows and goes down `rows` levels: every
// node has one c for all lanes. Pass B takes 8 blocks of 2^inner, one a lane, and goes down the other levels: every node
// has eight c, precomputed with their quotients for a whole call and shared by its columns.
//
// Bounds: a value grows by 11 P each level (`times`), from below P: below 254 P after 23 levels, so adding 256 P makes it
// positive and keeps it below 2^260. Limbs stay below 2^52 + 23 * 2^56 < 2^61. Longer transforms are reduced between the
// passes, and no pass has more than 16 levels.
#include <algorithm>
#include <vector>

#include "ifma_factors.h"
#include "kernel_ifma.h"
#include "memory.h"
#include "parallel.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {

constexpr uint64_t OFFSET = 256;
constexpr int LOG_MOST_PARTS = 3, MOST_PARTS = 1 << LOG_MOST_PARTS;
constexpr int LOG_LAZY = 23, LOG_LIMIT = 32;

// (u, v) to (u + c v, u - c v)
INLINE void butterfly(Felt8& u, Felt8& v, const V* w, const V* q) {
  Felt8 product = times(ripple(plus_p(v, OFFSET)), w, q);
  Felt8 low = u;
  u = plus(low, product);
  v = minus(low, product);
}

// Lines that will be wanted soon, asked for one at a time between butterflies: the passes stride through memory in ways
// that the processor does not foresee, and would wait for each line otherwise.
class Ahead {
 public:
  // `lines` neighbouring lines from `start`, and the same `stride` bytes on, `repeats` times.
  void add(const void* start, size_t lines, size_t stride, size_t repeats, bool to_write) {
    runs_[count_++] = {static_cast<const char*>(start), lines, stride, repeats, to_write};
  }
  INLINE void step() {
    if (current_ == count_) return;
    const Run& run = runs_[current_];
    const char* line = run.start + repeat_ * run.stride + 64 * line_;
    if (run.to_write)
      __builtin_prefetch(line, 1, 2);
    else
      __builtin_prefetch(line, 0, 2);
    if (++line_ < run.lines) return;
    line_ = 0;
    if (++repeat_ < run.repeats) return;
    repeat_ = 0, current_++;
  }

 private:
  struct Run {
    const char* start;
    size_t lines, stride, repeats;
    bool to_write;
  };
  Run runs_[10];
  size_t count_ = 0, current_ = 0, repeat_ = 0, line_ = 0;
};

// All levels below `node` on 2^log vectors, depth first so that halves stay in cache. `done(x)` takes each block of 2^LAST
// vectors as soon as it is finished: results leave while the rest is computed.
template <int LAST, typename Load, typename Done>
void descend(Felt8* x, int log, size_t node, const Load& factor, const Done& done, Ahead& ahead) {
  if (log > LAST) {
    const size_t half = (size_t)1 << (log - 1);
    {
      const Factor8 f = factor(node);
      for (size_t i = 0; i < half; i++) {
        butterfly(x[i], x[i + half], f.w, f.q);
        ahead.step();
      }
    }
    descend<LAST>(x, log - 1, 2 * node, factor, done, ahead);
    descend<LAST>(x + half, log - 1, 2 * node + 1, factor, done, ahead);
    return;
  }
  for (int level = 0; level < LAST; level++) {
    const size_t half = (size_t)1 << (LAST - 1 - level);
    for (size_t block = 0; block < (size_t)1 << level; block++) {
      const Factor8 f = factor((node << level) + block);
      for (size_t i = 0; i < half; i++) {
        butterfly(x[2 * half * block + i], x[2 * half * block + half + i], f.w, f.q);
        ahead.step();
      }
    }
  }
  done(x);
}

// The same from the root, its first level fed by `source(i)`. log is above LAST.
template <int LAST, typename Source, typename Load, typename Done>
void descend_from(const Source& source, Felt8* x, int log, const Load& factor, const Done& done, Ahead& ahead) {
  const size_t half = (size_t)1 << (log - 1);
  {
    const Factor8 f = factor(1);
    for (size_t i = 0; i < half; i++) {
      Felt8 u = source(i), v = source(i + half);
      butterfly(u, v, f.w, f.q);
      x[i] = u, x[i + half] = v;
      ahead.step();
    }
  }
  descend<LAST>(x, log - 1, 2, factor, done, ahead);
  descend<LAST>(x + half, log - 1, 3, factor, done, ahead);
}

// Limb `limb` of eight vectors with its lanes and vectors exchanged. Written past the caches: the lines are whole, and
// wanted only by the other pass.
INLINE void transpose(const Felt8* const* from, Felt8* to, int limb) {
  V in[8], out[8];
  for (int i = 0; i < 8; i++) in[i] = from[i]->l[limb];
  transpose8(in, out);
  for (int i = 0; i < 8; i++) _mm512_stream_si512(&to[i].l[limb], out[i]);
}

// Where the lanes of a tile lie: lane l is coefficient 8 * tile + l of each row, and coefficient i * 2^log_slots + j of a
// polynomial is coefficient i of slot j.
struct Places {
  const Felt* start[8];
  size_t stride[8];

  Places(const Shape& shape, const PackedColumn& column, size_t tile) {
    static const Felt absent = ZERO;
    const int log_slots = column.log_slots;
    for (size_t lane = 0; lane < 8; lane++) {
      size_t index = 8 * tile + lane;
      const Felt* slot = column.slots[index & (((size_t)1 << log_slots) - 1)];
      start[lane] = slot ? slot + (index >> log_slots) : &absent;
      stride[lane] = slot ? ((size_t)1 << shape.inner) >> log_slots : 0;
    }
  }

  INLINE void words(size_t row, V* word) const {
    const Felt* of_row[8];
    for (int lane = 0; lane < 8; lane++) of_row[lane] = start[lane] + row * stride[lane];
    gather(of_row, word);
  }

  void ask(Ahead& ahead, size_t rows) const {
    uintptr_t asked[8];
    for (int lane = 0; lane < 8; lane++) {
      asked[lane] = reinterpret_cast<uintptr_t>(start[lane]) / 64;
      bool known = stride[lane] == 0;
      for (int other = 0; other < lane; other++) known |= asked[other] == asked[lane];
      if (!known) ahead.add(start[lane], 1, stride[lane] * sizeof(Felt), rows, false);
    }
  }
};

// Pass A of one tile of one column, whose row r is `source(r)`.
template <typename Source>
void pass_a(const Shape& shape, const Factors& factors, const Source& source, Ahead& ahead, size_t tile, Felt8* x,
            Felt8* scratch) {
  auto leave = [&](size_t group, auto block) {
    const Felt8* from[8];
    for (int lane = 0; lane < 8; lane++) from[lane] = x + block(lane);
    Felt8* to = scratch + (group << shape.inner) + 8 * tile;
    for (int limb = 0; limb < 5; limb++) transpose(from, to, limb);
  };
  auto factor = [&](size_t node) { return spread(factors.top[node]); };
  if (shape.natural) {  // a group's rows lie far apart, so all must be there
    descend_from<1>(source, x, shape.rows, factor, [](Felt8*) {}, ahead);
    for (size_t group = 0; group < shape.groups(); group++)
      leave(group, [&](size_t lane) { return shape.block(group, lane); });
  } else {
    auto done = [&](Felt8* rows_of_group) {
      leave((rows_of_group - x) / 8, [&](size_t lane) { return (rows_of_group - x) + lane; });
    };
    descend_from<3>(source, x, shape.rows, factor, done, ahead);
  }
  _mm_sfence();
}

// Pass B of one group of one column, from `from` to its places from `out` on. `scale` is a last factor for every value,
// or null; `next` is what the next call works on. `x` has room for 2^inner vectors and stays in cache.
void pass_b(const Shape& shape, const Factors& factors, size_t group, const Factor* scale, const Felt8* from, Felt8* x,
            const Felt8* next, Felt* out) {
  const size_t inner = (size_t)1 << shape.inner;
  const Factor8* lanes = &factors.lanes[group << shape.inner];
  Ahead ahead;
  if (next) ahead.add(next, inner * sizeof(Felt8) / 64, 0, 1, false);
  Factor8 last;
  if (scale) last = spread(*scale);
  auto done = [&](Felt8* pair) {
    for (size_t i = pair - x; i < (size_t)(pair - x) + 2; i++) {
      Felt8 f = plus_p(x[i], OFFSET);
      V word[4], r[4];
      f = canonical(scale ? times(ripple(f), last.w, last.q) : f);
      join(f, word);
      elements_of(word, r);
      if (shape.natural) {  // place reversed(i) of every block, blocks in reversed order: eight neighbours
        Felt* to = out + (Shape::reversed(i, shape.inner) << shape.rows);
        for (int j = 0; j < 4; j++) _mm512_storeu_si512(to + 2 * j, r[j]);
        continue;
      }
      Felt* to = out + i;
      for (int j = 0; j < 4; j++) {
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (2 * j << shape.inner)), _mm512_castsi512_si256(r[j]));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (2 * j + 1 << shape.inner)), _mm512_extracti64x4_epi64(r[j], 1));
      }
    }
  };
  const bool reduce = shape.above + shape.rows + shape.inner > LOG_LAZY;
  descend_from<1>([&](size_t i) { return reduce ? canonical(plus_p(from[i], OFFSET)) : from[i]; }, x, shape.inner,
                  [&](size_t node) -> const Factor8& { return lanes[node]; }, done, ahead);
}

// Pass A of `count` columns: column c to scratch + c * n / 8. Neighbouring tiles of one column share cache lines, so a
// piece of work is a run of them.
void pass_a_of(const Shape& shape, const Factors& factors, const PackedColumn* columns, size_t count, Felt8* scratch) {
  const size_t tiles = ((size_t)1 << shape.inner) / 8, run = std::min((size_t)8, tiles);
  const size_t vectors = (size_t)1 << (shape.rows + shape.inner - 3);
  parallel(count * tiles / run, 1, [&](size_t begin, size_t end) {
    Block memory(sizeof(Felt8) << shape.rows);
    for (size_t piece = begin; piece < end; piece++) {
      const size_t number = piece / (tiles / run), start = piece % (tiles / run) * run;
      const PackedColumn& column = columns[number];
      for (size_t tile = start; tile < start + run; tile++) {
        const Places place(shape, column, tile), next(shape, column, (tile + 1) % tiles);
        Ahead ahead;
        next.ask(ahead, (size_t)1 << shape.rows);
        auto source = [&](size_t row) {
          V word[4];
          place.words(row, word);
          return split<0>(word);
        };
        pass_a(shape, factors, source, ahead, tile, memory.as<Felt8>(), scratch + number * vectors);
      }
    }
  });
}

}  // namespace

bool can_transform(int log_n, int log_slots) { return log_n >= 7 && log_n <= LOG_LIMIT && log_slots <= log_n / 2; }

void transform(Felt* const* out, const PackedColumn* columns, size_t m, int log_n, const Felt& shift, bool inverse,
               bool natural, const Felt* scale) {
  const Shape shape = shape_of(log_n, natural);
  const size_t vectors = (size_t)1 << (log_n - 3);
  auto factors = factors_for(shape, shift, inverse);
  Factor last;
  if (scale) last = factor_of(*scale);
  const size_t batch = std::min(m, (size_t)8);  // columns that share a pass over the factors
  Block block(batch * vectors * sizeof(Felt8));
  Felt8* scratch = block.as<Felt8>();
  for (size_t first = 0; first < m; first += batch) {
    size_t count = std::min(batch, m - first);
    pass_a_of(shape, *factors, columns + first, count, scratch);
    parallel(shape.groups(), 1, [&](size_t begin, size_t end) {
      Block memory(sizeof(Felt8) << shape.inner);
      for (size_t group = begin; group < end; group++)
        for (size_t column = 0; column < count; column++) {
          const Felt8* from = scratch + column * vectors + (group << shape.inner);
          const Felt8* next = column + 1 < count ? from + vectors : nullptr;
          Felt* to = out[first + column] + (natural ? 8 * group : 8 * group << shape.inner);
          pass_b(shape, *factors, group, scale ? &last : nullptr, from, memory.as<Felt8>(), next, to);
        }
    });
  }
}

void butterflies(size_t rounds) {
  const Factor8 f = spread(factor_of(to_montgomery(Felt{{3, 0, 0, 0}})));
  const Felt8 one = broadcast<0>(ONE);
  Felt8 x[64];
  uint64_t sum = 0;
  for (size_t round = 0; round < rounds; round++) {
    for (auto& element : x) element = one;  // eight levels stay in bounds
    for (int level = 0; level < 8; level++)
      for (size_t i = 0; i < 32; i++) butterfly(x[i], x[i + 32], f.w, f.q);
    sum += (uint64_t)_mm_cvtsi128_si64(_mm512_castsi512_si128(x[63].l[0]));
  }
  volatile uint64_t sink = sum;  // or nothing would be computed
  (void)sink;
}

// A column in the order in which pass A reads it, a tile after the other, eight lanes of each 64-bit word together. The
// columns are read once for each coset; strides of a power of two would push each other out of the caches each time.
Extension::Extension(const PackedColumn* columns, size_t m, int log_n)
    : m_(m), log_n_(log_n), tiles_(m * sizeof(Felt) << log_n) {
  const Shape shape = shape_of(log_n, false);
  const size_t tiles = ((size_t)1 << shape.inner) / 8, rows = (size_t)1 << shape.rows;
  parallel(m * tiles, 8, [&](size_t begin, size_t end) {  // 8 neighbouring tiles fill whole cache lines
    for (size_t row = 0; row < rows; row++)
      for (size_t piece = begin; piece < end; piece++) {
        V* to = tiles_.as<V>() + (piece * rows + row) * 4;
        V word[4];
        Places(shape, columns[piece / tiles], piece % tiles).words(row, word);
        for (int i = 0; i < 4; i++) _mm512_stream_si512(to + i, word[i]);
      }
    _mm_sfence();
  });
}

// The first levels below the root as one part needs them: of each butterfly only the side that leads there. Modulo
// X^m - factor the remainder of u + v X^m is u + factor v.
template <typename Source>
INLINE Felt8 towards(int log_parts, size_t row, size_t rows, const Source& source, const Factor8* factors) {
  Felt8 x[MOST_PARTS];
  for (size_t i = 0; i < (size_t)1 << log_parts; i++) x[i] = source(row + i * rows);
  for (int level = 0; level < log_parts; level++) {
    const size_t half = (size_t)1 << (log_parts - 1 - level);
    for (size_t i = 0; i < half; i++)
      x[i] = plus(x[i], times(ripple(plus_p(x[i + half], OFFSET)), factors[level].w, factors[level].q));
  }
  return x[0];
}

// A part of a coset's values, in bit-reversed order, belongs to one node of the tree: a polynomial with 2^log_parts times
// fewer coefficients, and from there a transform of its own.
void Extension::hash(uint8_t* out, const Felt& shift, size_t part, int log_parts, int log_run, int digest_bytes) const {
  const Shape whole = shape_of(log_n_, false), shape{whole.rows - log_parts, whole.inner, false, log_parts};
  const size_t vectors = (size_t)1 << (log_n_ - log_parts - 3), tiles = ((size_t)1 << whole.inner) / 8;
  const size_t in_tile = (size_t)1 << whole.rows, rows = (size_t)8 << shape.inner;  // of a group
  Felt of_part = shift;
  for (int bit = 0; bit < log_parts; bit++)
    if (part >> bit & 1) of_part = freehold::mul(of_part, root_of_unity(log_n_ - log_parts + bit + 1));
  Felt constant = of_part;  // the part is a coset of its own; its points' power by the number of them is one number
  for (int level = 0; level < log_n_ - log_parts; level++) constant = square(constant);
  Factor8 leading[LOG_MOST_PARTS];
  for (int level = log_parts - 1; level >= 0; level--, constant = square(constant))
    leading[level] = spread(factor_of(constant));
  auto factors = factors_for(shape, of_part, false);
  Block block(m_ * vectors * sizeof(Felt8));
  Felt8* scratch = block.as<Felt8>();
  parallel(m_ * tiles, 8, [&](size_t begin, size_t end) {
    Block memory(sizeof(Felt8) << shape.rows);
    for (size_t piece = begin; piece < end; piece++) {
      const V* tile = tiles_.as<V>() + piece * in_tile * 4;
      auto source = [&](size_t row) { return split<0>(tile + 4 * row); };
      auto lead = [&](size_t row) {
        return log_parts ? towards(log_parts, row, (size_t)1 << shape.rows, source, leading) : source(row);
      };
      Ahead ahead;
      pass_a(shape, *factors, lead, ahead, piece % tiles, memory.as<Felt8>(), scratch + piece / tiles * vectors);
    }
  });
  parallel(shape.groups(), 1, [&](size_t begin, size_t end) {
    Block values(m_ * rows * sizeof(Felt)), memory(sizeof(Felt8) << shape.inner);
    std::vector<const Felt*> of_column;
    if (log_run)  // a row is a run of the one column
      for (size_t i = 0; i < (size_t)1 << log_run; i++) of_column.push_back(values.as<Felt>() + i);
    else
      for (size_t i = 0; i < m_; i++) of_column.push_back(values.as<Felt>() + i * rows);
    for (size_t group = begin; group < end; group++) {
      for (size_t column = 0; column < m_; column++) {
        const Felt8* from = scratch + column * vectors + (group << shape.inner);
        const Felt8* next = column + 1 < m_ ? from + vectors : nullptr;
        pass_b(shape, *factors, group, nullptr, from, memory.as<Felt8>(), next, values.as<Felt>() + column * rows);
      }
      hash_rows(out + 32 * (group * rows >> log_run), of_column.data(), of_column.size(), (size_t)1 << log_run, 0,
                rows >> log_run, digest_bytes);
    }
  });
}

}  // namespace ifma
}  // namespace freehold
