// Columns extended to one coset after the other, each block of values hashed while it is in cache and forgotten.
//
// Coefficients are taken out of Montgomery form once, so values come out as the plain numbers that are hashed. Pass B has a
// row in each lane of its vectors, and so has the sponge: values go from the one to the other without a change of order.
#include "ifma_passes.h"
#include "ifma_sponge.h"
#include "kernel_ifma.h"
#include "memory.h"
#include "parallel.h"

namespace freehold {
namespace ifma {
namespace {

constexpr int LOG_MOST_PARTS = 3, MOST_PARTS = 1 << LOG_MOST_PARTS;

// How a column's coefficients stand in tiles: eight neighbours of one slot where a row has as many, else of the row. Slots
// from the first absent one on are left out if all are absent.
struct Slots {
  const PackedColumn& column;
  int inner;
  bool apart() const { return inner - column.log_slots >= 3; }
  size_t stride() const { return (size_t)1 << column.log_slots; }
  size_t width() const {
    size_t width = stride();
    while (width > 1 && !column.slots[width - 1]) width--;
    return width;
  }
  Filled filled() const { return apart() ? Filled{width(), stride()} : Filled::all((size_t)1 << inner); }
  Tile tile(size_t number) const {
    const size_t of_slot = ((size_t)1 << inner) / stride() / 8;
    return apart() ? Tile{number % of_slot * 8 * stride() + number / of_slot, stride()} : Tile{8 * number, 1};
  }
  size_t tiles() const { return (apart() ? width() : stride()) * (((size_t)1 << inner) / stride()) / 8; }

  void words(const Tile& tile, size_t row, V* word) const {
    static const Felt absent = ZERO;
    const Felt* place[8];
    for (size_t lane = 0; lane < 8; lane++) {
      const size_t index = (row << inner) + tile.first + lane * tile.step;
      const Felt* slot = column.slots[index & (stride() - 1)];
      place[lane] = slot ? slot + (index >> column.log_slots) : &absent;
    }
    gather(place, word);
  }
};

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

// Row hashes of a group from its words, lane l being block l: words of column c and place i from words + 4 (c n + i) on. A
// row is a place of all columns, or 2^log_run neighbours of the one.
void hash_group(const Shape& shape, const V* words, size_t m, int log_run, int digest_bytes, uint8_t* out) {
  const DigestWriter digests(digest_bytes);
  const size_t n = (size_t)1 << shape.inner, run = (size_t)1 << log_run;
  for (size_t i = 0; i < n; i += run) {
    Sponge8 sponge;
    for (size_t column = 0; column < m; column++)
      for (size_t place = i; place < i + run; place++)
        for (int word = 0; word < 4; word++) sponge.absorb(words[4 * (column * n + place) + word]);
    digests.write(out + (i >> log_run) * 32, n >> log_run, sponge.finish());
  }
}

// Smaller blocks than `shape_of` has where there are many columns: a group's words are to stay in the second cache.
Shape shape_for(size_t m, int log_n) {
  constexpr size_t MOST_WORDS = 1 << 12;  // of 256 bytes
  int inner = log_n / 2;
  while (inner > 7 && m << inner > MOST_WORDS && log_n - inner < 12) inner--;
  return {log_n - inner, inner, false};
}

}  // namespace

// Tiles stand in the order in which pass A reads them, one after the other, eight lanes of each 64-bit word together. They
// are read once for each coset; strides of a power of two would push each other out of the caches each time.
Extension::Extension(const PackedColumn* columns, size_t m, int log_n) : log_n_(log_n) {
  const Shape shape = shape_for(m, log_n);
  const size_t rows = (size_t)1 << shape.rows;
  std::vector<const PackedColumn*> of_tile;
  for (size_t i = 0; i < m; i++) {
    const Slots slots{columns[i], shape.inner};
    const Filled filled = slots.filled();
    filled_.push_back({filled.width, filled.stride});
    for (size_t tile = 0; tile < slots.tiles(); tile++) {
      const Tile placed = slots.tile(tile);
      places_.push_back({i, placed.first, placed.step});
      of_tile.push_back(&columns[i]);
    }
  }
  tiles_.reset(new Block(places_.size() * rows * 4 * sizeof(V)));
  parallel(places_.size(), 8, [&](size_t begin, size_t end) {  // neighbouring tiles share cache lines
    for (size_t row = 0; row < rows; row++)
      for (size_t piece = begin; piece < end; piece++) {
        const Place& place = places_[piece];
        V word[4], *to = tiles_->as<V>() + (piece * rows + row) * 4;
        Slots{*of_tile[piece], shape.inner}.words({place.first, place.step}, row, word);
        join(canonical(plus_p(divide_2_260(split<4>(word)), 1)), word);
        for (int i = 0; i < 4; i++) _mm512_stream_si512(to + i, word[i]);
      }
    _mm_sfence();
  });
}

// A part of a coset's values, in bit-reversed order, belongs to one node of the tree: a polynomial with 2^log_parts times
// fewer coefficients, and from there a transform of its own.
void Extension::hash(uint8_t* out, const Felt& shift, size_t part, int log_parts, int log_run, int digest_bytes) const {
  const size_t m = filled_.size();
  const Shape whole = shape_for(m, log_n_), shape{whole.rows - log_parts, whole.inner, false, log_parts};
  const size_t vectors = (size_t)1 << (log_n_ - log_parts - 3), inner = (size_t)1 << shape.inner;
  Felt of_part = shift;
  for (int bit = 0; bit < log_parts; bit++)
    if (part >> bit & 1) of_part = freehold::mul(of_part, root_of_unity(log_n_ - log_parts + bit + 1));
  Felt constant = of_part;  // the part is a coset of its own; its points' power by the number of them is one number
  for (int level = 0; level < log_n_ - log_parts; level++) constant = square(constant);
  Factor8 leading[LOG_MOST_PARTS];
  for (int level = log_parts - 1; level >= 0; level--, constant = square(constant))
    leading[level] = spread(factor_of(constant));
  const Factors factors(shape, of_part, false);
  Block block(m * vectors * sizeof(Felt8));
  Felt8* scratch = block.as<Felt8>();
  parallel(places_.size(), 8, [&](size_t begin, size_t end) {
    Block memory(sizeof(Felt8) << shape.rows);
    for (size_t piece = begin; piece < end; piece++) {
      const size_t in_tile = (size_t)4 << whole.rows;
      const V* tile = tiles_->as<V>() + piece * in_tile;
      auto source = [&](size_t row) { return split<0>(tile + 4 * row); };
      auto lead = [&](size_t row) {
        return log_parts ? towards(log_parts, row, (size_t)1 << shape.rows, source, leading) : source(row);
      };
      Ahead ahead;
      if (piece + 1 < end) ahead.add(tile + in_tile, in_tile, 0, 1);
      const Place& place = places_[piece];
      pass_a(shape, factors, lead, ahead, {place.first, place.step}, memory.as<Felt8>(), scratch + place.column * vectors);
    }
  });
  parallel(shape.groups(), 1, [&](size_t begin, size_t end) {
    Block memory(inner * (sizeof(Felt8) + sizeof(Factor8) + 4 * m * sizeof(V)));
    Factor8* lanes = memory.as<Factor8>();
    Felt8* x = reinterpret_cast<Felt8*>(lanes + inner);
    V* words = reinterpret_cast<V*>(x + inner);
    for (size_t group = begin; group < end; group++) {
      factors.lanes(group, lanes);
      for (size_t column = 0; column < m; column++) {
        const Felt8* from = scratch + column * vectors + (group << shape.inner);
        auto done = [&](const Felt8* finished) {
          for (size_t i = finished - x; i < (size_t)(finished - x) + (1 << LAST_OF_B); i++)
            big_endian(settled(x[i]), words + 4 * (column * inner + i));
        };
        const size_t next = column + 1 < m ? column + 1 : column;
        pass_b(shape, lanes, from, {filled_[column].width, filled_[column].stride}, x, next > column ? from + vectors : nullptr, {filled_[next].width, filled_[next].stride}, done);
      }
      hash_group(shape, words, m, log_run, digest_bytes, out + 32 * (8 * group * inner >> log_run));
    }
  });
}

}  // namespace ifma
}  // namespace freehold
