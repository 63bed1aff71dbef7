package dev.hindsight.engine;

/**
 * Element types. {@link #F32} and {@link #F64} compute; {@link #I32} holds indices; {@link #BF16}
 * and {@link #F16} are storage formats that convert on load and save and never reach a kernel other
 * than {@link Backend#copy}.
 */
public enum DType {
  F32(4),
  F64(8),
  I32(4),
  BF16(2),
  F16(2);

  private final int bytes;

  DType(int bytes) {
    this.bytes = bytes;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** Whether arithmetic is defined on this type. */
  public boolean computes() {
    return this == F32 || this == F64;
  }
}
