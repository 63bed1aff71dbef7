package dev.hindsight.engine.vector;

import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * The one vector width of this process and the one way in which kernels reach memory.
 *
 * <p>Everything here is a compile-time constant for C2; a species that it cannot see as constant,
 * or two species in one method, cost a factor of ten. Memory is addressed absolutely through one
 * segment that spans all of it: a segment for each tensor would bring a liveness check and a
 * profile that other segment kinds pollute. Kernels therefore do no bounds checks of their own:
 * shapes are checked in {@link dev.hindsight.engine.TensorOps} and {@link
 * dev.hindsight.engine.LayerOps}, and {@link VectorBackend} keeps the storages reachable while a
 * kernel runs.
 */
final class Simd {
  /** Forces a width in bits; the widest that the processor prefers when absent. */
  static final String WIDTH_PROPERTY = "hindsight.vector.bits";

  static final VectorSpecies<Float> F = species();
  static final VectorSpecies<Integer> I = IntVector.SPECIES_PREFERRED.withShape(F.vectorShape());
  static final int LANES = F.length();
  static final int BYTES = F.vectorByteSize();
  static final ByteOrder ORDER = ByteOrder.nativeOrder();
  static final MemorySegment MEMORY = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

  /**
   * A mask that leaves every address and every distance between rows as it is. What passed through
   * it is to C2 a number from 0 to 2^56 - 1, and so are a few sums of such numbers: the bounds
   * check that each access to {@link #MEMORY} would make goes away. In the microkernels of {@link
   * Matmul} ten checks a turn took a fifth of the multiply-adds' time on processors that execute
   * both on the same ports.
   */
  static final long ADDRESSES = (1L << 56) - 1;

  static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;

  private Simd() {}

  private static VectorSpecies<Float> species() {
    Integer bits = Integer.getInteger(WIDTH_PROPERTY);
    if (bits == null) {
      return FloatVector.SPECIES_PREFERRED;
    }
    return switch (bits) {
      case 128, 256, 512 -> FloatVector.SPECIES_PREFERRED.withShape(VectorShape.forBitSize(bits));
      default ->
          throw new IllegalArgumentException(
              WIDTH_PROPERTY + ": expected 128, 256 or 512, got " + bits);
    };
  }

  /** The address of a tensor's first element. */
  static long address(Tensor t) {
    return ((HostStorage) t.storage()).segment().address() + t.offset() * t.dtype().bytes();
  }
}
