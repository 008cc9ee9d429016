// Prints a digest of what each function of the kernel makes of fixed inputs. The same lines must come out on every processor and
// path: `make cross-test` compares them. What is right is for reference.py to say; this is for machines without a Python.
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "field.h"
#include "vector_machine.h"

using namespace freehold;

struct Extension;

extern "C" {
void fh_use_vectors(int on);
uint32_t fh_features(void);
void fh_add(Felt*, const Felt*, size_t, const Felt*, size_t, size_t);
void fh_sub(Felt*, const Felt*, size_t, const Felt*, size_t, size_t);
void fh_mul(Felt*, const Felt*, size_t, const Felt*, size_t, size_t);
int fh_inverse(Felt*, const Felt*, size_t);
void fh_powers(Felt*, const Felt*, const Felt*, size_t);
void fh_from_words(Felt*, const u64*, size_t);
void fh_from_bytes(Felt*, const uint8_t*, size_t);
void fh_to_bytes(uint8_t*, const Felt*, size_t);
void fh_hash_rows(uint8_t*, const Felt* const*, size_t, size_t, size_t, int);
void fh_evaluate_coset(Felt* const*, const Felt* const*, size_t, int, int, const Felt*, int);
void fh_interpolate_coset(Felt* const*, const Felt* const*, size_t, int, const Felt*, int);
Extension* fh_extension(const Felt* const*, const int*, size_t, int);
void fh_extension_free(Extension*);
void fh_extension_hash(uint8_t*, const Extension*, const Felt*, size_t, int, int, int);
void fh_merkle_layer(uint8_t*, const uint8_t*, const uint8_t*, size_t, int);
void fh_keccak(uint8_t*, const uint8_t*, size_t);
void fh_run_program(const Instruction*, size_t, size_t, const Felt*, size_t, const Felt* const*, const u64*, size_t, size_t,
                    Felt* const*);
void fh_linear_combination(Felt*, const Felt* const*, const Felt*, size_t, size_t);
void fh_evaluate_at(Felt*, const Felt* const*, size_t, size_t, const Felt*, size_t, int);
void fh_divide_out(Felt* const*, const Felt* const*, size_t, size_t, const Felt*);
void fh_running_sum(Felt*, Felt*, const Felt*, size_t);
u64 fh_grind(const uint8_t*, int);
int fh_pedersen_table(Felt*, Felt*, const Felt*);
int fh_pedersen(Felt*, const Felt*, const Felt*, const Felt*, size_t);
int fh_pedersen_single(uint8_t*, const uint8_t*, const Felt*, const Felt*);
void fh_double_add_chain(Felt*, Felt*, uint8_t*, const Felt*, const Felt*, const uint8_t*, size_t, size_t, size_t);
void fh_add_chain(Felt*, uint8_t*, const Felt*, const Felt*, const uint8_t*, size_t, size_t, size_t);
void fh_square_roots(Felt*, uint8_t*, const Felt*, size_t);
void fh_curve_multiples(Felt*, uint8_t*, const Felt*, const uint8_t*, size_t);
void fh_base_table(Felt*, const Felt*);
void fh_joint_multiples(Felt*, uint8_t*, const Felt*, const Felt*, const uint8_t*, const uint8_t*, size_t);
}

namespace {

using Felts = std::vector<Felt>;
using Bytes = std::vector<uint8_t>;

void print(const char* name, const void* data, size_t size) {
  uint8_t digest[32];
  fh_keccak(digest, static_cast<const uint8_t*>(data), size);
  printf("%-20s ", name);
  for (int i = 0; i < 8; i++) printf("%02x", digest[i]);
  printf("\n");
}

void print(const char* name, const Felts& felts) { print(name, felts.data(), 32 * felts.size()); }
void print(const char* name, const Bytes& bytes) { print(name, bytes.data(), bytes.size()); }

Felt number(u64 n) { return to_montgomery(Felt{{n, 0, 0, 0}}); }

// Edges first, then powers.
Felts column(u64 base, size_t n) {
  Felts out(n);
  const Felt b = number(base), start = sub(ZERO, ONE);
  fh_powers(out.data(), &b, &start, n);
  const Felt edges[] = {ZERO, ONE, sub(ZERO, ONE), Felt{{0, 0, 0, TOP_LIMB}}, Felt{{0, ~0ull, ~0ull, TOP_LIMB - 1}}, number(2)};
  for (size_t i = 0; i < sizeof edges / sizeof *edges && i < n; i++) out[i] = edges[i];
  return out;
}

std::vector<const Felt*> places(const std::vector<Felts>& columns) {
  std::vector<const Felt*> found;
  for (const Felts& felts : columns) found.push_back(felts.data());
  return found;
}

void fields() {
  constexpr size_t N = 3001;
  const Felts a = column(3, N), b = column(5, N);
  Felts out(N);
  fh_add(out.data(), a.data(), 1, b.data(), 1, N), print("add", out);
  fh_sub(out.data(), a.data(), 1, b.data(), 1, N), print("sub", out);
  fh_mul(out.data(), a.data(), 1, b.data(), 1, N), print("mul", out);
  fh_mul(out.data(), a.data(), 1, &b[9], 0, N), print("mul by one", out);
  fh_inverse(out.data(), &a[1], N - 1), out[N - 1] = ZERO, print("inverse", out);
  std::vector<u64> words(N);
  for (size_t i = 0; i < N; i++) words[i] = a[i].limb[0];
  fh_from_words(out.data(), words.data(), N), print("from_words", out);
  Bytes bytes(32 * N);
  fh_to_bytes(bytes.data(), a.data(), N), print("to_bytes", bytes);
  fh_from_bytes(out.data(), bytes.data(), N), print("from_bytes", out);
  Felt total;
  fh_running_sum(out.data(), &total, a.data(), N), out[0] = total, print("running_sum", out);
  const std::vector<Felts> columns(300, a);
  fh_linear_combination(out.data(), places(columns).data(), b.data(), columns.size(), N), print("linear_combination", out);
}

void polynomials() {
  const Felt shift = number(7), inverse_shift = inverse(shift);
  for (int log_n : {0, 1, 2, 5, 8, 9, 13, 14}) {
    const size_t n = (size_t)1 << log_n;
    const Felts a = column(3, n);
    Felts out(n), back(n);
    const Felt* from[] = {a.data()};
    Felt *to[] = {out.data()}, *again[] = {back.data()};
    for (int natural : {0, 1}) {
      fh_evaluate_coset(to, from, 1, 0, log_n, &shift, natural);
      print(("evaluate " + std::to_string(log_n)).c_str(), out);
      const Felt* values[] = {out.data()};
      fh_interpolate_coset(again, values, 1, log_n, &inverse_shift, natural);
      print("interpolate", back);
    }
  }
  const std::vector<Felts> columns = {column(3, 1 << 12), column(5, 1 << 11), column(7, 1 << 11)};
  const auto slots = places(columns);
  const int log_slots[] = {0, 1};
  Extension* extension = fh_extension(slots.data(), log_slots, 2, 12);
  Bytes digests(32 << 12);
  fh_extension_hash(digests.data(), extension, &shift, 0, 0, 0, 25), print("extension", digests);
  fh_extension_free(extension);
  const Felts points = column(11, 9);
  Felts values(9 << 3), quotient(1 << 12);
  fh_evaluate_at(values.data(), slots.data(), 1, 1 << 12, points.data(), 9, 3), print("evaluate_at", values);
  Felt* to[] = {quotient.data()};
  fh_divide_out(to, slots.data(), 1, 1 << 12, &shift), print("divide_out", quotient);
}

void hashes() {
  const std::vector<Felts> columns = {column(3, 1 << 10), column(5, 1 << 10), column(7, 1 << 10), column(9, 1 << 10)};
  Bytes digests(32 * 1003), nodes(32 * 501);
  fh_hash_rows(digests.data(), places(columns).data(), 4, 1, 1003, 25), print("hash_rows of 4", digests);
  const std::vector<Felts> many(9, columns[0]);
  fh_hash_rows(digests.data(), places(many).data(), 9, 1, 1003, 32), print("hash_rows of 9", digests);
  fh_merkle_layer(nodes.data(), digests.data(), nullptr, 501, 25), print("merkle_layer", nodes);
  const Bytes rows(nodes);
  fh_merkle_layer(nodes.data(), digests.data(), rows.data(), 501, 20), print("with rows", nodes);
  const u64 nonce = fh_grind(digests.data(), 9);
  print("grind", &nonce, 8);
}

void machine() {
  const std::vector<Felts> columns = {column(3, 1 << 10), column(5, 1 << 6)};
  const u64 heights[] = {1 << 10, 1 << 6};
  const Felts constants = column(7, 8);
  const Instruction code[] = {{LOAD, 0, 0, -3}, {LOAD, 1, 1, 2},  {CONSTANT, 2, 7, 0}, {MUL, 0, 0, 1},   {ADD, 1, 1, 0},
                              {SUB, 1, 2, 1},   {MUL, 1, 1, 1},   {SUB, 0, 0, 1},      {STORE, 0, 0, 0}, {STORE, 1, 2, 0}};
  std::vector<Felts> outputs(2, Felts(1 << 10));
  Felt* to[] = {outputs[0].data(), outputs[1].data()};
  fh_run_program(code, sizeof code / sizeof *code, 3, constants.data(), 8, places(columns).data(), heights, 2, 1 << 10, to);
  print("run_program", outputs[0]), print("run_program", outputs[1]);
}

// Points with x = 1, 2, .. on the curve, and their multiples.
void curves() {
  constexpr size_t M = 40, STEPS = 7;
  const Felt beta = {{0x359ddd67b59a21caull, 0x6725f2237aab9006ull, 0x4173ef82a3595cb9ull, 0x06f21413efbe40deull}};
  Felts squares(4 * M), roots(4 * M), points;
  for (size_t i = 0; i < squares.size(); i++) {
    const Felt x = number(i + 1);
    squares[i] = add(add(mul(square(x), x), x), to_montgomery(beta));
  }
  Bytes found(squares.size());
  fh_square_roots(roots.data(), found.data(), squares.data(), squares.size());
  print("square_roots", roots), print("found", found);
  for (size_t i = 0; i < squares.size() && points.size() < 2 * M; i++)
    if (found[i]) points.push_back(number(i + 1)), points.push_back(roots[i]);
  Bytes scalars(32 * M), finite(M);
  for (size_t i = 0; i < scalars.size(); i++) scalars[i] = (uint8_t)(i * i);
  Felts multiples(2 * M), end(2 * M), chain(4 * M * (STEPS + 1)), sums(2 * M * (STEPS + 1));
  fh_curve_multiples(multiples.data(), finite.data(), points.data(), scalars.data(), M), print("curve_multiples", multiples);
  Felts table(32 * 256 * 2), joint(2 * M);
  fh_base_table(table.data(), points.data()), print("base_table", table);
  Bytes low(scalars), joint_finite(2 * M);
  for (size_t i = 0; i < M; i++) low[32 * i] &= 15;
  fh_joint_multiples(joint.data(), joint_finite.data(), table.data(), points.data(), low.data(), low.data(), M);
  print("joint_multiples", joint), print("joint_finite", joint_finite);
  Bytes choices(M * STEPS, 0);
  fh_double_add_chain(chain.data(), end.data(), finite.data(), multiples.data(), points.data(), choices.data(), M, STEPS,
                      STEPS + 1);
  print("double_add_chain", chain), print("its end", end);
  fh_add_chain(sums.data(), finite.data(), multiples.data(), points.data(), choices.data(), M, STEPS, STEPS + 1);
  print("add_chain", sums);

  Felts windows(42 * 2048 * 2), start(2), hashed(37);
  if (fh_pedersen_table(windows.data(), start.data(), multiples.data())) printf("no table\n");
  print("pedersen_table", windows);
  const Felts inputs = column(13, 2 * hashed.size());
  fh_pedersen(hashed.data(), inputs.data(), windows.data(), start.data(), hashed.size()), print("pedersen", hashed);
  Bytes pair(64), single(32);
  fh_to_bytes(pair.data(), inputs.data(), 2);
  fh_pedersen_single(single.data(), pair.data(), windows.data(), start.data()), print("pedersen_single", single);
}

}  // namespace

// An argument says "scalar".
int main(int count, char**) {
  if (count > 1) fh_use_vectors(0);
  fprintf(stderr, "%s path\n", fh_features() ? "vector" : "scalar");
  fields(), polynomials(), hashes(), machine(), curves();
}
