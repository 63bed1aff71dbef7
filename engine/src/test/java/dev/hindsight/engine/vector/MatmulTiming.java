package dev.hindsight.engine.vector;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Locale;

/**
 * Prints GFLOP/s of matrix products at the built-in models' shapes and at large ones, best of some
 * hundred runs, beside the peak of fused multiply-adds measured just before. Not a test. With one
 * thread it counts processor time, so that other processes on the machine disturb it less.
 *
 * <p>{@code java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED
 * -XX:Tier3DelayOn=1000000 -cp engine/target/classes:engine/target/test-classes:ASSERTJ_JAR
 * dev.hindsight.engine.vector.MatmulTiming [THREADS]}
 */
final class MatmulTiming {
  private static final int[][] SHAPES = {
    {2944, 48, 48},
    {2944, 48, 128},
    {2944, 128, 48},
    {1000, 48, 118},
    {2944, 96, 256},
    {48, 2944, 48},
    {128, 48, 48},
    {24, 48, 48},
    {5, 48, 128},
    {1, 48, 48},
    {1, 96, 256},
    {128, 128, 128},
    {512, 512, 512},
    {1024, 1024, 1024},
    {1, 2048, 2048}
  };

  private static final ThreadMXBean CLOCK = ManagementFactory.getThreadMXBean();

  private MatmulTiming() {}

  private static long now() {
    return Threads.count() == 1 ? CLOCK.getCurrentThreadCpuTime() : System.nanoTime();
  }

  private static double gigaflops(Tensor a, Tensor b, Tensor out) {
    double flops = 2.0 * out.size() * a.dim(1);
    int repeats = (int) Math.max(1, 5e6 / flops);
    double best = 0;
    long end = System.nanoTime() + 1_000_000_000L;
    for (int i = 0; i < 400 && (i < 5 || System.nanoTime() < end); i++) {
      long start = now();
      for (int r = 0; r < repeats; r++) {
        TensorOps.matmul(a, b, out, false);
      }
      best = Math.max(best, flops * repeats / (now() - start));
    }
    return best;
  }

  public static void main(String[] arguments) {
    Threads.set(arguments.length == 0 ? 1 : Integer.parseInt(arguments[0]));
    Backend backend = Backends.get("vector");
    double peak = FmaPeak.measure() / 1e9;
    System.out.printf(
        Locale.ROOT, "%s; peak of one thread %.0f GFLOP/s%n", backend.description(), peak);
    System.out.println("                          a b     a b^T     a^T b");
    for (int[] shape : SHAPES) {
      int m = shape[0];
      int k = shape[1];
      int n = shape[2];
      Tensor a = Cases.random(backend, 1, m, k);
      Tensor at = Cases.random(backend, 1, k, m).transpose(0, 1);
      Tensor b = Cases.random(backend, 2, k, n);
      Tensor bt = Cases.random(backend, 2, n, k).transpose(0, 1);
      Tensor out = Cases.random(backend, 3, m, n);
      System.out.printf(
          Locale.ROOT,
          "%5d x %4d x %4d  %8.1f  %8.1f  %8.1f%n",
          m,
          k,
          n,
          gigaflops(a, b, out),
          gigaflops(a, bt, out),
          gigaflops(at, b, out));
    }
  }
}
