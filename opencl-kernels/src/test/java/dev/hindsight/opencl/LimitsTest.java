package dev.hindsight.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The limits that kernels are compared with do the work that they count. */
class LimitsTest {
  private static final int GROUPS = 5;
  private static final int ROUNDS = 37;

  /** A chain that a compiler shortened, or a round left out, would give other bits. */
  @Test
  void everyItemComputesAllOfItsChains() {
    Device device = Opened.backend().device();
    Limits limits = new Limits(device);
    float[] sums = new float[GROUPS * Limits.GROUP * limits.width()];
    DeviceMemory.Buffer out = device.allocate(4L * sums.length);
    limits.chains(out, GROUPS, ROUNDS);
    device.read(out.memory(), 0, MemorySegment.ofArray(sums));
    out.release();
    for (int i = 0; i < sums.length; i++) {
      float all = 0;
      for (int c = 0; c < Limits.CHAINS; c++) {
        float chain = i / limits.width() % 1024 + c;
        for (int step = 0; step < ROUNDS * Limits.STEPS; step++) {
          chain = Math.fma(chain, Limits.SCALE, Limits.SHIFT);
        }
        all += chain;
      }
      assertThat(sums[i]).as("element %d", i).isEqualTo(all);
    }
  }

  @Test
  void aCopyMovesEveryByte() {
    Device device = Opened.backend().device();
    byte[] bytes = new byte[GROUPS * Limits.GROUP * Limits.FLOAT4];
    new Random(1).nextBytes(bytes);
    DeviceMemory.Buffer from = device.allocate(bytes.length);
    DeviceMemory.Buffer to = device.allocate(bytes.length);
    device.write(MemorySegment.ofArray(bytes), from.memory(), 0);
    new Limits(device).copy(from, to, GROUPS, 1);
    byte[] copied = new byte[bytes.length];
    device.read(to.memory(), 0, MemorySegment.ofArray(copied));
    assertThat(copied).isEqualTo(bytes);
    from.release();
    to.release();
  }

  @Test
  void limitsAreSpeeds() {
    Backend backend = Opened.backend();
    assertThat(backend.measurePeak().orElseThrow()).isBetween(1e8, 1e16);
    assertThat(backend.measureBandwidth().orElseThrow()).isBetween(1e8, 1e15);
  }
}
