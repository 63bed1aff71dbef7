package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Functions of single elements: what a pass over memory costs, and what arithmetic adds. */
public class ElementwiseBenchmark extends KernelBenchmark {
  /** Elements: in the second cache, and beyond any. */
  @Param({"65536", "4194304"})
  public int elements;

  private Tensor x = random(0);
  private Tensor y = x;
  private Tensor dy = x;

  /** Draws the operands. */
  @Setup
  public void operands() {
    x = random(elements);
    y = random(elements);
    dy = random(elements);
  }

  /** {@code x + y}. */
  @Benchmark
  public Object add() {
    return inWorkspace(() -> TensorOps.add(x, y));
  }

  /** Exponential. */
  @Benchmark
  public Object exp() {
    return inWorkspace(() -> TensorOps.unary(UnaryOp.EXP, x));
  }

  /** Hyperbolic tangent. */
  @Benchmark
  public Object tanh() {
    return inWorkspace(() -> TensorOps.unary(UnaryOp.TANH, x));
  }

  /** Logarithm, of values half of which are negative. */
  @Benchmark
  public Object log() {
    return inWorkspace(() -> TensorOps.unary(UnaryOp.LOG, x));
  }

  /** GELU with the error function. */
  @Benchmark
  public Object gelu() {
    return inWorkspace(() -> TensorOps.unary(UnaryOp.GELU, x));
  }

  /** Its gradient. */
  @Benchmark
  public Object geluBackward() {
    return inWorkspace(() -> TensorOps.unaryBackward(UnaryOp.GELU, x, y, dy));
  }

  /** SiLU. */
  @Benchmark
  public Object silu() {
    return inWorkspace(() -> TensorOps.unary(UnaryOp.SILU, x));
  }

  /** {@code silu(x) y}. */
  @Benchmark
  public Object swiglu() {
    return inWorkspace(() -> LayerOps.swiglu(x, y));
  }

  /** Its gradients. */
  @Benchmark
  public Object swigluBackward() {
    return inWorkspace(() -> LayerOps.swigluBackward(x, y, dy));
  }
}
