// Packing: several columns' coefficients read as one polynomial's, without a copy.
#pragma once
#include "field.h"

namespace freehold {

// A polynomial of 2^log_n coefficients: number i * 2^log_slots + j is coefficient i of slot j; absent slots are null.
struct PackedColumn {
  const Felt* const* slots;
  int log_slots;
};

static inline void unpack(Felt* out, const PackedColumn& column, int log_n) {
  if (column.log_slots == 0 && column.slots[0] == out) return;
  size_t n = (size_t)1 << log_n, mask = ((size_t)1 << column.log_slots) - 1;
  for (size_t i = 0; i < n; i++) {
    const Felt* slot = column.slots[i & mask];
    out[i] = slot ? slot[i >> column.log_slots] : ZERO;
  }
}

}  // namespace freehold
