package dev.hindsight.benchmarks.peers;

import dev.hindsight.benchmarks.Case;
import java.util.Random;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Native matrices of a product, as they lie; leading dimensions are those of row-major storage.
 *
 * @param a {@code [m, k]}, or {@code [k, m]} when it is transposed
 * @param b {@code [k, n]}, or {@code [n, k]} when it is transposed
 */
record Operands(FloatPointer a, FloatPointer b, FloatPointer c, int lda, int ldb, int ldc) {
  static Operands of(Case.Sgemm s) {
    return new Operands(
        random((long) s.batch() * s.m() * s.k()),
        random((long) s.batch() * s.k() * s.n()),
        random((long) s.batch() * s.m() * s.n()),
        s.transposeA() ? s.m() : s.k(),
        s.transposeB() ? s.k() : s.n(),
        s.n());
  }

  private static FloatPointer random(long size) {
    FloatPointer p = new FloatPointer(size);
    Random random = new Random(1);
    for (long i = 0; i < size; i++) {
      p.put(i, 2 * random.nextFloat() - 1);
    }
    return p;
  }
}
