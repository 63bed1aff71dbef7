package dev.hindsight.cli;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;

/** Short measurements of a backend. */
final class Speed {
  /**
   * Largest error of a gradient's element, relative to its largest element. Sums of 64 products in
   * F32 err by at most 64 units of 6e-8; two of them follow one another, and exponentials add a
   * few.
   */
  static final double GRADIENT_BOUND = 1e-5;

  private static final long STREAM = 0x7365_6C66_7465_7374L;

  private Speed() {}

  /** Floating-point operations a second of a square matrix product, at its best turn. */
  static double matmulFlops(Backend backend) {
    matmulSeconds(backend, 96, 0.4, 1); // compiles the kernels, which takes longer than measuring
    int n = 512;
    return 2.0 * n * n * n / matmulSeconds(backend, n, 0.1, 0.4);
  }

  private static double matmulSeconds(Backend backend, int n, double patience, double limit) {
    Tensor a = random(backend, DType.F32, new Philox(1, STREAM), n, n);
    Tensor b = random(backend, DType.F32, new Philox(2, STREAM), n, n);
    try (Workspace workspace = new Workspace(backend)) {
      return best(
          () -> {
            try (var _ = workspace.open()) {
              TensorOps.matmul(a, b);
            }
          },
          patience,
          limit);
    }
  }

  /** Bytes a second of {@code out += x} over 64 MB: two reads and a write. */
  static double bytesPerSecond(Backend backend) {
    int n = 1 << 23;
    Tensor x = TensorOps.full(backend, DType.F32, Shape.of(n), 1);
    Tensor out = TensorOps.zeros(backend, DType.F32, Shape.of(n));
    double seconds = best(() -> TensorOps.addScaled(x, 1, out), 0.1, 0.3);
    return 3.0 * n * DType.F32.bytes() / seconds;
  }

  /**
   * The gradient of a small network's cross-entropy on a backend in F32, against the reference
   * backend in F64: largest difference, relative to the largest element.
   */
  static double gradientError(Backend backend, long seed) {
    double[] here = gradient(backend, DType.F32, seed);
    double[] truth = gradient(Backends.get("reference"), DType.F64, seed);
    double largest = 0;
    double error = 0;
    for (int i = 0; i < truth.length; i++) {
      largest = Math.max(largest, Math.abs(truth[i]));
      error = Math.max(error, Math.abs(here[i] - truth[i]));
    }
    return error / largest;
  }

  private static double[] gradient(Backend backend, DType dtype, long seed) {
    Philox random = new Philox(seed, STREAM);
    Variable x = Variable.constant(random(backend, dtype, random, 33, 64));
    Variable w = Variable.leaf(random(backend, dtype, random, 64, 64));
    Variable v = Variable.leaf(random(backend, dtype, random, 64, 17));
    int[] classes = new int[33];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = random.nextInt(17);
    }
    Tensor targets = Tensor.of(backend, Shape.of(classes.length), classes);
    x.matmul(w).silu().matmul(v).crossEntropy(targets).mean().backward();
    Tensor gradient = w.gradient();
    if (gradient == null) {
      throw new IllegalStateException("selftest: backward left no gradient");
    }
    return gradient.toDoubles();
  }

  /** Uniform numbers in [-.5, .5), the same values in either type. */
  private static Tensor random(Backend backend, DType dtype, Philox random, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextDouble() - 0.5f;
    }
    Tensor t = Tensor.of(Backends.get("reference"), Shape.of(rows, columns), values);
    if (dtype != DType.F32) {
      return TensorOps.cast(t, dtype);
    }
    return Tensor.of(backend, Shape.of(rows, columns), values);
  }

  /**
   * Seconds of the quickest turn. Ends when no turn has been clearly quicker for {@code patience}
   * seconds: kernels are interpreted at first, and the optimising compiler takes its time.
   */
  private static double best(Runnable work, double patience, double limit) {
    long begin = System.nanoTime();
    double best = Double.MAX_VALUE;
    double found = 0;
    double now;
    do {
      long start = System.nanoTime();
      work.run();
      double seconds = (System.nanoTime() - start) / 1e9;
      now = (System.nanoTime() - begin) / 1e9;
      if (seconds < 0.9 * best) {
        found = now;
      }
      best = Math.min(best, seconds);
    } while (now - found < patience && now < limit);
    return best;
  }
}
