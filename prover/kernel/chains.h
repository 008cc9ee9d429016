// Square roots and multiples of points on the Stark curve, one independent task per element: what the witness of curve
// operations starts from.
#pragma once
#include "field.h"

namespace freehold {

constexpr u64 ODD_PART = 0x0800000000000011ull;  // P - 1 = 2^192 * ODD_PART
constexpr int TWO_ADICITY = 192;

static inline bool equal(const Felt& a, const Felt& b) { return memcmp(&a, &b, sizeof(Felt)) == 0; }

static inline Felt negative(const Felt& a) { return sub(ZERO, a); }

// The smaller of a and -a, as numbers.
static inline Felt smaller_of_pair(const Felt& a) {
  uint8_t plus[32], minus[32];
  Felt other = negative(a);
  to_big_endian(a, plus), to_big_endian(other, minus);
  return memcmp(plus, minus, 32) <= 0 ? a : other;
}

// Powers of g = 3^ODD_PART, of order 2^192, for taking logarithms a byte at a time.
struct RootTables {
  static constexpr int BYTES = TWO_ADICITY / 8;
  Felt inverse_powers[BYTES][256];  // g^(-d * 2^(8 j))
  Felt last[256];                   // g^(d * 2^184), the elements of order 2^8

  RootTables() {
    const u64 odd[1] = {ODD_PART};
    Felt g = power(to_montgomery(Felt{{3, 0, 0, 0}}), odd, 1), step = inverse(g);
    for (int j = 0; j < BYTES; j++) {
      inverse_powers[j][0] = ONE;
      for (int d = 1; d < 256; d++) inverse_powers[j][d] = mul(inverse_powers[j][d - 1], step);
      for (int i = 0; i < 8; i++) step = square(step);
    }
    for (int d = 0; d < 256; d++) last[d] = inverse_powers[BYTES - 1][(256 - d) % 256];
  }

  static const RootTables& instance() {
    static const RootTables* made = new RootTables;
    return *made;
  }

  // d with element = g^(d * 2^184); every element that is asked for is one of them.
  int logarithm_of_last(const Felt& element) const {
    int d = 0;
    while (d < 255 && (last[d].limb[0] != element.limb[0] || !equal(last[d], element))) d++;
    return d;
  }
};

// Tonelli and Shanks with the non-residue 3, the logarithm of a^ODD_PART by bytes from the low end. 1 and the smaller root, or
// 0 and zero where there is none.
static inline uint8_t square_root(Felt* out, const Felt& a) {
  constexpr int BYTES = RootTables::BYTES;
  *out = ZERO;
  if (is_zero(a)) return 1;
  const RootTables& tables = RootTables::instance();
  const u64 half[1] = {(ODD_PART - 1) / 2};
  const Felt part = power(a, half, 1);
  Felt root = mul(a, part), rest = mul(root, part);  // root^2 = a * rest, rest = g^x
  Felt raised[BYTES];                                // rest^(2^(8 k))
  raised[0] = rest;
  for (int k = 1; k < BYTES; k++) {
    raised[k] = raised[k - 1];
    for (int i = 0; i < 8; i++) raised[k] = square(raised[k]);
  }
  int x[BYTES + 1] = {};
  for (int j = 0; j < BYTES; j++) {  // g^x less the bytes known, raised so that only byte j is left
    Felt element = raised[BYTES - 1 - j];
    for (int i = 0; i < j; i++) element = mul(element, tables.inverse_powers[BYTES - 1 - j + i][x[i]]);
    x[j] = tables.logarithm_of_last(element);
  }
  if (x[0] & 1) return 0;
  for (int j = 0; j < BYTES; j++) root = mul(root, tables.inverse_powers[j][x[j] >> 1 | (x[j + 1] & 1) << 7]);
  *out = smaller_of_pair(root);
  return 1;
}

struct Jacobian {
  Felt x, y, z;  // (x / z^2, y / z^3); z = 0 at infinity
};

static inline Jacobian doubled(const Jacobian& p) {
  Felt yy = square(p.y), zz = square(p.z), xx = square(p.x);
  Felt s = mul(p.x, yy), m = add(add(xx, add(xx, xx)), square(zz)), y4 = square(yy);
  s = add(s, s), s = add(s, s);
  y4 = add(y4, y4), y4 = add(y4, y4), y4 = add(y4, y4);
  Felt x = sub(square(m), add(s, s)), z = mul(p.y, p.z);
  return {x, sub(mul(m, sub(s, x)), y4), add(z, z)};
}

// The complete law; (qx, qy) is affine.
static inline Jacobian plus_affine(const Jacobian& p, const Felt& qx, const Felt& qy) {
  if (is_zero(p.z)) return {qx, qy, ONE};
  Felt zz = square(p.z), run = sub(mul(qx, zz), p.x), rise = sub(mul(qy, mul(zz, p.z)), p.y);
  if (is_zero(run)) return is_zero(rise) ? doubled(p) : Jacobian{ONE, ONE, ZERO};
  Felt rr = square(run), cube = mul(rr, run), scaled = mul(p.x, rr);
  Felt x = sub(sub(square(rise), cube), add(scaled, scaled));
  return {x, sub(mul(rise, sub(scaled, x)), mul(p.y, cube)), mul(p.z, run)};
}

// 1 and the affine point, or 0 and (0, 0) at infinity.
static inline uint8_t to_affine(Felt* out, const Jacobian& p) {
  out[0] = out[1] = ZERO;
  if (is_zero(p.z)) return 0;
  Felt inverse_z = inverse(p.z), square_z = square(inverse_z);
  out[0] = mul(p.x, square_z);
  out[1] = mul(p.y, mul(square_z, inverse_z));
  return 1;
}

// scalar is 32 big-endian bytes. 1 and the affine multiple, or 0 and (0, 0) at infinity.
static inline uint8_t curve_multiple(Felt* out, const Felt* point, const uint8_t* scalar) {
  Jacobian sum{ONE, ONE, ZERO};
  for (int i = 0; i < 256; i++) {
    sum = doubled(sum);
    if (scalar[i / 8] >> (7 - i % 8) & 1) sum = plus_affine(sum, point[0], point[1]);
  }
  return to_affine(out, sum);
}

}  // namespace freehold
