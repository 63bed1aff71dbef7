package dev.hindsight.tornado;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * A TornadoVM array over memory of somebody else, which may be other memory at each run: what a
 * compiled plan knows of an array is the object, and where the memory lies it looks up whenever it
 * copies. So one plan serves every tensor, and nothing is copied on the host.
 *
 * <p>TornadoVM has a header in front of an array's memory. It is sent along, and comes back with
 * the result: {@link #keepingHeader} is for results, whose header may be the end of another tensor.
 */
final class SharedArray {
  /** In front of each array's memory, in bytes. */
  static final long HEADER = TornadoNativeArray.ARRAY_HEADER;

  /** Its own memory is never used. */
  private final FloatArray array = new FloatArray(1);

  FloatArray array() {
    return array;
  }

  /**
   * Lets the array have the memory of so many elements from {@code address} on, and the header in
   * front of it; the caller keeps both alive while a kernel runs.
   */
  void moveTo(long address, long elements) {
    SEGMENT.move(array, from(address - HEADER, HEADER + Float.BYTES * elements));
  }

  /** Runs {@code action} and puts what was in the header's place back. */
  void keepingHeader(Runnable action) {
    MemorySegment header = array.getSegmentWithHeader().asSlice(0, HEADER);
    byte[] former = header.toArray(ValueLayout.JAVA_BYTE);
    try {
      action.run();
    } finally {
      header.copyFrom(MemorySegment.ofArray(former));
    }
  }

  private static MemorySegment from(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }

  /** How an array's memory is replaced; TornadoVM has no public method for it. */
  private interface Mover {
    void move(FloatArray array, MemorySegment segment);
  }

  private static final Mover SEGMENT = mover();

  /** The field is a segment up to TornadoVM 1.1, and later a holder of one. */
  private static Mover mover() {
    try {
      Field field = FloatArray.class.getDeclaredField("segment");
      field.setAccessible(true);
      if (field.getType() == MemorySegment.class) {
        return (array, segment) -> {
          try {
            field.set(array, segment);
          } catch (IllegalAccessException e) {
            throw unknown(e);
          }
        };
      }
      Method setter = field.getType().getMethod("setSegment", MemorySegment.class);
      setter.setAccessible(true);
      return (array, segment) -> {
        try {
          setter.invoke(field.get(array), segment);
        } catch (ReflectiveOperationException e) {
          throw unknown(e);
        }
      };
    } catch (ReflectiveOperationException | RuntimeException e) {
      throw unknown(e);
    }
  }

  private static IllegalStateException unknown(Exception cause) {
    return new IllegalStateException(
        "backend tornado: this TornadoVM's FloatArray has no memory segment that can be replaced;"
            + " install version 5.2.0, with which this was tested",
        cause);
  }
}
