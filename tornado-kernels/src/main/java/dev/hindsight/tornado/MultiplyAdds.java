package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Multiply-adds and nothing else: how fast a device computes in registers. */
final class MultiplyAdds {
  /** Work-items of a group, and groups: enough to fill a large GPU. */
  static final int GROUP = 256;

  static final int GROUPS = 2048;

  /** Chains of an item, which do not wait for each other. */
  private static final int CHAINS = 8;

  private MultiplyAdds() {}

  /** Each item writes the sum of its chains, so that none can be left out. */
  static void run(KernelContext context, FloatArray out, IntArray rounds) {
    int item = context.globalIdx;
    float x0 = item;
    float x1 = item + 1;
    float x2 = item + 2;
    float x3 = item + 3;
    float x4 = item + 4;
    float x5 = item + 5;
    float x6 = item + 6;
    float x7 = item + 7;
    int count = rounds.get(0);
    for (int i = 0; i < count; i++) {
      x0 = x0 * 0.5f + 1.0f;
      x1 = x1 * 0.5f + 1.0f;
      x2 = x2 * 0.5f + 1.0f;
      x3 = x3 * 0.5f + 1.0f;
      x4 = x4 * 0.5f + 1.0f;
      x5 = x5 * 0.5f + 1.0f;
      x6 = x6 * 0.5f + 1.0f;
      x7 = x7 * 0.5f + 1.0f;
    }
    out.set(item, x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7);
  }

  /** Floating-point operations of a run. */
  static double operations(int rounds) {
    return 2.0 * CHAINS * GROUP * GROUPS * rounds;
  }
}
