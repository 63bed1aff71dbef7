package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** The passes over all weights at the end of a step. */
public class AdamWBenchmark extends KernelBenchmark {
  /** Weights: of the 48x2 base, about, and of a small GPT. */
  @Param({"65536", "6900000"})
  public int weights;

  private final AdamWStep step = new AdamWStep(1e-3, .9, .999, 1e-8, .01, 10, 1);
  private Tensor p = random(0);
  private Tensor g = p;
  private Tensor m = p;
  private Tensor v = p;

  /** Draws the operands. */
  @Setup
  public void operands() {
    p = random(weights);
    g = random(weights);
    m = random(weights);
    v = TensorOps.unary(UnaryOp.SQUARE, random(weights));
  }

  /** One update in place. */
  @Benchmark
  public Object adamW() {
    TensorOps.adamW(p, g, m, v, step);
    return p;
  }

  /** What the norm of the gradient is made of. */
  @Benchmark
  public double sumOfSquares() {
    return TensorOps.sumOfSquares(g);
  }

  /** The moving average of a teacher's weights. */
  @Benchmark
  public Object lerp() {
    TensorOps.lerp(g, .05, p);
    return p;
  }
}
