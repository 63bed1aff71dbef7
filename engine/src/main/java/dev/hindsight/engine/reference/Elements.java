package dev.hindsight.engine.reference;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The elements of a host storage as doubles, which hold every value of every type exactly. {@link
 * #set} rounds to nearest even once, whatever the type. Indices count elements from the start of
 * the storage.
 */
abstract sealed class Elements {
  final MemorySegment segment;

  private Elements(MemorySegment segment) {
    this.segment = segment;
  }

  abstract double get(long index);

  abstract void set(long index, double value);

  static Elements of(Tensor t) {
    MemorySegment segment = HostStorage.segmentOf(t);
    return switch (t.dtype()) {
      case F32 -> new F32(segment);
      case F64 -> new F64(segment);
      case I32 -> new I32(segment);
      case BF16 -> new BF16(segment);
      case F16 -> new F16(segment);
    };
  }

  private static final class F32 extends Elements {
    F32(MemorySegment segment) {
      super(segment);
    }

    @Override
    double get(long index) {
      return segment.getAtIndex(JAVA_FLOAT_UNALIGNED, index);
    }

    @Override
    void set(long index, double value) {
      segment.setAtIndex(JAVA_FLOAT_UNALIGNED, index, (float) value);
    }
  }

  private static final class F64 extends Elements {
    F64(MemorySegment segment) {
      super(segment);
    }

    @Override
    double get(long index) {
      return segment.getAtIndex(JAVA_DOUBLE_UNALIGNED, index);
    }

    @Override
    void set(long index, double value) {
      segment.setAtIndex(JAVA_DOUBLE_UNALIGNED, index, value);
    }
  }

  /** Fractions are cut off, NaN becomes 0, and what does not fit becomes the nearest extreme. */
  private static final class I32 extends Elements {
    I32(MemorySegment segment) {
      super(segment);
    }

    @Override
    double get(long index) {
      return segment.getAtIndex(JAVA_INT_UNALIGNED, index);
    }

    @Override
    void set(long index, double value) {
      segment.setAtIndex(JAVA_INT_UNALIGNED, index, (int) value);
    }
  }

  private static final class BF16 extends Elements {
    BF16(MemorySegment segment) {
      super(segment);
    }

    @Override
    double get(long index) {
      return Float.intBitsToFloat(segment.getAtIndex(JAVA_SHORT_UNALIGNED, index) << 16);
    }

    @Override
    void set(long index, double value) {
      segment.setAtIndex(JAVA_SHORT_UNALIGNED, index, HalfPrecision.toBfloat16(value));
    }
  }

  private static final class F16 extends Elements {
    F16(MemorySegment segment) {
      super(segment);
    }

    @Override
    double get(long index) {
      return Float.float16ToFloat(segment.getAtIndex(JAVA_SHORT_UNALIGNED, index));
    }

    @Override
    void set(long index, double value) {
      segment.setAtIndex(JAVA_SHORT_UNALIGNED, index, HalfPrecision.toFloat16(value));
    }
  }
}
