package dev.hindsight.benchmarks.kernels;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/** Rotary position embedding; its gradient is the same turn backwards. */
public class RopeBenchmark extends KernelBenchmark {
  /** Rows, heads and channels of a head. */
  @Param({"2944x4x12", "2048x8x32", "1024x16x64"})
  public String size = "";

  private Tensor x = random(0);
  private Tensor positions = x;

  /** Draws the operands. */
  @Setup
  public void operands() {
    int[] s = sizes(size);
    x = random(s);
    positions = indices(s[0], s[0]);
  }

  /** Turns every head of every row. */
  @Benchmark
  public Object rope() {
    return inWorkspace(() -> LayerOps.rope(x, positions, 1e4, false));
  }
}
