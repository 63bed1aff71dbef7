package dev.hindsight.opencl;

import static org.jocl.CL.*;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jocl.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Elementwise functions of F32 tensors with any strides: how operands are laid out for {@code
 * elementwise.cl}. Axes that follow each other in every operand are joined; mostly nothing but one
 * row of neighbours is left.
 */
final class Elementwise {
  private static final int GROUP = 256;
  private static final int STEPS = 4;
  private static final int MOST_AXES = 6;

  private final Device device;

  Elementwise(Device device) {
    this.device = device;
  }

  /** {@code out = function(inputs)} with two scalars. */
  void map(String function, Tensor out, double s0, double s1, Tensor... inputs) {
    map(function, List.of(inputs), List.of(out), s0, s1);
  }

  void map(String function, List<Tensor> inputs, List<Tensor> outputs, double s0, double s1) {
    Tensor out = outputs.getFirst();
    if (out.size() == 0) {
      return;
    }
    List<Tensor> all = new ArrayList<>(inputs);
    all.addAll(outputs);
    List<long[]> axes = axes(all);
    if (axes.size() > MOST_AXES) {
      for (int i = 0; i < out.dim(0); i++) {
        map(function, select(inputs, i), select(outputs, i), s0, s1);
      }
      return;
    }
    boolean dense = axes.isEmpty() || axes.size() == 1 && neighbours(axes.getFirst());
    Kernel kernel =
        device.kernel(
            "elementwise.cl",
            "map",
            "F=" + function,
            "INPUTS=" + inputs.size(),
            "OUTPUTS=" + outputs.size(),
            "RANK=" + (dense ? 0 : axes.size()),
            "INDEX=" + (reach(axes) < Integer.MAX_VALUE - GROUP * STEPS ? "int" : "long"),
            "GROUP=" + GROUP);
    synchronized (device) {
      Kernel.Launch launch = kernel.launch();
      all.forEach(launch::tensor);
      launch.value((float) s0).value((float) s1);
      launch.longs(layout(out.size(), dense ? List.of() : axes, all.size()));
      launch.run((out.size() + STEPS - 1) / STEPS, GROUP);
    }
  }

  private static List<Tensor> select(List<Tensor> tensors, int i) {
    return tensors.stream().map(t -> t.select(0, i)).toList();
  }

  /** Joined axes, outermost first: the extent, then each operand's stride. */
  private static List<long[]> axes(List<Tensor> operands) {
    List<long[]> axes = new ArrayList<>();
    Tensor out = operands.getLast();
    for (int i = 0; i < out.rank(); i++) {
      if (out.dim(i) == 1) {
        continue;
      }
      long[] axis = new long[operands.size() + 1];
      axis[0] = out.dim(i);
      for (int k = 1; k < axis.length; k++) {
        axis[k] = operands.get(k - 1).stride(i);
      }
      if (!axes.isEmpty() && follows(axes.getLast(), axis)) {
        axis[0] *= axes.removeLast()[0];
      }
      axes.add(axis);
    }
    return axes;
  }

  private static boolean follows(long[] outer, long[] inner) {
    for (int k = 1; k < inner.length; k++) {
      if (outer[k] != inner[k] * inner[0]) {
        return false;
      }
    }
    return true;
  }

  private static boolean neighbours(long[] axis) {
    for (int k = 1; k < axis.length; k++) {
      if (axis[k] != 1) {
        return false;
      }
    }
    return true;
  }

  /** No operand's offset, and no element's number, is further from 0. */
  private static long reach(List<long[]> axes) {
    long size = 1;
    long[] sums = new long[axes.isEmpty() ? 0 : axes.getFirst().length];
    long most = 0;
    for (long[] axis : axes) {
      size *= axis[0];
      for (int k = 1; k < axis.length; k++) {
        sums[k] += (axis[0] - 1) * Math.abs(axis[k]);
        most = Math.max(most, sums[k]);
      }
    }
    return Math.max(size, most);
  }

  private static long[] layout(long size, List<long[]> axes, int operands) {
    int rank = axes.size();
    long[] layout = new long[1 + rank * (operands + 1)];
    layout[0] = size;
    for (int i = 0; i < rank; i++) {
      for (int k = 0; k <= operands; k++) {
        layout[1 + k * rank + i] = axes.get(i)[k];
      }
    }
    return layout;
  }

  /** Sets every element of a contiguous tensor to the one of these bits. */
  void fill(Tensor out, long bits) {
    int bytes = out.dtype().bytes();
    if (out.size() == 0) {
      return;
    }
    byte[] pattern = ByteBuffer.allocate(8).order(ByteOrder.nativeOrder()).putLong(0, bits).array();
    DeviceStorage storage = DeviceStorage.of(out);
    device.ask(
        "fill",
        () ->
            clEnqueueFillBuffer(
                device.queue(),
                storage.memory(),
                Pointer.to(pattern),
                bytes,
                storage.start() + out.offset() * bytes,
                out.size() * bytes,
                0,
                null,
                null));
    Reference.reachabilityFence(storage); // the queue keeps its memory from here on
  }

  /** See {@link dev.hindsight.engine.Backend#adamW}; the average may be left out. */
  void adamW(
      Tensor parameter,
      Tensor gradient,
      Tensor m,
      Tensor v,
      AdamWStep step,
      @Nullable Tensor average,
      double averageRate) {
    Kernel kernel =
        device.kernel(
            "adamw.cl", "adamw", "GROUP=" + GROUP, "AVERAGE=" + (average == null ? 0 : 1));
    synchronized (device) {
      Kernel.Launch launch = kernel.launch().tensor(parameter).tensor(gradient).tensor(m).tensor(v);
      if (average != null) {
        launch.tensor(average);
      }
      launch
          .floats(
              step.gradientScale(),
              step.beta1(),
              1 - step.beta1(),
              step.beta2(),
              1 - step.beta2(),
              1 - Math.pow(step.beta1(), step.step()),
              1 - Math.pow(step.beta2(), step.step()),
              step.epsilon(),
              step.learningRate(),
              step.weightDecay(),
              averageRate)
          .value(parameter.size())
          .run(parameter.size(), GROUP);
    }
  }

  /** Whether {@link #convert} knows a copy: between F32 and a storage format, both contiguous. */
  static boolean converts(Tensor x, Tensor out) {
    DType stored = x.dtype() == DType.F32 ? out.dtype() : x.dtype();
    return (stored == DType.BF16 || stored == DType.F16)
        && (x.dtype() == DType.F32 || out.dtype() == DType.F32)
        && x.isContiguous()
        && out.isContiguous();
  }

  void convert(Tensor x, Tensor out) {
    String name = (x.dtype() + "_to_" + out.dtype()).toLowerCase(Locale.ROOT);
    Kernel kernel = device.kernel("convert.cl", name);
    synchronized (device) {
      kernel.launch().tensor(x).tensor(out).value(x.size()).run(x.size(), GROUP);
    }
  }
}
