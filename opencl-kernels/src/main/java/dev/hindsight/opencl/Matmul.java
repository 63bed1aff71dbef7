package dev.hindsight.opencl;

import dev.hindsight.engine.Tensor;
import java.util.List;

/**
 * Matrix products: how a problem is laid out for {@code matmul.cl}, and in which tiles it is
 * computed. Bits do not depend on the tile.
 */
final class Matmul {
  /**
   * How much of the output one work-group and one work-item compute.
   *
   * @param m rows a group
   * @param n columns a group
   * @param k depth of a block in local memory
   * @param itemM rows a work-item, a multiple of 4
   * @param itemN columns a work-item, a multiple of 4
   */
  record Tile(int m, int n, int k, int itemM, int itemN) {
    int group() {
      return m / itemM * (n / itemN);
    }

    long groups(long rows, long columns) {
      return (rows + m - 1) / m * ((columns + n - 1) / n);
    }

    /** What fits into a group's local memory, in bytes. */
    long localMemory() {
      return 2L * k * (m + 4 + n + 4) * Float.BYTES;
    }
  }

  /** What products choose from, the largest first. */
  private static final List<Tile> TILES =
      List.of(new Tile(128, 128, 16, 8, 8), new Tile(64, 64, 16, 4, 4), new Tile(32, 32, 16, 4, 4));

  private static final int BATCH_AXES = 3;

  private final Device device;

  /** Those for which the device has local memory and work-items enough. */
  private final List<Tile> tiles;

  Matmul(Device device) {
    DeviceInfo info = device.info();
    this.device = device;
    this.tiles =
        TILES.stream()
            .filter(t -> t.group() <= info.largestGroup() && t.localMemory() <= info.localMemory())
            .toList();
  }

  /** See {@link dev.hindsight.engine.Backend#matmul}; F32. */
  void run(Tensor a, Tensor b, Tensor out, boolean accumulate) {
    if (out.size() == 0) {
      return;
    }
    run(a, b, out, accumulate, tile(out));
  }

  /** The largest tile with which every compute unit has a group, else the smallest. */
  private Tile tile(Tensor out) {
    long m = out.dim(-2);
    long n = out.dim(-1);
    long batch = out.size() / (m * n);
    Tile chosen = null;
    for (Tile tile : tiles) {
      chosen = tile;
      if (batch * tile.groups(m, n) >= device.info().computeUnits()) {
        break;
      }
    }
    return chosen;
  }

  void run(Tensor a, Tensor b, Tensor out, boolean accumulate, Tile tile) {
    int axes = out.rank() - 2;
    if (axes > BATCH_AXES) {
      for (int i = 0; i < out.dim(0); i++) {
        run(a.select(0, i), b.select(0, i), out.select(0, i), accumulate, tile);
      }
      return;
    }
    long m = out.dim(-2);
    long n = out.dim(-1);
    long k = a.dim(-1);
    boolean aAlongK = a.stride(-1) == 1 || a.stride(-2) != 1;
    boolean bAlongK = b.stride(-2) == 1 && b.stride(-1) != 1;
    long aUnit = aAlongK ? a.stride(-1) : a.stride(-2);
    long aOther = aAlongK ? a.stride(-2) : a.stride(-1);
    long bUnit = bAlongK ? b.stride(-2) : b.stride(-1);
    long bOther = bAlongK ? b.stride(-1) : b.stride(-2);
    long[] extent = new long[BATCH_AXES];
    long[] strides = new long[3 * BATCH_AXES];
    long batch = 1;
    for (int i = 0; i < BATCH_AXES; i++) {
      int axis = i - (BATCH_AXES - axes);
      extent[i] = axis < 0 ? 1 : out.dim(axis);
      batch *= extent[i];
      if (axis >= 0) {
        strides[3 * i] = a.stride(axis);
        strides[3 * i + 1] = b.stride(axis);
        strides[3 * i + 2] = out.stride(axis);
      }
    }
    long aFirst = DeviceStorage.first(a);
    long bFirst = DeviceStorage.first(b);
    long all = aFirst | bFirst | aOther | bOther;
    for (int i = 0; i < BATCH_AXES; i++) {
      all |= strides[3 * i] | strides[3 * i + 1];
    }
    boolean vector = aUnit == 1 && bUnit == 1 && all % 4 == 0;
    Kernel kernel =
        device.kernel(
            "matmul.cl",
            "matmul",
            "BM=" + tile.m,
            "BN=" + tile.n,
            "BK=" + tile.k,
            "TM=" + tile.itemM,
            "TN=" + tile.itemN,
            "A_ALONG_K=" + (aAlongK ? 1 : 0),
            "B_ALONG_K=" + (bAlongK ? 1 : 0),
            "VECTOR=" + (vector ? 1 : 0));
    synchronized (device) {
      kernel
          .launch()
          .buffer(DeviceStorage.of(a).memory())
          .buffer(DeviceStorage.of(b).memory())
          .buffer(DeviceStorage.of(out).memory())
          .longs(
              aFirst,
              bFirst,
              DeviceStorage.first(out),
              m,
              n,
              k,
              aOther,
              bOther,
              out.stride(-2),
              aUnit,
              bUnit,
              extent[1],
              extent[2],
              strides[0],
              strides[1],
              strides[2],
              strides[3],
              strides[4],
              strides[5],
              strides[6],
              strides[7],
              strides[8],
              accumulate ? 1 : 0)
          .run(new long[] {tile.groups(m, n), batch}, new long[] {tile.group(), 1});
    }
  }
}
