package dev.hindsight.opencl;

import static org.jocl.CL.*;

import java.util.function.IntConsumer;
import org.jocl.Pointer;

/** What the device can do at most, measured: limits.cl. */
final class Limits {
  /** Independent chains of an item, steps of each in a round, and operations of a step. */
  static final int CHAINS = 12;

  static final int STEPS = 4;
  private static final int FLOPS = 2;

  /** So the chains approach 1, whatever they start from. */
  static final float SCALE = 0.999f;

  static final float SHIFT = 1 - SCALE;

  static final int GROUP = 256;

  /** Groups a compute unit: twice what any GPU holds at once, so that none waits for the last. */
  private static final int GROUPS_A_UNIT = 16;

  static final int FLOAT4 = 16;

  /** Of each of two buffers; more than caches hold, where the device has room. */
  private static final long COPIED = 256L << 20;

  /** A shorter turn would measure launches, a longer one what else the machine does. */
  private static final double TURN = 0.002;

  private static final double TIME = 0.25;

  private final Device device;
  private final int width;

  Limits(Device device) {
    this.device = device;
    this.width = nativeWidth(device);
  }

  /** Floating-point operations a second; a fused multiply-add counts as two. */
  double flops() {
    int groups = GROUPS_A_UNIT * device.info().computeUnits();
    long floats = (long) groups * GROUP * width;
    DeviceMemory.Buffer out = device.allocate(floats * Float.BYTES);
    try {
      return (double) FLOPS * STEPS * CHAINS * floats * rate(n -> chains(out, groups, n));
    } finally {
      out.release();
    }
  }

  /** Bytes a second that a copy reads and writes together. */
  double bytes() {
    long room = Math.min(device.info().memory() / 8, device.info().largestBuffer() / 2);
    int groups = (int) (Math.min(COPIED, room) / FLOAT4 / GROUP);
    long bytes = (long) groups * GROUP * FLOAT4;
    DeviceMemory.Buffer from = device.allocate(bytes);
    DeviceMemory.Buffer to = device.allocate(bytes);
    try {
      return 2.0 * bytes * rate(times -> copy(from, to, groups, times));
    } finally {
      from.release();
      to.release();
    }
  }

  /** Does {@code rounds} of all chains and writes the sum of each item's to {@code out}. */
  void chains(DeviceMemory.Buffer out, int groups, int rounds) {
    Kernel kernel = kernel("fma_chains");
    synchronized (device) {
      kernel
          .launch()
          .buffer(out.memory())
          .value(rounds)
          .value(SCALE)
          .value(SHIFT)
          .run(new long[] {groups}, new long[] {GROUP});
    }
  }

  void copy(DeviceMemory.Buffer from, DeviceMemory.Buffer to, int groups, int times) {
    Kernel kernel = kernel("copy");
    synchronized (device) {
      for (int i = 0; i < times; i++) {
        kernel
            .launch()
            .buffer(from.memory())
            .buffer(to.memory())
            .run(new long[] {groups}, new long[] {GROUP});
      }
    }
  }

  private Kernel kernel(String name) {
    return device.kernel("limits.cl", name, "FLOATS=float" + (width > 1 ? width : ""));
  }

  /** How many floats an item takes at once. */
  int width() {
    return width;
  }

  /** 1 on most GPUs, whose items run in step, 4 to 16 on CPUs. */
  private static int nativeWidth(Device device) {
    int[] width = new int[1];
    clGetDeviceInfo(
        device.info().id(),
        CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT,
        Integer.BYTES,
        Pointer.to(width),
        null);
    return Math.clamp(Integer.highestOneBit(width[0]), 1, 16);
  }

  /** How many repeats a second the device does at its best, of as many as a turn takes. */
  private double rate(IntConsumer repeat) {
    repeat.accept(1); // compiles
    device.finish();
    int repeats = 1;
    double best = 0;
    long begin = System.nanoTime();
    do {
      long start = System.nanoTime();
      repeat.accept(repeats);
      device.finish();
      double seconds = (System.nanoTime() - start) * 1e-9;
      if (seconds < TURN) {
        repeats *= 2;
      } else {
        best = Math.max(best, repeats / seconds);
      }
    } while (best == 0 || (System.nanoTime() - begin) * 1e-9 < TIME);
    return best;
  }
}
