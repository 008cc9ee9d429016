// Square roots and multiples of points on the Stark curve, one independent task per element: what the witness of curve
// operations starts from. The chains of the components are whole-column arithmetic in Python.
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

// Tonelli and Shanks with the non-residue 3. 1 and the smaller root, or 0 and zero where there is none.
static inline uint8_t square_root(Felt* out, const Felt& a) {
  *out = ZERO;
  if (is_zero(a)) return 1;
  const u64 odd[1] = {ODD_PART}, half[1] = {(ODD_PART - 1) / 2};
  Felt part = power(a, half, 1);
  Felt root = mul(a, part), rest = mul(root, part);  // root^2 = a * rest, rest of order 2^k
  Felt step = power(to_montgomery(Felt{{3, 0, 0, 0}}), odd, 1);
  int step_order = TWO_ADICITY;  // step has order 2^step_order
  while (!equal(rest, ONE)) {
    int order = 0;
    for (Felt t = rest; !equal(t, ONE); t = square(t)) order++;
    if (order >= step_order) return 0;
    for (; step_order > order + 1; step_order--) step = square(step);
    root = mul(root, step);  // step^2 has the order of rest, so their product has a smaller one
    step = square(step), step_order--;
    rest = mul(rest, step);
  }
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
