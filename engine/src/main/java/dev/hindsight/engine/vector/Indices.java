package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Simd.INT;
import static dev.hindsight.engine.vector.Simd.MEMORY;

import dev.hindsight.engine.Tensor;

/** Checks of I32 operands. */
final class Indices {
  private Indices() {}

  /** Whether every element lies in {@code [low, high)}. */
  static boolean allWithin(Tensor ids, int low, int high) {
    if (ids.rank() == 1 || ids.isContiguous()) {
      long step = ids.rank() == 1 ? 4 * ids.stride(0) : 4;
      return inRange(Simd.address(ids), step, Math.toIntExact(ids.size()), low, high);
    }
    for (int i = 0; i < ids.dim(0); i++) {
      if (!allWithin(ids.select(0, i), low, high)) {
        return false;
      }
    }
    return true;
  }

  private static boolean inRange(long at, long step, int n, int low, int high) {
    int smallest = low;
    int largest = low;
    for (int i = 0; i < n; i++) {
      int id = MEMORY.get(INT, at + i * step);
      smallest = Math.min(smallest, id);
      largest = Math.max(largest, id);
    }
    return n == 0 || smallest >= low && largest < high;
  }
}
