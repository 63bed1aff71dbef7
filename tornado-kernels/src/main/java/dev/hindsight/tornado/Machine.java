package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * What runs kernels: TornadoVM, or plain Java in tests. Each method gets a kernel ready for arrays
 * that stay the same objects; their memory may be replaced between runs.
 */
interface Machine {
  /** A kernel that is ready to run. */
  interface Plan extends AutoCloseable {
    /** Sends what is needed, computes, and waits until the results are there. */
    void run();

    /** Gives the device's memory back. */
    @Override
    void close();
  }

  /**
   * See {@link MatmulKernels#matmul}.
   *
   * @param sendsOut whether the device needs what is in {@code out} before: {@code product}
   *     accumulates, or {@code out} has gaps that must come back as they are
   */
  Plan matmul(
      Product product,
      FloatArray a,
      FloatArray b,
      FloatArray out,
      IntArray numbers,
      boolean sendsOut);
}
