package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Matrix products of steps of models, from quickstart's to square ones, in all transpose forms. */
public class MatmulBenchmark extends KernelBenchmark {
  /** M, K and N: quickstart's training rows, weight gradients and decoding; then general ones. */
  @Param({
    "2944x48x48",
    "2944x48x128",
    "2944x128x48",
    "48x2944x128",
    "24x48x128",
    "1x48x128",
    "1x2048x2048",
    "128x128x128",
    "512x512x512",
    "1024x256x1024",
    "1024x1024x256"
  })
  public String size = "";

  /** Which operands lie transposed; weights are kept as {@code [out, in]}, which is {@code abT}. */
  @Param({"ab", "abT", "aTb", "aTbT"})
  public String form = "";

  private Tensor a = random(0);
  private Tensor b = a;
  private Tensor out = a;

  /** Draws the operands. */
  @Setup
  public void operands() {
    int[] s = sizes(size);
    a = form.startsWith("aT") ? random(s[1], s[0]).transpose(0, 1) : random(s[0], s[1]);
    b = form.endsWith("bT") ? random(s[2], s[1]).transpose(0, 1) : random(s[1], s[2]);
    out = random(s[0], s[2]);
  }

  /** {@code out = a b}; b is persistent, so the backend may keep it packed as it does a weight. */
  @Benchmark
  public Object matmul() {
    TensorOps.matmul(a, b, out, false);
    return out;
  }
}
