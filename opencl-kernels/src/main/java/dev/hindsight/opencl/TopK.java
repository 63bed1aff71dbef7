package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;
import org.jocl.cl_mem;

/** The largest elements of rows: top_k.cl. */
final class TopK {
  /** Bytes of keys that one launch may have, unless a single row has more. */
  private static final long KEYS = 1L << 26;

  private final Rows rows;
  private final long most;
  private final Device device;

  TopK(Rows rows) {
    this(rows, KEYS);
  }

  TopK(Rows rows, long bytes) {
    this.rows = rows;
    this.most = bytes;
    this.device = rows.device();
  }

  /** See {@link dev.hindsight.engine.Backend#topK}; F32. */
  void run(Tensor x, Tensor values, Tensor indices) {
    if (values.size() == 0) {
      return;
    }
    Tensor in = rows.of(x);
    Tensor top = rows.of(values);
    Tensor places = rows.of(indices);
    int n = in.dim(1);
    int k = top.dim(1);
    // rounded up to a power of two
    int keys = k == 1 ? 1 : Integer.highestOneBit(k - 1) << 1;
    int together = (int) Math.clamp(most / (8L * keys), 1, in.dim(0));
    int items = Math.min(n <= 256 ? 32 : n <= 4096 ? 128 : 256, device.info().largestGroup());
    Kernel kernel = device.kernel("top_k.cl", "top_k", "ITEMS=" + items);
    synchronized (device) {
      cl_mem scratch = device.scratch(8L * keys * together);
      for (int first = 0; first < in.dim(0); first += together) {
        Kernel.Launch launch = Rows.row(kernel.launch(), in);
        Rows.row(launch, top);
        Rows.row(launch, places).buffer(scratch);
        launch.value((long) first).value(keys).value(k).value(n);
        long count = Math.min(together, in.dim(0) - first);
        launch.run(new long[] {count, 1}, new long[] {items, 1});
      }
    }
  }
}
