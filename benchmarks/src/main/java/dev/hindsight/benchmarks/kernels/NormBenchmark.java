package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** RMSNorm and LayerNorm with their gradients. */
public class NormBenchmark extends KernelBenchmark {
  private static final double EPSILON = 1e-5;

  /** Rows and columns. */
  @Param({"2944x48", "2048x256", "1024x4096"})
  public String size = "";

  private Tensor x = random(0);
  private Tensor weight = x;
  private Tensor bias = x;
  private Tensor dy = x;
  private Tensor dx = x;
  private Tensor dWeight = x;
  private Tensor dBias = x;
  private Tensor rstd = x;
  private LayerOps.LayerNorm layer = new LayerOps.LayerNorm(x, x, x);

  /** Draws the operands, and computes what backward needs of forward. */
  @Setup
  public void operands() {
    int[] s = sizes(size);
    x = random(s);
    dy = random(s);
    dx = random(s);
    weight = random(s[1]);
    bias = random(s[1]);
    dWeight = random(s[1]);
    dBias = random(s[1]);
    rstd = LayerOps.rmsNorm(x, weight, EPSILON).rstd();
    layer = LayerOps.layerNorm(x, weight, bias, EPSILON);
  }

  /** Forward. */
  @Benchmark
  public Object rmsNorm() {
    return inWorkspace(() -> LayerOps.rmsNorm(x, weight, EPSILON));
  }

  /** Gradients of the rows and the weight. */
  @Benchmark
  public Object rmsNormBackward() {
    LayerOps.rmsNormBackward(x, weight, rstd, dy, dx, dWeight);
    return dx;
  }

  /** Forward. */
  @Benchmark
  public Object layerNorm() {
    return inWorkspace(() -> LayerOps.layerNorm(x, weight, bias, EPSILON));
  }

  /** Gradients of the rows, the weight and the bias. */
  @Benchmark
  public Object layerNormBackward() {
    LayerOps.layerNormBackward(x, weight, layer, dy, dx, dWeight, dBias);
    return dx;
  }
}
