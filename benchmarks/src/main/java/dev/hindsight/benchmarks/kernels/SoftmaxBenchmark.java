package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Softmax, its logarithm and cross-entropy over the last axis, with their gradients. */
public class SoftmaxBenchmark extends KernelBenchmark {
  /** Rows and columns: quickstart's vocabulary, a small GPT's, and a wide one. */
  @Param({"1000x118", "2048x256", "1024x4096"})
  public String size = "";

  private Tensor x = random(0);
  private Tensor y = x;
  private Tensor d = x;
  private Tensor targets = x;
  private Tensor dLoss = x;
  private Tensor lse = x;

  /** Draws the operands. */
  @Setup
  public void operands() {
    int[] s = sizes(size);
    x = random(s);
    d = random(s);
    y = LayerOps.softmax(x);
    targets = indices(s[0], s[1]);
    dLoss = random(s[0]);
    lse = LayerOps.crossEntropy(x, targets).lse();
  }

  /** Forward. */
  @Benchmark
  public Object softmax() {
    return inWorkspace(() -> LayerOps.softmax(x));
  }

  /** Its gradient. */
  @Benchmark
  public Object softmaxBackward() {
    return inWorkspace(() -> LayerOps.softmaxBackward(y, d));
  }

  /** Forward. */
  @Benchmark
  public Object logSoftmax() {
    return inWorkspace(() -> LayerOps.logSoftmax(x));
  }

  /** Losses of rows of logits. */
  @Benchmark
  public Object crossEntropy() {
    return inWorkspace(() -> LayerOps.crossEntropy(x, targets));
  }

  /** Its gradient. */
  @Benchmark
  public Object crossEntropyBackward() {
    return inWorkspace(() -> LayerOps.crossEntropyBackward(x, targets, lse, dLoss));
  }
}
