package dev.hindsight.tornado;

import java.util.OptionalDouble;
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

  /** A product that is ready to run over whatever memory its arrays have then. */
  interface ProductPlan extends AutoCloseable {
    /**
     * Sends each array whose buffer is not current, computes, and waits until {@code out} is back.
     * Allocates what has no memory yet. {@code a} and {@code b} may be one buffer.
     */
    void run(DeviceBuffer a, DeviceBuffer b, DeviceBuffer out);

    /** Gives back all but the buffers' memory. */
    @Override
    void close();
  }

  /**
   * See {@link MatmulKernels#matmul}; {@code numbers}, which go to the device at each run, say
   * everything about the product.
   */
  ProductPlan matmul(FloatArray a, FloatArray b, FloatArray out, IntArray numbers);

  /** Bytes of the device's memory that may be taken, by everything together. */
  long memory();

  /**
   * Floating-point operations a second of multiply-adds in registers, measured on the spot; empty
   * where that says nothing.
   */
  default OptionalDouble measurePeak() {
    return OptionalDouble.empty();
  }

  /** Gives the memory of a buffer back, if it has any. */
  void free(DeviceBuffer buffer);

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
