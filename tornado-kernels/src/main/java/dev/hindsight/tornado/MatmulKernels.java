package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products with {@code @Parallel} loops: the readable twin of {@link MatmulTiles}, with the
 * same arguments. Each element is one chain over K in ascending order. TornadoVM makes a fused
 * multiply-add of {@code x * y + sum}, as {@link dev.hindsight.engine.Backend#matmul} wants it; the
 * JVM, where this runs as plain Java, rounds twice. (TornadoVM has no way to compile {@link
 * Math#fma(float, float, float)}.)
 */
final class MatmulKernels {
  private MatmulKernels() {}

  /**
   * {@code out (+)= a b} for {@code batches} pairs of matrices.
   *
   * @param a {@code [m, k]}: element {@code (i, p)} of a batch lies {@code i aRow + p aStep} behind
   *     the batch's first
   * @param b {@code [k, n]}: likewise, with {@code p bRow + j bStep}
   * @param out {@code [m, n]}: likewise, with {@code i outRow + j}
   * @param firsts three for each batch: where its first element is in {@code a}, {@code b} and
   *     {@code out}
   * @param accumulate 1 to begin each chain with the former value of {@code out}, 0 to begin with 0
   */
  static void matmul(
      FloatArray a,
      FloatArray b,
      FloatArray out,
      IntArray firsts,
      int batches,
      int m,
      int n,
      int k,
      int aRow,
      int aStep,
      int bRow,
      int bStep,
      int outRow,
      int accumulate) {
    for (@Parallel int batch = 0; batch < batches; batch++) {
      for (@Parallel int i = 0; i < m; i++) {
        for (@Parallel int j = 0; j < n; j++) {
          int aAt = firsts.get(3 * batch) + i * aRow;
          int bAt = firsts.get(3 * batch + 1) + j * bStep;
          int outAt = firsts.get(3 * batch + 2) + i * outRow + j;
          float sum = 0.0f;
          if (accumulate == 1) {
            sum = out.get(outAt);
          }
          for (int p = 0; p < k; p++) {
            sum = a.get(aAt + p * aStep) * b.get(bAt + p * bRow) + sum;
          }
          out.set(outAt, sum);
        }
      }
    }
  }
}
