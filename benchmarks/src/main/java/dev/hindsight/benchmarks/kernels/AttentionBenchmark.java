package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Causal attention of packed sequences. */
public class AttentionBenchmark extends KernelBenchmark {
  /** Sequences, tokens of each, query heads, key heads, channels of a head. */
  @Param({"128x23x4x4x12", "8x256x8x8x32", "1x1024x8x8x64", "1x1024x8x2x64"})
  public String size = "";

  private Tensor q = random(0);
  private Tensor k = q;
  private Tensor v = q;
  private Tensor dOut = q;
  private SequenceLayout layout = SequenceLayout.packed();
  private double scale;
  private LayerOps.Attention y = new LayerOps.Attention(q, q);

  /** Draws the operands, and computes what backward needs of forward. */
  @Setup
  public void operands() {
    int[] s = sizes(size);
    int rows = s[0] * s[1];
    q = random(rows, s[2], s[4]);
    k = random(rows, s[3], s[4]);
    v = random(rows, s[3], s[4]);
    dOut = random(rows, s[2], s[4]);
    int[] lengths = new int[s[0]];
    Arrays.fill(lengths, s[1]);
    layout = SequenceLayout.packed(lengths);
    scale = 1 / Math.sqrt(s[4]);
    y = LayerOps.attention(q, k, v, layout, scale);
  }

  /** Forward alone. */
  @Benchmark
  public Object forward() {
    return inWorkspace(() -> LayerOps.attention(q, k, v, layout, scale));
  }

  /** Forward where no gradient follows. */
  @Benchmark
  public Object withoutGradient() {
    return inWorkspace(() -> LayerOps.attentionWithoutGradient(q, k, v, layout, scale));
  }

  /** Gradients of q, k and v alone. */
  @Benchmark
  public Object backward() {
    return inWorkspace(() -> LayerOps.attentionBackward(q, k, v, layout, scale, y, dOut));
  }
}
