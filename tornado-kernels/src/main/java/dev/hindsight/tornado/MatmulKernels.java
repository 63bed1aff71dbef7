package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Matrix products with {@code @Parallel} loops: the readable twin of {@link MatmulTiles}. Each
 * element is one chain over K in ascending order. TornadoVM makes a fused multiply-add of {@code x
 * * y + sum}, as {@link dev.hindsight.engine.Backend#matmul} wants it; the JVM, where this runs as
 * plain Java, rounds twice. (TornadoVM has no way to compile {@link Math#fma(float, float,
 * float)}.)
 */
final class MatmulKernels {
  private MatmulKernels() {}

  /** Where the numbers of a product lie: see {@link Product#numbers}. */
  static final int M = 0;

  static final int N = 1;
  static final int K = 2;
  static final int A_ROW = 3;
  static final int A_STEP = 4;
  static final int B_ROW = 5;
  static final int B_STEP = 6;
  static final int OUT_ROW = 7;

  /** 1 to begin each chain with the former value of {@code out}, 0 to begin with 0. */
  static final int ACCUMULATE = 8;

  /** How many batches there are; a group of a later one does nothing. */
  static final int BATCHES = 9;

  /** Three for each batch: where its first element is in {@code a}, {@code b} and {@code out}. */
  static final int FIRSTS = 10;

  /**
   * {@code out (+)= a b} for {@code batches} pairs of matrices.
   *
   * @param a {@code [m, k]}: element {@code (i, p)} of a batch lies {@code i A_ROW + p A_STEP}
   *     behind the batch's first
   * @param b {@code [k, n]}: likewise, with {@code p B_ROW + j B_STEP}
   * @param out {@code [m, n]}: likewise, with {@code i OUT_ROW + j}
   * @param numbers extents and strides
   */
  static void matmul(
      FloatArray a, FloatArray b, FloatArray out, IntArray numbers, int batches, int m, int n) {
    for (@Parallel int batch = 0; batch < batches; batch++) {
      for (@Parallel int i = 0; i < m; i++) {
        for (@Parallel int j = 0; j < n; j++) {
          int aAt = numbers.get(FIRSTS + 3 * batch) + i * numbers.get(A_ROW);
          int bAt = numbers.get(FIRSTS + 3 * batch + 1) + j * numbers.get(B_STEP);
          int outAt = numbers.get(FIRSTS + 3 * batch + 2) + i * numbers.get(OUT_ROW) + j;
          float sum = 0.0f;
          if (numbers.get(ACCUMULATE) == 1) {
            sum = out.get(outAt);
          }
          for (int p = 0; p < numbers.get(K); p++) {
            sum = a.get(aAt + p * numbers.get(A_STEP)) * b.get(bAt + p * numbers.get(B_ROW)) + sum;
          }
          out.set(outAt, sum);
        }
      }
    }
  }
}
