package dev.hindsight.engine.vector;

import dev.hindsight.engine.Tensor;

/** A tensor {@code [rows, heads, headDim]} by address; distances in bytes. */
record HeadOperand(long base, long row, long head, long channel, int headDim) {
  static HeadOperand of(Tensor t) {
    return new HeadOperand(
        Simd.address(t), 4 * t.stride(0), 4 * t.stride(1), 4 * t.stride(2), t.dim(2));
  }

  /** The first channel of a head in a row. */
  long at(long row, int head) {
    return base + row * this.row + head * this.head;
  }

  /**
   * Whether panels of its channels can be read where they lie. What a last vector reads behind the
   * head ends in channels that nobody reads.
   */
  boolean isDense() {
    return channel == 4;
  }
}
