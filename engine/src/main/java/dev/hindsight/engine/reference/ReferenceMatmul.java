package dev.hindsight.engine.reference;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;

import dev.hindsight.engine.DType;
import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Matrix products of host tensors with any strides. Each element is one chain of fused
 * multiply-adds over K in ascending order, in the type of the operands; every backend that promises
 * the same chain gives the same bits.
 */
public final class ReferenceMatmul {
  private ReferenceMatmul() {}

  /** See {@link dev.hindsight.engine.Backend#matmul}. */
  public static void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    // Rows over everything but [M, N] of the result; the first element of each matrix.
    Rows batches = Rows.leading(2, a, b, out);
    while (batches.next()) {
      if (out.dtype() == DType.F64) {
        f64(a, batches.at(0, 0), b, batches.at(1, 0), out, batches.at(2, 0), accumulate);
      } else {
        f32(a, batches.at(0, 0), b, batches.at(1, 0), out, batches.at(2, 0), accumulate);
      }
    }
  }

  private static void f32(
      Tensor a, long aStart, Tensor b, long bStart, Tensor out, long outStart, boolean accumulate) {
    MemorySegment as = HostStorage.segmentOf(a);
    MemorySegment bs = HostStorage.segmentOf(b);
    MemorySegment outs = HostStorage.segmentOf(out);
    int depth = a.dim(-1);
    float[] sums = new float[out.dim(-1)]; // one row of the result: its chains advance together
    for (int m = 0; m < out.dim(-2); m++) {
      long outRow = outStart + m * out.stride(-2);
      for (int n = 0; n < sums.length; n++) {
        sums[n] = accumulate ? outs.getAtIndex(JAVA_FLOAT_UNALIGNED, outRow + n) : 0;
      }
      for (int k = 0; k < depth; k++) {
        float x = as.getAtIndex(JAVA_FLOAT_UNALIGNED, aStart + m * a.stride(-2) + k * a.stride(-1));
        long bRow = bStart + k * b.stride(-2);
        long bStep = b.stride(-1);
        for (int n = 0; n < sums.length; n++) {
          sums[n] = Math.fma(x, bs.getAtIndex(JAVA_FLOAT_UNALIGNED, bRow + n * bStep), sums[n]);
        }
      }
      for (int n = 0; n < sums.length; n++) {
        outs.setAtIndex(JAVA_FLOAT_UNALIGNED, outRow + n, sums[n]);
      }
    }
  }

  private static void f64(
      Tensor a, long aStart, Tensor b, long bStart, Tensor out, long outStart, boolean accumulate) {
    MemorySegment as = HostStorage.segmentOf(a);
    MemorySegment bs = HostStorage.segmentOf(b);
    MemorySegment outs = HostStorage.segmentOf(out);
    int depth = a.dim(-1);
    double[] sums = new double[out.dim(-1)];
    for (int m = 0; m < out.dim(-2); m++) {
      long outRow = outStart + m * out.stride(-2);
      for (int n = 0; n < sums.length; n++) {
        sums[n] = accumulate ? outs.getAtIndex(JAVA_DOUBLE_UNALIGNED, outRow + n) : 0;
      }
      for (int k = 0; k < depth; k++) {
        double x =
            as.getAtIndex(JAVA_DOUBLE_UNALIGNED, aStart + m * a.stride(-2) + k * a.stride(-1));
        long bRow = bStart + k * b.stride(-2);
        long bStep = b.stride(-1);
        for (int n = 0; n < sums.length; n++) {
          sums[n] = Math.fma(x, bs.getAtIndex(JAVA_DOUBLE_UNALIGNED, bRow + n * bStep), sums[n]);
        }
      }
      for (int n = 0; n < sums.length; n++) {
        outs.setAtIndex(JAVA_DOUBLE_UNALIGNED, outRow + n, sums[n]);
      }
    }
  }
}
