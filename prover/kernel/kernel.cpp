// The kernel's C interface: everything the Python package calls. Arrays are (n, 4) little-endian limbs in Montgomery
// form; the callers in __init__.py have checked shapes. reference.py says what each function computes.
#include <algorithm>
#include <atomic>
#include <memory>
#include <vector>

#include "backend.h"
#include "chains.h"
#include "columns.h"
#include "field.h"
#include "inverses.h"
#include "keccak.h"
#include "kernel_avx2.h"
#include "memory.h"
#include "ntt.h"
#include "parallel.h"
#include "vector_machine.h"

using namespace freehold;

#if defined(__x86_64__) && !defined(__BMI2__)
const bool freehold::HAS_MULX = (__builtin_cpu_init(), __builtin_cpu_supports("bmi2"));
#endif

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

constexpr size_t GRAIN = 1 << 11;

constexpr size_t CHUNK_ELEMENTS = 256;

// Stride 0 repeats one element.
template <typename Operation>
void elementwise(Felt* out, const Felt* a, size_t stride_a, const Felt* b, size_t stride_b, size_t n, Operation op) {
  parallel(n, GRAIN, [=](size_t begin, size_t end) {
    Felt same_a[CHUNK_ELEMENTS], same_b[CHUNK_ELEMENTS];
    for (size_t i = 0; i < CHUNK_ELEMENTS; i++) same_a[i] = a[0], same_b[i] = b[0];
    for (size_t i = begin; i < end; i += CHUNK_ELEMENTS) {
      size_t count = end - i < CHUNK_ELEMENTS ? end - i : CHUNK_ELEMENTS;
      op(out + i, stride_a ? a + i : same_a, stride_b ? b + i : same_b, count);
    }
  });
}

void truncate(uint8_t* digest, int digest_bytes) { memset(digest + digest_bytes, 0, 32 - digest_bytes); }

// Powers 0 to most of each point.
std::vector<Felt> point_powers(const Felt* points, size_t z, size_t most) {
  std::vector<Felt> powers(z * (most + 1));
  for (size_t i = 0; i < powers.size(); i++)
    powers[i] = i % (most + 1) ? mul(powers[i - 1], points[i / (most + 1)]) : ONE;
  return powers;
}

// The first nonce of [first, first + count) that does it, or first + count.
u64 grind(const uint8_t* prefix, int bits, u64 first, u64 count) {
  uint8_t message[96] = {}, digest[32];
  memcpy(message, prefix, 64);
  for (u64 nonce = first; nonce < first + count; nonce++) {
    u64 word = __builtin_bswap64(nonce), high;
    memcpy(message + 88, &word, 8);
    Keccak256 hash;
    hash.absorb(message, 96);
    hash.finish(digest);
    memcpy(&high, digest, 8);
    if (bits == 0 || __builtin_bswap64(high) >> (64 - bits) == 0) return nonce;
  }
  return first + count;
}

}  // namespace

// 1 if the vector path is in use; fh_use_vectors switches it, where the processor has it.
EXPORT uint32_t fh_features(void) { return use_vectors(); }

EXPORT void fh_use_vectors(int on) { vector_switch() = on && has_vectors(); }

// Memory for big arrays: null where there is none; `size` becomes the block's.
EXPORT void* fh_take(size_t* size) { return Store::take(*size); }

EXPORT void fh_give(void* start, size_t size) { Store::give(start, size); }

EXPORT void fh_add(Felt* out, const Felt* a, size_t sa, const Felt* b, size_t sb, size_t n) {
  elementwise(out, a, sa, b, sb, n, sum);
}

EXPORT void fh_sub(Felt* out, const Felt* a, size_t sa, const Felt* b, size_t sb, size_t n) {
  elementwise(out, a, sa, b, sb, n, difference);
}

EXPORT void fh_mul(Felt* out, const Felt* a, size_t sa, const Felt* b, size_t sb, size_t n) {
  elementwise(out, a, sa, b, sb, n, multiply);
}

// One inversion for each share; 1 if any element is zero.
EXPORT int fh_inverse(Felt* out, const Felt* a, size_t n) {
  std::atomic<int> zero{0};
  parallel_shares(n, GRAIN, [=, &zero](size_t begin, size_t end) {
    if (inverses(out + begin, a + begin, end - begin)) zero = 1;
  });
  return zero;
}

// Pieces of a table of the first powers, each times one number.
EXPORT void fh_powers(Felt* out, const Felt* base, const Felt* start, size_t n) {
  const Felt b = *base, s = *start;
  Felt first[CHUNK_ELEMENTS], step = ONE;
  for (auto& power : first) power = step, step = mul(step, b);  // step ends as b^CHUNK_ELEMENTS
  parallel(n, GRAIN, [=, &first](size_t begin, size_t end) {
    const u64 exponent[1] = {begin};
    Felt value = mul(s, power(b, exponent, 1)), same[CHUNK_ELEMENTS];
    for (size_t i = begin; i < end; i += CHUNK_ELEMENTS, value = mul(value, step)) {
      for (auto& element : same) element = value;
      multiply(out + i, first, same, end - i < CHUNK_ELEMENTS ? end - i : CHUNK_ELEMENTS);
    }
  });
}

// Numbers below 2^64.
EXPORT void fh_from_words(Felt* out, const u64* numbers, size_t n) {
  parallel(n, GRAIN, [=](size_t begin, size_t end) {
    size_t whole = use_vectors() ? (end - begin) / 8 * 8 : 0;
    if (whole) ifma::from_words(out + begin, numbers + begin, whole);
    for (size_t i = begin + whole; i < end; i++) out[i] = to_montgomery(Felt{{numbers[i], 0, 0, 0}});
  });
}

EXPORT void fh_from_bytes(Felt* out, const uint8_t* bytes, size_t n) {
  parallel(n, GRAIN, [=](size_t begin, size_t end) {
    size_t whole = use_vectors() ? (end - begin) / 8 * 8 : 0;
    if (whole) ifma::from_bytes(out + begin, bytes + 32 * begin, whole);
    for (size_t i = begin + whole; i < end; i++) out[i] = from_big_endian(bytes + 32 * i);
  });
}

EXPORT void fh_to_bytes(uint8_t* out, const Felt* a, size_t n) {
  parallel(n, GRAIN, [=](size_t begin, size_t end) {
    size_t whole = use_vectors() ? (end - begin) / 8 * 8 : 0;
    if (whole) ifma::to_bytes(out + 32 * begin, a + begin, whole);
    for (size_t i = begin + whole; i < end; i++) to_big_endian(a[i], out + 32 * i);
  });
}

// 2^11 butterflies a round, in cache: for measuring.
EXPORT void fh_butterflies(size_t rounds) {
  if (use_vectors()) return ifma::butterflies(rounds);
  const Felt factor = to_montgomery(Felt{{3, 0, 0, 0}});
  Felt x[64];
  for (auto& element : x) element = ONE;
  for (size_t level = 0; level < 64 * rounds; level++) {
    for (size_t i = 0; i < 32; i++) Tree::down_one(x[i], x[i + 32], factor);
    if (level % 16 == 15)
      for (auto& element : x) element = canonical(element);
  }
  volatile u64 sink = x[63].limb[0];  // or nothing would be computed
  (void)sink;
}

// Element `row` of a column stands at row * stride.
EXPORT void fh_hash_rows(uint8_t* out, const Felt* const* columns, size_t n_columns, size_t stride, size_t n,
                         int digest_bytes) {
  parallel(n, 256, [=](size_t begin, size_t end) {
    uint8_t word[32];
    if (use_vectors()) begin = ifma::hash_rows(out, columns, n_columns, stride, begin, end, digest_bytes);
    if (use_avx2()) begin = avx2::hash_rows(out, columns, n_columns, stride, begin, end, digest_bytes);
    for (size_t row = begin; row < end; row++) {
      Keccak256 hash;
      for (size_t c = 0; c < n_columns; c++) {
        to_big_endian(columns[c][row * stride], word);
        hash.absorb(word, 32);
      }
      hash.finish(out + 32 * row);
      truncate(out + 32 * row, digest_bytes);
    }
  });
}

// m polynomials to values on shift * H; see ntt.h for slots, 2^log_slots of them a column. `out` may be `slots` itself
// where log_slots is 0.
EXPORT void fh_evaluate_coset(Felt* const* out, const Felt* const* slots, size_t m, int log_slots, int log_n,
                              const Felt* shift, int natural) {
  std::vector<PackedColumn> columns;
  for (size_t i = 0; i < m; i++) columns.push_back({slots + (i << log_slots), log_slots});
  if (use_vectors() && ifma::can_transform(log_n, log_slots))
    return ifma::transform(out, columns.data(), m, log_n, *shift, false, natural, nullptr);
  by_columns(m, [&](size_t i) {
    unpack(out[i], columns[i], log_n);
    evaluate(out[i], log_n, *shift, natural);
  });
}

// Packed columns that are extended to many cosets: column i has 2^log_slots[i] slots, one after the other in `slots`, which
// must stay. By vectors where the sizes allow it when it is made.
struct Extension {
  std::vector<std::vector<const Felt*>> slots;
  std::vector<PackedColumn> columns;
  int log_n;
  std::unique_ptr<ifma::Extension> vectors;
};

EXPORT Extension* fh_extension(const Felt* const* slots, const int* log_slots, size_t m, int log_n) {
  std::unique_ptr<Extension> made(new Extension);
  bool vectors = use_vectors();
  for (size_t i = 0; i < m; slots += (size_t)1 << log_slots[i++]) {
    made->slots.emplace_back(slots, slots + ((size_t)1 << log_slots[i]));
    vectors = vectors && ifma::can_transform(log_n, log_slots[i]);
  }
  for (size_t i = 0; i < m; i++) made->columns.push_back({made->slots[i].data(), log_slots[i]});
  made->log_n = log_n;
  if (vectors) made->vectors.reset(new ifma::Extension(made->columns.data(), m, log_n));
  return made.release();
}

EXPORT void fh_extension_free(Extension* extension) { delete extension; }

// Row hashes of part `part` of 2^log_parts of the values on shift * H by position: (2^(log_n - log_parts - log_run), 32). With
// `log_run` there is one column, and a row is 2^log_run neighbours.
EXPORT void fh_extension_hash(uint8_t* out, const Extension* extension, const Felt* shift, size_t part, int log_parts,
                              int log_run, int digest_bytes) {
  const bool vectors = extension->vectors && extension->vectors->has_runs_of(log_run);
  if (vectors && log_parts && extension->log_n < ifma::Extension::LEAST_IN_PARTS) {
    const size_t bytes = (size_t)32 << (extension->log_n - log_run), share = bytes >> log_parts;
    std::vector<uint8_t> whole(bytes);
    extension->vectors->hash(whole.data(), *shift, 0, 0, log_run, digest_bytes);
    memcpy(out, whole.data() + part * share, share);
    return;
  }
  if (vectors) return extension->vectors->hash(out, *shift, part, log_parts, log_run, digest_bytes);
  const std::vector<PackedColumn>& columns = extension->columns;
  const size_t m = columns.size(), n = (size_t)1 << extension->log_n, run = (size_t)1 << log_run;
  std::vector<Felt> values(m * n);
  by_columns(m, [&](size_t i) {
    unpack(&values[i * n], columns[i], extension->log_n);
    evaluate(&values[i * n], extension->log_n, *shift, false);
  });
  std::vector<const Felt*> of_row;
  for (size_t i = 0; i < (log_run ? run : m); i++) of_row.push_back(&values[log_run ? i : i * n] + part * (n >> log_parts));
  fh_hash_rows(out, of_row.data(), of_row.size(), run, n / run >> log_parts, digest_bytes);
}

// Values on H, or shift * H, in natural order to coefficients.
EXPORT void fh_interpolate_coset(Felt* const* out, const Felt* const* in, size_t m, int log_n, const Felt* inverse_shift,
                                 int natural) {
  const size_t n = (size_t)1 << log_n;
  const bool vectors = use_vectors() && ifma::can_transform(log_n, 0);
  if (!vectors || !natural)
    by_columns(m, [&](size_t i) {
      if (out[i] != in[i]) memcpy(out[i], in[i], n * sizeof(Felt));
      if (!vectors) return interpolate(out[i], log_n, *inverse_shift, natural);
      bit_reverse(out[i], log_n);
    });
  if (!vectors) return;
  const Felt scale = inverse(to_montgomery(Felt{{(u64)1 << log_n, 0, 0, 0}}));
  std::vector<PackedColumn> columns;
  for (size_t i = 0; i < m; i++) columns.push_back({(natural ? in : out) + i, 0});
  ifma::transform(out, columns.data(), m, log_n, ONE, true, true, &scale);
  if (memcmp(inverse_shift, &ONE, sizeof(Felt)) == 0) return;
  const std::vector<Felt> shifts = shift_powers(*inverse_shift, log_n);
  for (size_t i = 0; i < m; i++)
    parallel(n, GRAIN, [&](size_t begin, size_t end) {
      multiply(out[i] + begin, out[i] + begin, shifts.data() + begin, end - begin);
    });
}

EXPORT void fh_merkle_layer(uint8_t* out, const uint8_t* children, const uint8_t* rows, size_t n, int digest_bytes) {
  parallel(n, 256, [=](size_t begin, size_t end) {
    if (use_vectors()) begin = ifma::merkle_layer(out, children, rows, begin, end, digest_bytes);
    if (use_avx2()) begin = avx2::merkle_layer(out, children, rows, begin, end, digest_bytes);
    for (size_t i = begin; i < end; i++) {
      Keccak256 hash;
      hash.absorb(children + 64 * i, 64);
      if (rows) hash.absorb(rows + 32 * i, 32);
      hash.finish(out + 32 * i);
      truncate(out + 32 * i, digest_bytes);
    }
  });
}

EXPORT void fh_keccak(uint8_t* out, const uint8_t* data, size_t size) {
  Keccak256 hash;
  hash.absorb(data, size);
  hash.finish(out);
}

EXPORT void fh_run_program(const Instruction* code, size_t length, size_t n_registers, const Felt* constants,
                           size_t n_constants, const Felt* const* columns, const u64* heights, size_t n_columns, size_t n,
                           Felt* const* outputs) {
  std::vector<Source> sources(n_columns);
  for (size_t i = 0; i < n_columns; i++) sources[i] = {columns[i], heights[i]};
  const Task task = {code, length, n_registers, constants, n_constants, sources.data(), n, outputs};
  const bool vectors = use_vectors() && n % 8 == 0;
  parallel(n, 1 << 12, [&](size_t begin, size_t end) {
    vectors ? ifma::run_program(task, begin, end) : run_program(task, begin, end);
  });
}

EXPORT void fh_linear_combination(Felt* out, const Felt* const* columns, const Felt* weights, size_t m, size_t n) {
  parallel(n, GRAIN, [=](size_t begin, size_t end) {
    size_t whole = use_vectors() && m ? (end - begin) / 8 * 8 : 0;
    if (whole) {
      std::vector<const Felt*> shifted(columns, columns + m);
      for (auto& column : shifted) column += begin;
      ifma::linear_combination(out + begin, shifted.data(), weights, m, whole);
    }
    linear_combination(out, columns, weights, m, begin + whole, end);
  });
}

// (m, z, 2^log_coset) values of m polynomials on the cosets x * H of z points x, by position; log_coset is at most 3. By
// Horner's rule on segments, put together by it. Powers of an eighth root of unity depend on the exponent mod 8 alone,
// so the eight lanes of the vector path give the whole coset.
EXPORT void fh_evaluate_at(Felt* out, const Felt* const* columns, size_t m, size_t n, const Felt* points, size_t z,
                           int log_coset) {
  constexpr size_t SEGMENT = 1 << 14;
  const size_t segments = (n + SEGMENT - 1) / SEGMENT, coset = (size_t)1 << log_coset;
  std::vector<Felt> turns(coset, ONE);  // the coset's points over x
  for (size_t q = 0; q < coset; q++)
    for (int bit = 0; bit < log_coset; bit++)
      if (q >> bit & 1) turns[q] = mul(turns[q], root_of_unity(bit + 1));
  if (!(use_vectors() && n % 8 == 0)) {
    std::vector<Felt> places(z * coset);
    for (size_t i = 0; i < places.size(); i++) places[i] = mul(points[i / coset], turns[i % coset]);
    const size_t most = std::min(n, SUM);
    const std::vector<Felt> powers = point_powers(places.data(), places.size(), most);
    parallel(m * places.size(), 1, [&](size_t begin, size_t end) {
      for (size_t task = begin; task < end; task++)
        out[task] = value_at(columns[task / places.size()], n, &powers[task % places.size() * (most + 1)]);
    });
    return;
  }
  const std::vector<Felt> powers = point_powers(points, z, ifma::POWERS_OF_POINT);
  std::vector<Felt> parts(m * segments * z * 8);
  parallel(m * segments, 1, [&](size_t begin, size_t end) {
    for (size_t task = begin; task < end; task++) {
      size_t first = task % segments * SEGMENT, count = n - first < SEGMENT ? n - first : SEGMENT;
      ifma::values_at(&parts[task * z * 8], columns[task / segments] + first, count, powers.data(), z);
    }
  });
  const u64 exponent[1] = {SEGMENT};
  parallel(m * z, 16, [&](size_t begin, size_t end) {
    for (size_t task = begin; task < end; task++) {
      const size_t column = task / z, p = task % z;
      const Felt step = segments > 1 ? power(points[p], exponent, 1) : ONE;
      Felt lanes[8];
      for (size_t lane = 0; lane < 8; lane++) {
        lanes[lane] = ZERO;
        for (size_t s = segments; s-- > 0;)
          lanes[lane] = add(mul(lanes[lane], step), parts[((column * segments + s) * z + p) * 8 + lane]);
      }
      for (size_t q = 0; q < coset; q++) {
        Felt total = ZERO;
        for (size_t lane = 8; lane-- > 0;) total = add(mul(total, turns[q]), lanes[lane]);
        out[task * coset + q] = total;
      }
    }
  });
}

// Quotients by Y - y, remainders dropped: q_i = c_(i+1) + y * q_(i+1). `out` may not be `columns`.
EXPORT void fh_divide_out(Felt* const* out, const Felt* const* columns, size_t m, size_t n, const Felt* y) {
  const Felt root = *y;
  const std::vector<Felt> powers = point_powers(y, 1, ifma::POWERS_OF_POINT);
  parallel(m, 1, [&](size_t begin, size_t end) {
    for (size_t column = begin; column < end; column++) {
      const Felt* c = columns[column];
      Felt* q = out[column];
      size_t i = use_vectors() ? ifma::divide_out(q, c, n, root, powers.data()) : n;
      divide_out(q, c, i, n, root);
    }
  });
}

// Sums of the terms before each row, less `row` times their mean; the whole sum to `total`.
EXPORT void fh_running_sum(Felt* out, Felt* total, const Felt* terms, size_t n) {
  const size_t share = (n + thread_count() - 1) / thread_count(), shares = (n + share - 1) / share;
  std::vector<Felt> sums(shares, ZERO);
  parallel(n, share, [&](size_t begin, size_t end) {
    Felt sum = ZERO;
    for (size_t i = begin; i < end; i++) sum = add(sum, terms[i]);
    sums[begin / share] = sum;
  });
  Felt whole = ZERO;
  for (const Felt& sum : sums) whole = add(whole, sum);
  const Felt mean = mul(whole, inverse(to_montgomery(Felt{{n, 0, 0, 0}})));
  parallel(n, share, [&](size_t begin, size_t end) {
    Felt running = ZERO;
    for (size_t i = 0; i < begin / share; i++) running = add(running, sums[i]);
    running = sub(running, mul(mean, to_montgomery(Felt{{begin, 0, 0, 0}})));
    for (size_t i = begin; i < end; i++) {
      const Felt term = terms[i];
      out[i] = running;
      running = add(running, sub(term, mean));
    }
  });
  *total = whole;
}

// The smallest nonce such that keccak(prefix || nonce) begins with `bits` zero bits; threads take turns at runs of it.
EXPORT u64 fh_grind(const uint8_t* prefix, int bits) {
  constexpr u64 RUN = 1 << 12;
  std::atomic<u64> next{0}, found{~0ull};
  auto search = [&, bits] {
    for (u64 first; (first = next.fetch_add(RUN)) < found.load();) {
      u64 nonce = (use_vectors() ? ifma::grind : use_avx2() ? avx2::grind : grind)(prefix, bits, first, RUN);
      if (nonce == first + RUN) continue;
      u64 best = found.load();
      while (nonce < best && !found.compare_exchange_weak(best, nonce)) {
      }
    }
  };
  parallel(thread_count(), 1, [&](size_t, size_t) { search(); });
  return found;
}

// found[i] says whether a[i] is a square; see chains.h
EXPORT void fh_square_roots(Felt* out, uint8_t* found, const Felt* a, size_t n) {
  parallel(n, 1, [=](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) found[i] = square_root(out + i, a[i]);
  });
}

// (m, 2) points by m scalars of 32 bytes; finite[i] is 0 where the multiple is infinity
EXPORT void fh_curve_multiples(Felt* out, uint8_t* finite, const Felt* points, const uint8_t* scalars, size_t m) {
  parallel(m, 1, [=](size_t begin, size_t end) {
    for (size_t i = begin; i < end; i++) finite[i] = curve_multiple(out + 2 * i, points + 2 * i, scalars + 32 * i);
  });
}
