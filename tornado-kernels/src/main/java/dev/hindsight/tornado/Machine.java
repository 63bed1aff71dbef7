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
   * See {@link MatmulKernels#matmul}; {@code numbers} has room for the firsts of {@code
   * shape.batches()}.
   */
  Plan matmul(ProductShape shape, FloatArray a, FloatArray b, FloatArray out, IntArray numbers);

  /**
   * The rows of a tile of attention, in units of {@link AttentionTiles#SIDE}, for heads of so many
   * channels: 1 or 2, or 0 when the device has no local memory for any. Depends on nothing else: a
   * row's bits do not either.
   */
  int attentionTile(int channels);

  /** {@code out} and {@code lse} from {@code q}, {@code k} and {@code v}. */
  Plan attention(AttentionShape shape, AttentionArrays arrays);

  /** {@code dq}, {@code dk} and {@code dv} from all others. */
  Plan attentionBackward(AttentionShape shape, AttentionArrays arrays);
}
