package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Threads;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What the benchmarks of kernels share: microseconds a call, a workspace that each call resets, and
 * operands in persistent memory. Three processes each, for what the compiler makes of a kernel
 * differs from one to the next.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(3)
@Threads(1)
public abstract class KernelBenchmark {
  /** Threads of the engine's own pool. */
  @Param("1")
  public int engineThreads;

  private final Backend backend = Backends.get("vector");
  private final Workspace workspace = new Workspace(backend);
  private final Philox random = new Philox(1, 0x6a_6d68L);

  /** Before operands are made. */
  @Setup
  public void setThreads() {
    dev.hindsight.engine.Threads.set(engineThreads);
  }

  /** A tensor of its own, uniform in [-1, 1). */
  protected final Tensor random(int... dims) {
    Shape shape = Shape.of(dims);
    float[] values = new float[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = 2 * (float) random.nextDouble() - 1;
    }
    return Tensor.of(backend, shape, values);
  }

  /** Indices below {@code extent}. */
  protected final Tensor indices(int count, int extent) {
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = random.nextInt(extent);
    }
    return Tensor.of(backend, Shape.of(count), values);
  }

  /** One call whose results come from the workspace, which is reset behind it. */
  protected final Object inWorkspace(Supplier<Object> call) {
    try (var _ = workspace.open()) {
      return call.get();
    }
  }

  /** The integers of a parameter such as {@code 128x64}. */
  protected static int[] sizes(String parameter) {
    return java.util.Arrays.stream(parameter.split("x", -1)).mapToInt(Integer::parseInt).toArray();
  }
}
