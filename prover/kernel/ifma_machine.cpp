// The bytecode machine by vectors. Registers hold 2^260 x (a load shifts by four bits more, a store takes them out), and
// are neither reduced nor normalised until a product needs it: a first pass over the code bounds every register, and
// says what each instruction has to do.
//
// A bound is (low, high, limbs): the value lies in (-low P, high P), each limb within limbs * 2^52 in size.
//   load      (0, 16, 1)
//   constant  (0, 1, 1)
//   a + b     (a.low + b.low, a.high + b.high, a.limbs + b.limbs)
//   a - b     (a.low + b.high, a.high + b.low, a.limbs + b.limbs)
//   a * b     (1, ceil(A B / 511), 32), with A = a.high + a.low once a.low P has been added, and B likewise
// Nothing may leave (510 P, 2^61): an operand is reduced to (0, 1, 1) before that.
#include <algorithm>
#include <vector>

#include "kernel_ifma.h"
#include "vector_machine.h"
#include "vectors.h"

namespace freehold {
namespace ifma {
namespace {

constexpr size_t CHUNK = 8;  // vectors of a register
constexpr uint64_t MOST_P = 510, MOST_LIMBS = 500, MOST_FACTOR = 500;

struct Bound {
  uint64_t low, high, limbs;
  bool clean() const { return low == 0 && limbs == 1; }
};

constexpr Bound REDUCED = {0, 1, 1};

enum Work : int32_t { FETCH, PLUS, MINUS, TIMES, REDUCE, WRITE };

// A register or a constant; `lift` P make it positive, for products.
struct Operand {
  const Felt8* at;
  size_t step;  // 0 repeats a constant
  uint64_t lift;
  bool clean;
};

struct Step {
  Work work;
  Felt8* target;
  Operand a, b;
  int32_t source, offset;
};

class Compiler {
 public:
  Compiler(const Task& task, Felt8* registers, const Felt8* constants)
      : task_(task), registers_(registers), constants_(constants), bounds_(task.n_registers, REDUCED),
        constant_(task.n_registers, -1) {}

  std::vector<Step> compile() {
    for (size_t i = 0; i < task_.length; i++) add(task_.code[i]);
    return std::move(steps_);
  }

 private:
  void add(const Instruction& ins) {
    switch (ins.op) {
      case LOAD:
        steps_.push_back({FETCH, reg(ins.target), {}, {}, ins.a, ins.b});
        return set(ins.target, {0, 16, 1});
      case CONSTANT:
        set(ins.target, REDUCED);
        constant_[ins.target] = ins.a;
        return;
      case STORE:
        steps_.push_back({WRITE, nullptr, operand(ins.a), {}, ins.target, 0});
        return;
      case MUL:
        return multiply(ins);
      default:
        return combine(ins);
    }
  }

  void combine(const Instruction& ins) {
    auto result = [&] {
      Bound a = bounds_[ins.a], b = bounds_[ins.b];
      if (ins.op == SUB) std::swap(b.low, b.high);
      return Bound{a.low + b.low, a.high + b.high, a.limbs + b.limbs};
    };
    auto fits = [](const Bound& r) { return r.low + r.high <= MOST_P && r.limbs <= MOST_LIMBS; };
    if (!fits(result())) reduce(bounds_[ins.a].limbs + bounds_[ins.a].high > bounds_[ins.b].limbs + bounds_[ins.b].high ? ins.a : ins.b);
    if (!fits(result())) reduce(ins.a), reduce(ins.b);
    Bound bound = result();
    steps_.push_back({ins.op == ADD ? PLUS : MINUS, reg(ins.target), operand(ins.a), operand(ins.b), 0, 0});
    set(ins.target, bound);
  }

  void multiply(const Instruction& ins) {
    for (int32_t r : {ins.a, ins.b})
      if (bounds_[r].low + bounds_[r].high > MOST_FACTOR) reduce(r);
    uint64_t a = bounds_[ins.a].low + bounds_[ins.a].high, b = bounds_[ins.b].low + bounds_[ins.b].high;
    steps_.push_back({TIMES, reg(ins.target), operand(ins.a), operand(ins.b), 0, 0});
    set(ins.target, {1, a * b / 511 + 1, 32});
  }

  // In place: the register stands for the same element.
  void reduce(int32_t r) {
    if (bounds_[r].clean() && bounds_[r].high == 1) return;
    steps_.push_back({REDUCE, reg(r), operand(r), {}, 0, 0});
    bounds_[r] = REDUCED;
  }

  Operand operand(int32_t r) const {
    if (constant_[r] >= 0) return {constants_ + constant_[r], 0, 0, true};
    return {registers_ + r * CHUNK, 1, bounds_[r].low, bounds_[r].clean()};
  }

  Felt8* reg(int32_t r) const { return registers_ + r * CHUNK; }

  void set(int32_t r, const Bound& bound) { bounds_[r] = bound, constant_[r] = -1; }

  const Task& task_;
  Felt8* registers_;
  const Felt8* constants_;
  std::vector<Bound> bounds_;
  std::vector<int32_t> constant_;
  std::vector<Step> steps_;
};

INLINE Felt8 factor(const Operand& o, size_t i) {
  const Felt8& f = o.at[i * o.step];
  return o.clean ? f : ripple(plus_p(f, o.lift));
}

void fetch(Felt8* target, const Source& source, int32_t offset, size_t row, size_t count) {
  for (size_t i = 0; i < count; i++) {
    size_t place = source_row(source, row + 8 * i, offset);
    if (place + 8 <= source.height) {
      target[i] = load<4>(source.values + place);
      continue;
    }
    const Felt* places[8];
    for (size_t lane = 0; lane < 8; lane++) places[lane] = source.values + source_row(source, row + 8 * i + lane, offset);
    target[i] = load_from<4>(places);
  }
}

void run(const Step& step, const Task& task, const Felt8& out_of_domain, size_t row, size_t count) {
  const Operand &a = step.a, &b = step.b;
  switch (step.work) {
    case FETCH:
      return fetch(step.target, task.sources[step.source], step.offset, row, count);
    case PLUS:
      for (size_t i = 0; i < count; i++) step.target[i] = plus(a.at[i * a.step], b.at[i * b.step]);
      return;
    case MINUS:
      for (size_t i = 0; i < count; i++) step.target[i] = minus(a.at[i * a.step], b.at[i * b.step]);
      return;
    case TIMES:
      for (size_t i = 0; i < count; i++) step.target[i] = mul(factor(a, i), factor(b, i));
      return;
    case REDUCE:
      for (size_t i = 0; i < count; i++) step.target[i] = canonical(plus_p(a.at[i], a.lift));
      return;
    case WRITE:
      for (size_t i = 0; i < count; i++)
        store(task.outputs[step.source] + row + 8 * i, canonical(plus_p(mul(factor(a, i), out_of_domain), 1)));
      return;
  }
}

}  // namespace

void run_program(const Task& task, size_t begin, size_t end) {
  std::vector<Felt8> registers(task.n_registers * CHUNK), constants(task.n_constants);
  const Felt sixteen = to_montgomery(Felt{{16, 0, 0, 0}});
  for (size_t i = 0; i < task.n_constants; i++) constants[i] = broadcast<0>(freehold::mul(task.constants[i], sixteen));
  const std::vector<Step> steps = Compiler(task, registers.data(), constants.data()).compile();
  const Felt8 out_of_domain = broadcast<0>(ONE);  // 2^256, so that 2^260 x becomes 2^256 x
  for (size_t row = begin; row < end; row += 8 * CHUNK) {
    size_t count = std::min(CHUNK, (end - row) / 8);
    for (const Step& step : steps) run(step, task, out_of_domain, row, count);
  }
}

}  // namespace ifma
}  // namespace freehold
