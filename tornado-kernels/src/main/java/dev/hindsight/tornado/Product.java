package dev.hindsight.tornado;

import dev.hindsight.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A matrix product as the kernels take it: everything but the memory. Offsets count elements from
 * the first that an operand uses.
 *
 * @param firsts three for each batch: its first element in a, b and out
 * @param aSize elements from the first that a uses to its last, whatever lies between; bSize and
 *     outSize likewise
 */
record Product(
    int m,
    int n,
    int k,
    int aRow,
    int aStep,
    int bRow,
    int bStep,
    int outRow,
    boolean accumulate,
    List<Integer> firsts,
    int aSize,
    int bSize,
    int outSize) {

  /** More batches than this are no single launch on some devices. */
  private static final int MOST_BATCHES = 65535;

  /**
   * {@code out (+)= a b} as in {@link dev.hindsight.engine.Backend#matmul}; null when nothing is
   * computed or a kernel, which counts elements in 32 bits, cannot reach all of an operand.
   */
  static @Nullable Product of(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    long aSize = reach(a);
    long bSize = reach(b);
    long outSize = reach(out);
    long batches = out.size() == 0 ? 0 : out.size() / out.dim(-1) / out.dim(-2);
    long largest = Math.max(aSize, Math.max(bSize, outSize));
    if (batches == 0
        || a.dim(-1) == 0
        || batches > MOST_BATCHES
        || largest > Integer.MAX_VALUE / 2) {
      return null;
    }
    List<Integer> firsts = new ArrayList<>();
    addFirsts(firsts, a, b, out, 0, new long[3]);
    return new Product(
        out.dim(-2),
        out.dim(-1),
        a.dim(-1),
        (int) a.stride(-2),
        (int) a.stride(-1),
        (int) b.stride(-2),
        (int) b.stride(-1),
        (int) out.stride(-2),
        accumulate,
        List.copyOf(firsts),
        (int) aSize,
        (int) bSize,
        (int) outSize);
  }

  private static void addFirsts(
      List<Integer> firsts, Tensor a, Tensor b, Tensor out, int axis, long[] at) {
    if (axis == out.rank() - 2) {
      for (long first : at) {
        firsts.add((int) first);
      }
      return;
    }
    for (int i = 0; i < out.dim(axis); i++) {
      long[] next = {
        at[0] + i * a.stride(axis), at[1] + i * b.stride(axis), at[2] + i * out.stride(axis)
      };
      addFirsts(firsts, a, b, out, axis + 1, next);
    }
  }

  /** Elements from the first of a tensor to its last, gaps included. */
  static long reach(Tensor t) {
    if (t.size() == 0) {
      return 0;
    }
    long last = 0;
    for (int axis = 0; axis < t.rank(); axis++) {
      last += (t.dim(axis) - 1) * t.stride(axis);
    }
    return last + 1;
  }

  /** Extents, strides and firsts, where {@link MatmulKernels} looks for each. */
  int[] numbers() {
    int[] numbers = new int[MatmulKernels.FIRSTS + firsts.size()];
    numbers[MatmulKernels.M] = m;
    numbers[MatmulKernels.N] = n;
    numbers[MatmulKernels.K] = k;
    numbers[MatmulKernels.A_ROW] = aRow;
    numbers[MatmulKernels.A_STEP] = aStep;
    numbers[MatmulKernels.B_ROW] = bRow;
    numbers[MatmulKernels.B_STEP] = bStep;
    numbers[MatmulKernels.OUT_ROW] = outRow;
    numbers[MatmulKernels.ACCUMULATE] = accumulate ? 1 : 0;
    numbers[MatmulKernels.BATCHES] = batches();
    for (int i = 0; i < firsts.size(); i++) {
      numbers[MatmulKernels.FIRSTS + i] = firsts.get(i);
    }
    return numbers;
  }

  int batches() {
    return firsts.size() / 3;
  }

  /**
   * Whether the device needs what is in out before: it is added to, or has gaps between its rows
   * that must come back as they are.
   */
  boolean sendsOut() {
    return accumulate || outSize > (long) batches() * m * n;
  }

  /** Multiplications and additions. */
  double operations() {
    return 2.0 * batches() * m * n * k;
  }

  /** What comes back from a device of the result, and is sent of it before, in bytes. */
  double resultTraffic() {
    return 4.0 * (sendsOut() ? 2 : 1) * outSize;
  }
}
