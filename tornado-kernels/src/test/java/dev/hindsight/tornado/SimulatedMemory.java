package dev.hindsight.tornado;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/**
 * A device's memory, played by other arrays: what is not sent is not seen. Counts what is allocated
 * and not given back.
 */
final class SimulatedMemory {
  /** What computes on the device. */
  interface Kernel {
    void run(FloatArray a, FloatArray b, FloatArray out);
  }

  private long held;

  /** Bytes of buffers. */
  long held() {
    return held;
  }

  Machine.ProductPlan plan(FloatArray a, FloatArray b, FloatArray out, Kernel kernel) {
    return new Machine.ProductPlan() {
      @Override
      public void run(DeviceBuffer aBuffer, DeviceBuffer bBuffer, DeviceBuffer outBuffer) {
        FloatArray aThere = there(a, aBuffer, aBuffer.current);
        FloatArray bThere = there(b, bBuffer, bBuffer.current || bBuffer == aBuffer);
        FloatArray outThere = there(out, outBuffer, outBuffer.current);
        kernel.run(aThere, bThere, outThere);
        out.getSegment().copyFrom(outThere.getSegment());
      }

      @Override
      public void close() {}
    };
  }

  private FloatArray there(FloatArray array, DeviceBuffer buffer, boolean current) {
    if (buffer.memory == null) {
      buffer.memory = new FloatArray(buffer.elements);
      held += buffer.bytes();
    }
    FloatArray memory = (FloatArray) buffer.memory;
    if (!current) {
      memory.getSegment().copyFrom(array.getSegment());
    }
    return memory;
  }

  void free(DeviceBuffer buffer) {
    held -= buffer.memory == null ? 0 : buffer.bytes();
    buffer.memory = null;
    buffer.current = false;
  }
}
