package dev.hindsight.opencl;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;

/**
 * Kernels that work on the last axis: a row belongs to {@code ITEMS} work-items, and short rows
 * share a group. How many items a row has depends on its length alone, and so does the order in
 * which its elements are added: never on the number of rows.
 */
final class Rows {
  private static final int SMALLEST_GROUP = 128;

  private final Device device;

  Rows(Device device) {
    this.device = device;
  }

  Device device() {
    return device;
  }

  /** {@code t} as {@code [rows, length]}: a view, or a copy where leading axes do not join. */
  Tensor of(Tensor t) {
    if (t.rank() == 0) {
      return t.unsqueeze(0).unsqueeze(0);
    }
    int length = t.dim(-1);
    long last = length <= 1 ? 1 : t.stride(-1);
    long rows = 1;
    long step = 0; // of the joined axes
    boolean joins = Math.abs(last) * Math.max(0, length - 1) < Integer.MAX_VALUE;
    for (int axis = t.rank() - 2; axis >= 0 && joins; axis--) {
      int extent = t.dim(axis);
      if (extent != 1) {
        joins = rows == 1 || t.stride(axis) == step * rows;
        step = rows == 1 ? t.stride(axis) : step;
        rows *= extent;
      }
    }
    if (!joins && t.size() > 0) {
      return of(TensorOps.contiguous(t));
    }
    long count = t.shape().drop(-1).size();
    Shape shape = Shape.of(Math.toIntExact(count), length);
    return new Tensor(t.storage(), t.dtype(), shape, new long[] {step, last}, t.offset());
  }

  /** Arguments {@code ROW(name)} of rows.cl: a tensor that {@link #of} gave. */
  static Kernel.Launch row(Kernel.Launch launch, Tensor t) {
    return launch.tensor(t).value(t.stride(0)).value((int) t.stride(1));
  }

  /** Arguments {@code VECTOR(name)} of rows.cl. */
  static Kernel.Launch vector(Kernel.Launch launch, Tensor t) {
    return launch.tensor(t).value(t.dim(0) <= 1 ? 0L : t.stride(0));
  }

  /** How many work-items reduce a row of this length. */
  private int items(int length) {
    int most = Integer.highestOneBit(device.info().largestGroup());
    int wanted = length <= 256 ? 32 : length <= 1024 ? 128 : length < 16384 ? 256 : 1024;
    return Math.min(wanted, most);
  }

  private static int groupRows(int items) {
    return Math.max(1, SMALLEST_GROUP / items);
  }

  /** A kernel that is made for rows of this length. */
  Kernel kernel(String file, String name, int length, String... definitions) {
    int items = items(length);
    String[] all = Arrays.copyOf(definitions, definitions.length + 2);
    all[definitions.length] = "ITEMS=" + items;
    all[definitions.length + 1] = "GROUP_ROWS=" + groupRows(items);
    return device.kernel(file, name, all);
  }

  /** Launches such a kernel for all rows of {@code x}, whose extents are its last arguments. */
  void run(Kernel.Launch launch, Tensor x) {
    run(launch.value(x.dim(0)).value(x.dim(1)), x.dim(0), x.dim(1));
  }

  /** Launches such a kernel for all rows. */
  void run(Kernel.Launch launch, long rows, int length) {
    int items = items(length);
    int together = groupRows(items);
    launch.run(new long[] {(rows + together - 1) / together, 1}, new long[] {items, together});
  }
}
