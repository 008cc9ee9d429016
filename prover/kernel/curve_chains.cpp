// Chains of affine additions that the curve components show, for many instances at once: each step is arithmetic over columns,
// and inverts once for all. Where an addition has no slope its inverse is written as zero, and the instance marked.
#include <cstring>
#include <vector>

#include "backend.h"
#include "inverses.h"
#include "parallel.h"

using namespace freehold;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr size_t PIECE = 256;  // instances that share inversions

// The columns of a piece, and what an addition leaves in them.
struct Sums {
  size_t n;
  std::vector<Felt> x, y, px, py, run, inverse, slope, spare;
  uint8_t* possible;

  Sums(size_t n, uint8_t* possible)
      : n(n), x(n), y(n), px(n), py(n), run(n), inverse(n), slope(n), spare(n), possible(possible) {}

  // inverse = 1 / (a - b)
  void invert_run(const Felt* a, const Felt* b) {
    difference(run.data(), a, b, n);
    for (size_t i = 0; i < n; i++) possible[i] &= !is_zero(run[i]);
    inverses(inverse.data(), run.data(), n);
  }

  // slope of (x, y) and (px, py)
  void chord() {
    invert_run(x.data(), px.data());
    difference(spare.data(), y.data(), py.data(), n);
    multiply(slope.data(), spare.data(), inverse.data(), n);
  }

  // slope^2 - x - other
  void next_x(Felt* out, const Felt* other) {
    multiply(out, slope.data(), slope.data(), n);
    difference(out, out, x.data(), n);
    difference(out, out, other, n);
  }

  // (x, y) becomes the point with this x on the line of `slope` through it, mirrored
  void move_to(std::vector<Felt>& next) {
    difference(spare.data(), x.data(), next.data(), n);
    multiply(spare.data(), slope.data(), spare.data(), n);
    difference(y.data(), spare.data(), y.data(), n);
    x.swap(next);
  }

  void write(Felt* column, size_t stride, size_t row, const std::vector<Felt>& cells) const {
    for (size_t i = 0; i < n; i++) column[i * stride + row] = cells[i];
  }
};

}  // namespace

// `steps` times A' = 2A + P as (A + P) + A. `start` (m, 2); P is `points` (k, m, 2) [choices[i, step]] of each instance; columns
// x, slope of A and P, slope of A and A + P, 1 / (x - x(P)) to `out` (4, m, stride), x in one row more; the last A to `end`.
EXPORT void fh_double_add_chain(Felt* out, Felt* end_points, uint8_t* possible, const Felt* start, const Felt* points,
                                const uint8_t* choices, size_t m, size_t steps, size_t stride) {
  parallel(m, PIECE, [=](size_t begin, size_t end) {
    const size_t n = end - begin;
    memset(possible + begin, 1, n);
    Sums sums(n, possible + begin);
    std::vector<Felt> sum_x(n), next(n);
    Felt* columns[4];
    for (size_t c = 0; c < 4; c++) columns[c] = out + (c * m + begin) * stride;
    for (size_t i = 0; i < n; i++) sums.x[i] = start[2 * (begin + i)], sums.y[i] = start[2 * (begin + i) + 1];
    for (size_t step = 0; step < steps; step++) {
      for (size_t i = 0; i < n; i++) {
        const Felt* p = points + 2 * (choices[(begin + i) * steps + step] * m + begin + i);
        sums.px[i] = p[0], sums.py[i] = p[1];
      }
      sums.chord();
      sums.write(columns[0], stride, step, sums.x), sums.write(columns[1], stride, step, sums.slope);
      sums.write(columns[3], stride, step, sums.inverse);
      sums.next_x(sum_x.data(), sums.px.data());
      // l2 = 2y / (x - sum_x) - l1
      sums.invert_run(sums.x.data(), sum_x.data());
      sum(sums.spare.data(), sums.y.data(), sums.y.data(), n);
      multiply(sums.spare.data(), sums.spare.data(), sums.inverse.data(), n);
      difference(sums.slope.data(), sums.spare.data(), sums.slope.data(), n);
      sums.write(columns[2], stride, step, sums.slope);
      sums.next_x(next.data(), sum_x.data());
      sums.move_to(next);
    }
    sums.write(columns[0], stride, steps, sums.x);
    for (size_t i = 0; i < n; i++) end_points[2 * (begin + i)] = sums.x[i], end_points[2 * (begin + i) + 1] = sums.y[i];
  });
}

// A' = A + points[step], or - where `minus[i, step]`, for every instance from one start; x and y before each step and at the end
// to `out` (2, m, stride).
EXPORT void fh_add_chain(Felt* out, uint8_t* possible, const Felt* start, const Felt* points, const uint8_t* minus, size_t m,
                         size_t steps, size_t stride) {
  parallel(m, PIECE, [=](size_t begin, size_t end) {
    const size_t n = end - begin;
    memset(possible + begin, 1, n);
    Sums sums(n, possible + begin);
    std::vector<Felt> next(n);
    Felt *xs = out + begin * stride, *ys = out + (m + begin) * stride;
    for (size_t i = 0; i < n; i++) sums.x[i] = start[0], sums.y[i] = start[1];
    for (size_t step = 0; step < steps; step++) {
      const Felt plus_y = points[2 * step + 1], minus_y = sub(ZERO, plus_y);
      for (size_t i = 0; i < n; i++) {
        sums.px[i] = points[2 * step];
        sums.py[i] = minus[(begin + i) * steps + step] ? minus_y : plus_y;
      }
      sums.write(xs, stride, step, sums.x), sums.write(ys, stride, step, sums.y);
      sums.chord();
      sums.next_x(next.data(), sums.px.data());
      sums.move_to(next);
    }
    sums.write(xs, stride, steps, sums.x), sums.write(ys, stride, steps, sums.y);
  });
}
