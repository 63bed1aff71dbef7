package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Shape;

/** Ways to lay a tensor of a given shape into a buffer. */
enum Layout {
  /** Row-major, at the start of a cache line. */
  CONTIGUOUS,
  /** Row-major, where no vector load is aligned. */
  OFFSET,
  /** The last axis dense, a gap between rows: what a slice of the last axis gives. */
  PADDED_ROWS,
  /** The last two axes exchanged in memory. */
  TRANSPOSED,
  /** Every second element. */
  EVERY_SECOND;

  /** Elements before and behind a tensor that nobody may touch, nor read into a result. */
  static final int GUARD = 64;

  long offset() {
    return this == CONTIGUOUS ? GUARD : GUARD + 3;
  }

  long[] strides(Shape shape) {
    int rank = shape.rank();
    long[] strides = shape.contiguousStrides();
    switch (this) {
      case CONTIGUOUS, OFFSET -> {}
      case PADDED_ROWS -> {
        long step = rank == 0 ? 1 : shape.dim(-1) + 5L;
        for (int axis = rank - 2; axis >= 0; axis--) {
          strides[axis] = step;
          step *= Math.max(1, shape.dim(axis));
        }
      }
      case TRANSPOSED -> {
        if (rank >= 2) {
          strides[rank - 1] = Math.max(1, shape.dim(-2));
          strides[rank - 2] = 1;
        }
      }
      case EVERY_SECOND -> {
        for (int axis = 0; axis < rank; axis++) {
          strides[axis] *= 2;
        }
      }
    }
    return strides;
  }

  /** Elements of a buffer that holds such a tensor and its guards. */
  int bufferSize(Shape shape) {
    long last = offset();
    long[] strides = strides(shape);
    for (int axis = 0; axis < shape.rank(); axis++) {
      last += strides[axis] * Math.max(0, shape.dim(axis) - 1);
    }
    return Math.toIntExact(last + 1 + GUARD);
  }
}
