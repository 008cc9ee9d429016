// Transforms of whole columns by vectors, each in two passes; ifma_passes.h says how.
#include "ifma_passes.h"
#include "kernel_ifma.h"
#include "memory.h"
#include "parallel.h"

namespace freehold {
namespace ifma {
namespace {

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

  // Eight neighbours in memory.
  bool together() const { return stride[0] && start[7] == start[0] + 7; }

  INLINE void words(size_t row, V* word) const {
    const Felt* of_row[8];
    for (int lane = 0; lane < 8; lane++) of_row[lane] = start[lane] + row * stride[lane];
    gather(of_row, word);
  }

  void ask(Ahead& ahead, size_t rows) const {
    if (together()) return ahead.add(start[0], 4, stride[0] * sizeof(Felt), rows);
    uintptr_t asked[8];
    for (int lane = 0; lane < 8; lane++) {
      asked[lane] = reinterpret_cast<uintptr_t>(start[lane]) / 64;
      bool known = stride[lane] == 0;
      for (int other = 0; other < lane; other++) known |= asked[other] == asked[lane];
      if (!known) ahead.add(start[lane], 1, stride[lane] * sizeof(Felt), rows);
    }
  }
};

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
        auto words_to = [&](auto read) {
          auto source = [&](size_t row) {
            V word[4];
            read(row, word);
            return split<0>(word);
          };
          pass_a(shape, factors, source, ahead, {8 * tile, 1}, memory.as<Felt8>(), scratch + number * vectors);
        };
        if (place.together())
          words_to([&](size_t row, V* word) { transpose_in(place.start[0] + row * place.stride[0], word); });
        else
          words_to([&](size_t row, V* word) { place.words(row, word); });
      }
    }
  });
}

// Finished vectors of a group, lane l being its block l, to their places from `out` on.
INLINE void leave(const Shape& shape, size_t i, const Felt8& f, Felt* out) {
  V word[4], r[4];
  join(f, word);
  elements_of(word, r);
  if (shape.natural) {  // place reversed(i) of every block, blocks in reversed order: eight neighbours
    V* to = reinterpret_cast<V*>(out + (Shape::reversed(i, shape.inner) << shape.rows));
    const bool whole_lines = reinterpret_cast<uintptr_t>(to) % 64 == 0;  // then past the caches: no line is read first
    for (int j = 0; j < 4; j++) whole_lines ? _mm512_stream_si512(to + j, r[j]) : _mm512_storeu_si512(to + j, r[j]);
    return;
  }
  Felt* to = out + i;
  for (int j = 0; j < 4; j++) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (2 * j << shape.inner)), _mm512_castsi512_si256(r[j]));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + (2 * j + 1 << shape.inner)), _mm512_extracti64x4_epi64(r[j], 1));
  }
}

}  // namespace

bool can_transform(int log_n, int log_slots) { return log_n >= 7 && log_n <= LOG_LIMIT && log_slots <= log_n / 2; }

void transform(Felt* const* out, const PackedColumn* columns, size_t m, int log_n, const Felt& shift, bool inverse,
               bool natural, const Felt* scale) {
  const Shape shape = shape_of(log_n, natural);
  const size_t vectors = (size_t)1 << (log_n - 3), inner = (size_t)1 << shape.inner;
  const Filled all = Filled::all(inner);
  const Factors factors(shape, shift, inverse);
  Factor8 last;
  if (scale) last = spread(factor_of(*scale));
  const size_t batch = std::min(m, (size_t)8);  // columns that share the factors
  Block block(batch * vectors * sizeof(Felt8));
  Felt8* scratch = block.as<Felt8>();
  for (size_t first = 0; first < m; first += batch) {
    const size_t count = std::min(batch, m - first);
    pass_a_of(shape, factors, columns + first, count, scratch);
    parallel(shape.groups(), 1, [&](size_t begin, size_t end) {
      Block memory(inner * (sizeof(Felt8) + sizeof(Factor8)));
      Factor8* lanes = memory.as<Factor8>();
      Felt8* x = reinterpret_cast<Felt8*>(lanes + inner);
      for (size_t group = begin; group < end; group++) {
        factors.lanes(group, lanes);
        for (size_t column = 0; column < count; column++) {
          const Felt8* from = scratch + column * vectors + (group << shape.inner);
          Felt* to = out[first + column] + (natural ? 8 * group : 8 * group << shape.inner);
          auto done = [&](const Felt8* finished) {
            for (size_t i = finished - x; i < (size_t)(finished - x) + (1 << LAST_OF_B); i++) {
              const Felt8 f = unwrapped(plus_p(x[i], OFFSET));
              leave(shape, i, canonical(scale ? times(ripple(f), last.w, last.q) : f), to);
            }
          };
          pass_b(shape, lanes, from, all, x, column + 1 < count ? from + vectors : nullptr, all, done);
        }
      }
      _mm_sfence();
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

}  // namespace ifma
}  // namespace freehold
