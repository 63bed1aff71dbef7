package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Runs the {@code @Parallel} kernels as plain Java, where each loop is a loop. */
final class PlainMachine implements Machine {
  static Plan plan(Runnable run) {
    return new Plan() {
      @Override
      public void run() {
        run.run();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public Plan matmul(
      Product p, FloatArray a, FloatArray b, FloatArray out, IntArray numbers, boolean sendsOut) {
    return plan(() -> MatmulKernels.matmul(a, b, out, numbers, p.batches(), p.m(), p.n()));
  }

  @Override
  public String toString() {
    return "@Parallel";
  }
}
