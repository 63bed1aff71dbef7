package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CLException;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;
import org.jspecify.annotations.Nullable;

/**
 * A compiled kernel. Arguments are set in order, and {@link Launch#run} puts it into the queue;
 * both happen under the device's lock, because a kernel holds its arguments itself:
 *
 * <pre>{@code
 * synchronized (device) {
 *   kernel.launch().tensor(x).tensor(y).value(n).run(global, local);
 * }
 * }</pre>
 */
final class Kernel {
  private final Device device;
  private final String name;
  private final cl_kernel kernel;
  private final Launch launch = new Launch();

  Kernel(Device device, String name, cl_kernel kernel) {
    this.device = device;
    this.name = name;
    this.kernel = kernel;
  }

  /** Begins a launch: call with the device's lock held. */
  Launch launch() {
    launch.next = 0;
    launch.operands.clear();
    return launch;
  }

  /** The arguments of one launch. */
  final class Launch {
    private int next;

    /**
     * Reachable until the kernel is in the queue, which keeps their memory from then on; and no
     * longer, because a kernel may wait long for its next launch.
     */
    private final List<Tensor> operands = new ArrayList<>();

    /** Two arguments: the buffer, and the first element's index in it as a {@code long}. */
    Launch tensor(Tensor t) {
      return memory(t).value(DeviceStorage.first(t));
    }

    /** One argument: the buffer of a tensor whose first element another argument tells. */
    Launch memory(Tensor t) {
      operands.add(t);
      return buffer(DeviceStorage.of(t).memory());
    }

    /** One argument: memory that whoever launches keeps until then. */
    Launch buffer(cl_mem memory) {
      return set(Sizeof.cl_mem, Pointer.to(memory));
    }

    Launch value(int x) {
      return set(Integer.BYTES, Pointer.to(new int[] {x}));
    }

    Launch value(long x) {
      return set(Long.BYTES, Pointer.to(new long[] {x}));
    }

    Launch value(float x) {
      return set(Float.BYTES, Pointer.to(new float[] {x}));
    }

    /** A structure of longs, by value. */
    Launch longs(long... structure) {
      return set(8L * structure.length, Pointer.to(structure));
    }

    /** A structure of floats, by value. */
    Launch floats(double... structure) {
      float[] values = new float[structure.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) structure[i];
      }
      return set(4L * values.length, Pointer.to(values));
    }

    /** So many bytes of local memory. */
    Launch local(long bytes) {
      return set(bytes, null);
    }

    private Launch set(long bytes, @Nullable Pointer value) {
      int argument = next++;
      try {
        clSetKernelArg(kernel, argument, bytes, value);
      } catch (CLException e) {
        operands.clear();
        throw device.failure("kernel " + name + ", argument " + argument, e);
      }
      return this;
    }

    /** Puts {@code groups x group} work-items into the queue. */
    void run(long[] groups, long[] group) {
      try {
        enqueue(groups, group);
      } finally {
        operands.clear();
      }
    }

    private void enqueue(long[] groups, long[] group) {
      long[] global = new long[groups.length];
      for (int i = 0; i < groups.length; i++) {
        if (groups[i] == 0) {
          return;
        }
        global[i] = groups[i] * group[i];
      }
      device.ask(
          "kernel " + name,
          () ->
              clEnqueueNDRangeKernel(
                  device.queue(), kernel, groups.length, null, global, group, 0, null, null));
    }

    /**
     * At least {@code items} work-items in groups of {@code group}: the kernel checks its index.
     */
    void run(long items, int group) {
      run(new long[] {(items + group - 1) / group}, new long[] {group});
    }
  }
}
