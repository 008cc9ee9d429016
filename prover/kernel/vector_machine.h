// A bytecode machine over columns: each instruction works on a chunk of rows held in registers. The plain path, and what
// both paths share; ifma_machine.cpp is the other.
#pragma once
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

static inline void run_program(const Task& task, size_t begin, size_t end) {
  std::vector<Felt> registers(task.n_registers);
  for (size_t row = begin; row < end; row++)
    for (size_t step = 0; step < task.length; step++) {
      const Instruction& ins = task.code[step];
      if (ins.op == STORE) {
        task.outputs[ins.target][row] = registers[ins.a];
        continue;
      }
      Felt& target = registers[ins.target];
      if (ins.op == LOAD)
        target = task.sources[ins.a].values[source_row(task.sources[ins.a], row, ins.b)];
      else if (ins.op == CONSTANT)
        target = task.constants[ins.a];
      else if (ins.op == ADD)
        target = add(registers[ins.a], registers[ins.b]);
      else if (ins.op == SUB)
        target = sub(registers[ins.a], registers[ins.b]);
      else
        target = mul(registers[ins.a], registers[ins.b]);
    }
}

}  // namespace freehold
