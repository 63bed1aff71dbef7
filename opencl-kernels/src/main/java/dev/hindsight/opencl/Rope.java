package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;
import dev.hindsight.opencl.DeviceMemory.Buffer;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** Rotary position embedding: rope.cl, and the frequencies that it takes. */
final class Rope {
  private static final int GROUP = 128;

  private final Device device;
  private final Map<Frequencies, Buffer> turns = new HashMap<>();

  Rope(Device device) {
    this.device = device;
  }

  /** Those of {@code half} pairs of channels: models have one of these, seldom two. */
  private record Frequencies(double theta, int half) {
    /** Turns a position, each as two floats: the second is what the first lacks. */
    float[] turns() {
      float[] pairs = new float[2 * half];
      for (int i = 0; i < half; i++) {
        double turns = Math.exp(-Math.log(theta) * i / half) / (2 * Math.PI);
        pairs[2 * i] = (float) turns;
        pairs[2 * i + 1] = (float) (turns - pairs[2 * i]);
      }
      return pairs;
    }
  }

  private Buffer upload(Frequencies frequencies) {
    float[] values = frequencies.turns();
    Buffer buffer = device.allocate(4L * values.length);
    device.write(MemorySegment.ofArray(values), buffer.memory(), 0);
    return buffer;
  }

  /** See {@link dev.hindsight.engine.Backend#rope}; F32. */
  void run(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    int half = x.dim(2) / 2;
    if (out.size() == 0) {
      return;
    }
    synchronized (device) {
      Buffer frequencies = turns.computeIfAbsent(new Frequencies(theta, half), this::upload);
      device
          .kernel("rope.cl", "rope")
          .launch()
          .tensor(x)
          .value(x.stride(0))
          .value(x.stride(1))
          .value(x.stride(2))
          .tensor(positions)
          .value(positions.stride(0))
          .tensor(out)
          .buffer(frequencies.memory())
          .value(x.dim(0))
          .value(x.dim(1))
          .value(half)
          .value(inverse ? -1f : 1f)
          .run((long) x.dim(0) * half, GROUP);
    }
  }
}
