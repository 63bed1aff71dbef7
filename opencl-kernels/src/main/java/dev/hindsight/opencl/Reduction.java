package dev.hindsight.opencl;

import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.List;
import org.jocl.cl_mem;

/**
 * Reductions over any axes: reduce.cl. Neighbouring axes that are both kept or both reduced are
 * joined. What is left is mostly rows (the last axis is reduced) or columns (one before it is);
 * anything else is laid out as rows first. Long rows and columns are cut into chunks whose results
 * are reduced in a second pass; the cuts depend on the number of elements alone.
 */
final class Reduction {
  private static final String FILE = "reduce.cl";
  private static final int LONG_ROW = 1 << 16;
  private static final int ROW_CHUNK = 1 << 14;
  private static final int MOST_CHUNKS = 64;

  /** Columns that a work-group has, and how many work-items share each of them. */
  static final int COLUMNS = 64;

  static final int LANES = 4;
  static final long[] GROUP = {COLUMNS, LANES};

  private final Rows rows;
  private final Device device;

  Reduction(Rows rows) {
    this.rows = rows;
    this.device = rows.device();
  }

  private record Axis(long extent, long stride, boolean reduced) {}

  void reduce(ReduceOp op, Tensor x, Tensor out) {
    if (out.size() == 0) {
      return;
    }
    List<Axis> axes = axes(x, out);
    int kept = 0;
    while (kept < axes.size() && !axes.get(kept).reduced) {
      kept++;
    }
    int left = axes.size() - kept;
    if (kept <= 2 && left <= 1) {
      rows(op, x, axes.subList(0, kept), left == 0 ? NONE : axes.get(kept), out);
    } else if (kept <= 1 && left == 2 && !axes.get(kept + 1).reduced && fits(axes.get(kept + 1))) {
      columns(op, x, kept == 0 ? NONE : axes.get(0), axes.get(kept), axes.get(kept + 1), out);
    } else {
      reduce(op, asRows(x, out), out.reshape(Shape.of(Math.toIntExact(out.size()), 1)));
    }
  }

  private static final Axis NONE = new Axis(1, 0, false);

  private static boolean fits(Axis columns) {
    return columns.extent <= Integer.MAX_VALUE;
  }

  private static List<Axis> axes(Tensor x, Tensor out) {
    List<Axis> axes = new ArrayList<>();
    boolean empty = x.size() == 0;
    for (int i = 0; i < x.rank(); i++) {
      Axis axis = new Axis(x.dim(i), empty ? 0 : x.stride(i), out.dim(i) != x.dim(i));
      if (axis.extent == 1) {
        continue;
      }
      Axis before = axes.isEmpty() ? null : axes.getLast();
      if (before != null
          && before.reduced == axis.reduced
          && before.stride == axis.stride * axis.extent) {
        axes.removeLast();
        axis = new Axis(before.extent * axis.extent, axis.stride, axis.reduced);
      }
      axes.add(axis);
    }
    return axes;
  }

  /** A copy {@code [kept axes, reduced axes]} of x. */
  private Tensor asRows(Tensor x, Tensor out) {
    int[] order = new int[x.rank()];
    int next = 0;
    for (int pass = 0; pass < 2; pass++) {
      for (int i = 0; i < order.length; i++) {
        if ((out.dim(i) != x.dim(i)) == (pass == 1)) {
          order[next++] = i;
        }
      }
    }
    Tensor t = TensorOps.contiguous(x.permute(order));
    int count = Math.toIntExact(out.size());
    return t.reshape(Shape.of(count, Math.toIntExact(x.size() / count)));
  }

  private static boolean inChunks(ReduceOp op) {
    return op != ReduceOp.ARGMAX && op != ReduceOp.LOGSUMEXP;
  }

  private static String definition(ReduceOp op) {
    return "OP=" + (op == ReduceOp.MEAN ? ReduceOp.SUM : op);
  }

  private static float divisor(ReduceOp op, long n) {
    return op == ReduceOp.MEAN ? n : 1;
  }

  // ------------------------------------------------------------------ rows

  private void rows(ReduceOp op, Tensor x, List<Axis> kept, Axis row, Tensor out) {
    long n = row.extent;
    int chunks = 1;
    long chunk = n;
    if (n > LONG_ROW && inChunks(op)) {
      chunk = ROW_CHUNK;
      chunks = Math.toIntExact((n + chunk - 1) / chunk);
    }
    Axis outer = kept.size() == 2 ? kept.get(0) : NONE;
    Axis inner = kept.isEmpty() ? NONE : kept.getLast();
    synchronized (device) {
      Kernel.Launch launch = rowKernel(op, chunk).launch().tensor(x);
      launch.value(outer.stride).value(inner.stride).value((int) inner.extent);
      launch.value(row.stride).value(n).value(chunk).value(chunks);
      if (chunks == 1) {
        launch.value(divisor(op, n)).tensor(out);
        run(launch, out.size(), chunk);
        return;
      }
      long results = out.size() * chunks;
      cl_mem partial = device.scratch(results * Float.BYTES);
      launch.value(1f).buffer(partial).value(0L);
      run(launch, results, chunk);
      launch = rowKernel(op, chunks).launch().buffer(partial).value(0L);
      launch.value(0L).value((long) chunks).value(Math.toIntExact(out.size()));
      launch.value(1L).value((long) chunks).value((long) chunks).value(1);
      launch.value(divisor(op, n)).tensor(out);
      run(launch, out.size(), chunks);
    }
  }

  private static int length(long n) {
    return (int) Math.min(n, Integer.MAX_VALUE);
  }

  private Kernel rowKernel(ReduceOp op, long n) {
    return rows.kernel(FILE, "reduce_rows", length(n), definition(op));
  }

  private void run(Kernel.Launch launch, long results, long n) {
    rows.run(launch.value(results), results, length(n));
  }

  // --------------------------------------------------------------- columns

  /** How many of n rows a work-group adds up. */
  static int columnChunk(int n) {
    return Math.max(64, (n + MOST_CHUNKS - 1) / MOST_CHUNKS);
  }

  private void columns(ReduceOp op, Tensor x, Axis outer, Axis row, Axis column, Tensor out) {
    int n = Math.toIntExact(row.extent);
    int chunk = inChunks(op) ? columnChunk(n) : n;
    int chunks = (n + chunk - 1) / chunk;
    int width = (int) column.extent;
    synchronized (device) {
      Kernel.Launch launch = columnKernel(op).launch().tensor(x);
      launch.value(outer.stride).value(row.stride).value(column.stride);
      if (chunks <= 1) {
        launch.value(width).value(blocks(width)).value(n).value(Math.max(1, chunk)).value(1);
        launch.value(divisor(op, n)).tensor(out);
        launch.run(groups(outer.extent, width), GROUP);
        return;
      }
      cl_mem partial = device.scratch(out.size() * chunks * Float.BYTES);
      launch.value(width).value(blocks(width)).value(n).value(chunk).value(chunks);
      launch.value(1f).buffer(partial).value(0L);
      launch.run(groups(outer.extent * chunks, width), GROUP);
      second(op, partial, 0, outer.extent, chunks, width, divisor(op, n), out);
    }
  }

  /** Reduces {@code [outer, chunks, width]} in scratch memory along its middle axis. */
  private void second(
      ReduceOp op,
      cl_mem partial,
      long at,
      long outer,
      int chunks,
      int width,
      float divisor,
      Tensor out) {
    Kernel.Launch launch = columnKernel(op).launch().buffer(partial).value(at);
    launch.value((long) chunks * width).value((long) width).value(1L);
    launch.value(width).value(blocks(width)).value(chunks).value(Math.max(1, chunks)).value(1);
    launch.value(divisor).tensor(out).run(groups(outer, width), GROUP);
  }

  /** {@code out[i] = sum of x[r, i]} over {@code n} rows; with the device's lock held. */
  void sumOfRows(cl_mem x, long at, int n, int width, Tensor out) {
    second(ReduceOp.SUM, x, at, 1, n, width, 1, out);
  }

  static long[] groups(long results, int width) {
    return new long[] {results * blocks(width), 1};
  }

  static int blocks(int width) {
    return (width + COLUMNS - 1) / COLUMNS;
  }

  private Kernel columnKernel(ReduceOp op) {
    return device.kernel(
        FILE, "reduce_columns", definition(op), "ITEMS=" + COLUMNS, "GROUP_ROWS=" + LANES);
  }
}
