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
import java.util.OptionalDouble;

/** Short measurements of a backend. */
final class Speed {
  /**
   * Largest error of a gradient's element, relative to its largest element. Sums of 64 products in
   * F32 err by at most 64 units of 6e-8; two of them follow one another, and exponentials add a
   * few.
   */
  static final double GRADIENT_BOUND = 1e-5;

  /** Seconds at the peak: a launch on a device should take a small part of it. */
  private static final double SHORTEST_PRODUCT = 5e-4;

  private static final long STREAM = 0x7365_6C66_7465_7374L;

  private Speed() {}

  /**
   * Floating-point operations a second of a square matrix product, at its best turn.
   *
   * @param peak of the backend, or 0: what multiplies fast gets a larger product
   */
  static double matmulFlops(Backend backend, double peak) {
    int n = 576; // whole tiles at every vector width: no second kernel has to be compiled
    while (n < 4096 && 2.0 * n * n * n < SHORTEST_PRODUCT * peak) {
      n *= 2;
    }
    double work = 2.0 * n * n * n;
    Tensor a = TensorOps.full(backend, DType.F32, Shape.of(n, n), 0.5);
    Tensor b = TensorOps.full(backend, DType.F32, Shape.of(n, n), 0.25);
    try (Workspace workspace = new Workspace(backend)) {
      // A flat product of the same width runs the same kernel soon enough, even interpreted, for
      // the
      // compiler to finish it before a square one is begun.
      Tensor flatA = a.slice(0, 0, 96).slice(1, 0, 32);
      Tensor flatB = b.slice(0, 0, 32);
      warmUp(done(workspace, () -> TensorOps.matmul(flatA, flatB)), 1);
      return work / best(done(workspace, () -> TensorOps.matmul(a, b)), 0.1, 0.4);
    }
  }

  /** Ends when the work is done, on a device, too. */
  private static Runnable done(Workspace workspace, Runnable work) {
    return () -> {
      try (var _ = workspace.open()) {
        work.run();
        workspace.backend().synchronise();
      }
    };
  }

  /**
   * Bytes a second that the backend's own measurement reaches, else of {@code out += x} over 64 MB:
   * two reads and a write.
   */
  static double bytesPerSecond(Backend backend) {
    OptionalDouble measured = backend.measureBandwidth();
    if (measured.isPresent()) {
      return measured.getAsDouble();
    }
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

  /** Runs until a turn is twenty times as quick as the first, which was interpreted. */
  private static void warmUp(Runnable work, double limit) {
    long begin = System.nanoTime();
    work.run();
    long first = System.nanoTime() - begin;
    long start;
    do {
      start = System.nanoTime();
      work.run();
    } while (20 * (System.nanoTime() - start) > first && start - begin < 1e9 * limit);
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
