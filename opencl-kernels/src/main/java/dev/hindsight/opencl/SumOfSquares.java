package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.jocl.cl_mem;

/**
 * Sums of squares in double precision: squares.cl. A work-group adds one chunk of a tensor; the
 * chunks of all tensors are read at once and added in order here.
 */
final class SumOfSquares {
  private static final int ITEMS = 256;
  private static final int SMALLEST_CHUNK = 1 << 13;
  private static final int MOST_CHUNKS = 1024;

  private final Device device;

  /** Without them a sum is a pair of floats. */
  private final boolean doubles;

  SumOfSquares(Device device) {
    this.device = device;
    this.doubles = device.info().hasDoubles();
  }

  private static long chunk(long n) {
    return Math.max(SMALLEST_CHUNK, (n + MOST_CHUNKS - 1) / MOST_CHUNKS);
  }

  private static int chunks(long n) {
    return Math.toIntExact((n + chunk(n) - 1) / chunk(n));
  }

  /** The sum of all tensors' sums, in their order. */
  double of(List<Tensor> tensors) {
    List<Tensor> all = tensors.stream().map(TensorOps::contiguous).toList();
    int count = all.stream().mapToInt(t -> chunks(t.size())).sum();
    if (count == 0) {
      return 0;
    }
    ByteBuffer sums = ByteBuffer.allocateDirect(8 * count).order(ByteOrder.nativeOrder());
    synchronized (device) {
      cl_mem partial = device.scratch(8L * count);
      long at = 0;
      Kernel kernel = device.kernel("squares.cl", "sum_of_squares", "ITEMS=" + ITEMS);
      for (Tensor t : all) {
        int chunks = chunks(t.size());
        Kernel.Launch launch = kernel.launch().tensor(t).value(t.size()).value(chunk(t.size()));
        launch.buffer(partial).value(at).run(new long[] {chunks}, new long[] {ITEMS});
        at += chunks;
      }
      device.readUnchecked(partial, sums);
    }
    device.indexErrors().check();
    double sum = 0;
    int next = 0;
    for (Tensor t : all) {
      double own = 0;
      for (int i = chunks(t.size()); i > 0; i--, next++) {
        own += doubles ? sums.getDouble(8 * next) : pair(sums, 8 * next);
      }
      sum += own;
    }
    return sum;
  }

  private static double pair(ByteBuffer sums, int at) {
    return (double) sums.getFloat(at) + sums.getFloat(at + 4);
  }
}
