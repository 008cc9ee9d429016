// A bytecode machine over columns: each instruction works on a chunk of rows held in registers. The plain path, and what
// both paths share; ifma_machine.cpp is the other.
#pragma once
#include <algorithm>
#include <vector>

#include "field.h"

namespace freehold {

enum Operation : int32_t { LOAD, CONSTANT, ADD, SUB, MUL, STORE };

struct Instruction {
  int32_t op, target, a, b;
};

// A column of 2^k rows, repeated as often as the height asks for.
struct Source {
  const Felt* values;
  size_t height;
};

struct Task {
  const Instruction* code;
  size_t length, n_registers;
  const Felt* constants;
  size_t n_constants;
  const Source* sources;
  size_t n;  // rows
  Felt* const* outputs;
};

static inline size_t source_row(const Source& source, size_t row, int32_t offset) {
  return (row + (size_t)(int64_t)offset) & (source.height - 1);
}

// A register, a constant or rows of a column: element i is at[i * step].
struct Operand {
  const Felt* at;
  size_t step;
};

// The plain path: what is only read is not copied.
static inline void run_program(const Task& task, size_t begin, size_t end) {
  constexpr size_t CHUNK = 32;
  std::vector<Felt> registers(task.n_registers * CHUNK);
  std::vector<Operand> now(task.n_registers, Operand{&ZERO, 0});
  for (size_t row = begin; row < end; row += CHUNK) {
    const size_t count = std::min(CHUNK, end - row);
    for (size_t step = 0; step < task.length; step++) {
      const Instruction& ins = task.code[step];
      if (ins.op == STORE) {
        const Operand& a = now[ins.a];
        for (size_t i = 0; i < count; i++) task.outputs[ins.target][row + i] = a.at[i * a.step];
        continue;
      }
      Felt* target = &registers[ins.target * CHUNK];
      if (ins.op == CONSTANT) {
        now[ins.target] = {task.constants + ins.a, 0};
        continue;
      }
      if (ins.op == LOAD) {
        const Source& source = task.sources[ins.a];
        const size_t place = source_row(source, row, ins.b);
        if (place + count <= source.height) {
          now[ins.target] = {source.values + place, 1};
          continue;
        }
        for (size_t i = 0; i < count; i++) target[i] = source.values[source_row(source, row + i, ins.b)];
      } else {
        const Operand a = now[ins.a], b = now[ins.b];
        if (ins.op == ADD)
          for (size_t i = 0; i < count; i++) target[i] = add(a.at[i * a.step], b.at[i * b.step]);
        else if (ins.op == SUB)
          for (size_t i = 0; i < count; i++) target[i] = sub(a.at[i * a.step], b.at[i * b.step]);
        else
          for (size_t i = 0; i < count; i++) target[i] = mul(a.at[i * a.step], b.at[i * b.step]);
      }
      now[ins.target] = {target, 1};
    }
  }
}

}  // namespace freehold
