// a * B + b * Q and a * B - b * Q for many instances with one base B: what checking signatures takes. Multiples of B are read
// from a table of windows; those of the Q share their doublings, which are arithmetic over columns: all digits have one place.
#include <vector>

#include "backend.h"
#include "chains.h"
#include "inverses.h"
#include "parallel.h"

using namespace freehold;

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr size_t PIECE = 128;  // instances whose doublings and inversions are made together
constexpr int WINDOWS = 32, ENTRIES = 256;
constexpr int DIGITS = 64, LARGEST = 8;  // of b: base 16, from -7 to 8

// Accumulators of a piece as columns.
struct Columns {
  size_t n;
  std::vector<Felt> x, y, z, xx, yy, zz, s, m, spare;

  explicit Columns(size_t n)
      : n(n), x(n, ONE), y(n, ONE), z(n, ZERO), xx(n), yy(n), zz(n), s(n), m(n), spare(n) {}

  using Column = std::vector<Felt>;
  void times(Column& out, const Column& a, const Column& b) { multiply(out.data(), a.data(), b.data(), n); }
  void plus(Column& out, const Column& a, const Column& b) { sum(out.data(), a.data(), b.data(), n); }
  void minus(Column& out, const Column& a, const Column& b) { difference(out.data(), a.data(), b.data(), n); }

  // `doubled` of chains.h, which holds at infinity too.
  void twice() {
    times(xx, x, x), times(yy, y, y), times(zz, z, z);
    times(s, x, yy), plus(s, s, s), plus(s, s, s);
    times(m, zz, zz), plus(m, m, xx), plus(m, m, xx), plus(m, m, xx);
    times(z, y, z), plus(z, z, z);
    times(x, m, m), minus(x, x, s), minus(x, x, s);
    times(yy, yy, yy), plus(yy, yy, yy), plus(yy, yy, yy), plus(yy, yy, yy);
    minus(spare, s, x), times(spare, m, spare), minus(y, spare, yy);
  }

  Jacobian at(size_t i) const { return {x[i], y[i], z[i]}; }
  void set(size_t i, const Jacobian& p) { x[i] = p.x, y[i] = p.y, z[i] = p.z; }
};

// Affine forms (n, 2) of points none of which is infinity.
void affine_forms(Felt* out, const std::vector<Jacobian>& points) {
  const size_t n = points.size();
  std::vector<Felt> z(n), inverse(n);
  for (size_t i = 0; i < n; i++) z[i] = points[i].z;
  inverses(inverse.data(), z.data(), n);
  for (size_t i = 0; i < n; i++) {
    const Felt zz = square(inverse[i]);
    out[2 * i] = mul(points[i].x, zz), out[2 * i + 1] = mul(points[i].y, mul(zz, inverse[i]));
  }
}

// 1 .. 8 times each point, (n, 8, 2): none is infinity on a curve of a large prime order.
std::vector<Felt> small_multiples(const Felt* points, size_t n) {
  std::vector<Jacobian> multiples;
  for (size_t i = 0; i < n; i++) {
    Jacobian multiple{points[2 * i], points[2 * i + 1], ONE};
    for (int k = 0; k < LARGEST; k++) {
      multiples.push_back(multiple);
      multiple = plus_affine(multiple, points[2 * i], points[2 * i + 1]);
    }
  }
  std::vector<Felt> affine(2 * multiples.size());
  affine_forms(affine.data(), multiples);
  return affine;
}

// Base 16 from the low end; what is above 8 borrows from the next. The scalar is below 2^252.
void signed_digits(int8_t* digits, const uint8_t* scalar) {
  int carry = 0;
  for (int i = 0; i < DIGITS; i++) {
    const int digit = (scalar[31 - i / 2] >> 4 * (i % 2) & 15) + carry;
    carry = digit > LARGEST;
    digits[i] = (int8_t)(digit - 16 * carry);
  }
}

Jacobian base_multiple(const Felt* table, const uint8_t* scalar) {
  Jacobian sum{ONE, ONE, ZERO};
  for (int window = 0; window < WINDOWS; window++) {
    const Felt* entry = table + 2 * (window * ENTRIES + scalar[31 - window]);
    if (scalar[31 - window]) sum = plus_affine(sum, entry[0], entry[1]);
  }
  return sum;
}

// b * Q of a piece.
Columns multiples(const Felt* points, const uint8_t* scalars, size_t n) {
  const std::vector<Felt> small = small_multiples(points, n);
  std::vector<int8_t> digits(DIGITS * n);
  for (size_t i = 0; i < n; i++) signed_digits(&digits[DIGITS * i], scalars + 32 * i);
  Columns sums(n);
  for (int place = DIGITS - 1; place >= 0; place--) {
    if (place < DIGITS - 1)
      for (int k = 0; k < 4; k++) sums.twice();
    for (size_t i = 0; i < n; i++) {
      const int digit = digits[DIGITS * i + place];
      if (!digit) continue;
      const Felt* entry = &small[2 * (LARGEST * i + (digit < 0 ? -digit : digit) - 1)];
      sums.set(i, plus_affine(sums.at(i), entry[0], digit < 0 ? negative(entry[1]) : entry[1]));
    }
  }
  return sums;
}

}  // namespace

// Entry d of window i, of (32, 256, 2), is d * 2^(8 i) times the point; those of d = 0 are zero.
EXPORT void fh_base_table(Felt* table, const Felt* point) {
  Jacobian step{point[0], point[1], ONE};
  for (int window = 0; window < WINDOWS; window++, table += 2 * ENTRIES) {
    Felt base[2];
    to_affine(base, step);
    std::vector<Jacobian> entries;
    for (step = {base[0], base[1], ONE}; entries.size() < ENTRIES - 1; step = plus_affine(step, base[0], base[1]))
      entries.push_back(step);
    table[0] = table[1] = ZERO;
    affine_forms(table + 2, entries);
  }
}

// x of a * B + b * Q and of a * B - b * Q, (m, 2); `finite` (m, 2) is 0 where one is infinity, and x is zero. `table` is of B;
// `points` (m, 2) are finite; a in `base_scalars` and b in `scalars` have 32 bytes and are below 2^252.
EXPORT void fh_joint_multiples(Felt* out, uint8_t* finite, const Felt* table, const Felt* points, const uint8_t* base_scalars,
                               const uint8_t* scalars, size_t m) {
  parallel(m, piece(m, PIECE), [=](size_t begin, size_t end) {
    const size_t n = end - begin;
    const Columns terms = multiples(points + 2 * begin, scalars + 32 * begin, n);
    std::vector<Felt> affine(2 * n), z(2 * n), inverse(2 * n), x(2 * n);
    inverses(inverse.data(), terms.z.data(), n);
    for (size_t i = 0; i < n; i++) {
      const Jacobian base = base_multiple(table, base_scalars + 32 * (begin + i));
      const Felt zz = square(inverse[i]), qx = mul(terms.x[i], zz), qy = mul(terms.y[i], mul(zz, inverse[i]));
      for (int sign = 0; sign < 2; sign++) {
        const Jacobian total = is_zero(terms.z[i]) ? base : plus_affine(base, qx, sign ? negative(qy) : qy);
        x[2 * i + sign] = total.x, z[2 * i + sign] = total.z;
      }
    }
    inverses(inverse.data(), z.data(), 2 * n);
    for (size_t i = 0; i < 2 * n; i++) {
      finite[2 * begin + i] = !is_zero(z[i]);
      out[2 * begin + i] = mul(x[i], square(inverse[i]));
    }
  });
}
