package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_kernel;
import org.jocl.cl_mem;

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
      clSetKernelArg(kernel, next++, Sizeof.cl_mem, Pointer.to(memory));
      return this;
    }

    Launch value(int x) {
      clSetKernelArg(kernel, next++, Integer.BYTES, Pointer.to(new int[] {x}));
      return this;
    }

    Launch value(long x) {
      clSetKernelArg(kernel, next++, Long.BYTES, Pointer.to(new long[] {x}));
      return this;
    }

    Launch value(float x) {
      clSetKernelArg(kernel, next++, Float.BYTES, Pointer.to(new float[] {x}));
      return this;
    }

    /** A structure of longs, by value. */
    Launch longs(long... structure) {
      clSetKernelArg(kernel, next++, 8L * structure.length, Pointer.to(structure));
      return this;
    }

    /** A structure of floats, by value. */
    Launch floats(double... structure) {
      float[] values = new float[structure.length];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) structure[i];
      }
      clSetKernelArg(kernel, next++, 4L * values.length, Pointer.to(values));
      return this;
    }

    /** So many bytes of local memory. */
    Launch local(long bytes) {
      clSetKernelArg(kernel, next++, bytes, null);
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
