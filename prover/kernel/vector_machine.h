// A bytecode machine over columns: each instruction works on a chunk of rows held in registers.
#pragma once
#include <vector>

#include "backend.h"
#include "field.h"

namespace freehold {

enum Operation : int32_t { LOAD, CONSTANT, ADD, SUB, MUL, STORE };
constexpr size_t CHUNK = 64;

static inline void run_program(const int32_t* code, size_t length, size_t n_registers, const Felt* constants,
                               const Felt* const* columns, size_t n, Felt* outputs, size_t begin, size_t end) {
  std::vector<Felt> registers(n_registers * CHUNK);
  for (size_t row = begin; row < end; row += CHUNK) {
    size_t count = end - row < CHUNK ? end - row : CHUNK;
    for (size_t step = 0; step < length; step++) {
      const int32_t* ins = code + 4 * step;
      if (ins[0] == STORE) {
        memcpy(outputs + ins[1] * n + row, &registers[ins[2] * CHUNK], count * sizeof(Felt));
        continue;
      }
      Felt* target = &registers[ins[1] * CHUNK];
      if (ins[0] == LOAD) {
        const Felt* column = columns[ins[2]];
        size_t place = (row + n + (int64_t)ins[3]) % n;
        for (size_t i = 0; i < count; i++) target[i] = column[place], place = place + 1 == n ? 0 : place + 1;
      } else if (ins[0] == CONSTANT) {
        for (size_t i = 0; i < count; i++) target[i] = constants[ins[2]];
      } else {
        const Felt *a = &registers[ins[2] * CHUNK], *b = &registers[ins[3] * CHUNK];
        if (ins[0] == ADD)
          sum(target, a, b, count);
        else if (ins[0] == SUB)
          difference(target, a, b, count);
        else
          multiply(target, a, b, count);
      }
    }
  }
}

}  // namespace freehold
