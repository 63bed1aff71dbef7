package dev.hindsight.tests.conformance;

import jdk.incubator.vector.VectorShape;
import org.jspecify.annotations.Nullable;

/** The vector width that a run of the kit forces on the vector backend, in bits. */
record VectorWidth(int bits) {
  private static final String PROPERTY = "hindsight.vector.bits";

  /** The width of this run; null where none is forced. */
  static @Nullable VectorWidth forced() {
    Integer bits = Integer.getInteger(PROPERTY);
    return bits == null ? null : new VectorWidth(bits);
  }

  /** Whether the processor has it: emulated vectors take a hundred times as long. */
  boolean isNative() {
    return bits <= VectorShape.preferredShape().vectorBitSize();
  }
}
