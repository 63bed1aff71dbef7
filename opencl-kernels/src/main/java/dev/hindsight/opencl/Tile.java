package dev.hindsight.opencl;

import java.util.List;

/**
 * How much of a matrix product one work-group and one work-item compute; see matmul.cl, or
 * matmul_panels.cl for those {@linkplain #inPanels in panels}.
 *
 * @param m rows a group
 * @param n columns a group
 * @param k depth of a block in local memory; 0 in panels
 * @param itemM rows a work-item, a multiple of 4
 * @param itemN columns a work-item, a multiple of 4
 */
record Tile(int m, int n, int k, int itemM, int itemN) {
  /** A work-item alone on a CPU; {@code n} is a multiple of 16. */
  static Tile panel(int m, int n) {
    return new Tile(m, n, 0, m, n);
  }

  boolean inPanels() {
    return k == 0;
  }

  int group() {
    return m / itemM * (n / itemN);
  }

  long groups(long rows, long columns) {
    return (rows + m - 1) / m * ((columns + n - 1) / n);
  }

  /** Bytes of a group's local memory. */
  long localMemory() {
    return 2L * k * (m + 4 + n + 4) * Float.BYTES;
  }

  boolean fits(DeviceInfo device) {
    return group() <= device.largestGroup() && localMemory() <= device.localMemory();
  }

  /** For matmul.cl. */
  List<String> definitions() {
    return inPanels()
        ? List.of("TM=" + itemM, "TN=" + itemN)
        : List.of("BM=" + m, "BN=" + n, "BK=" + k, "TM=" + itemM, "TN=" + itemN);
  }

  /** As in {@code 128x64x16/8x4}, the group's part and the work-item's, or {@code 8x32}. */
  @Override
  public String toString() {
    return inPanels() ? m + "x" + n : m + "x" + n + "x" + k + "/" + itemM + "x" + itemN;
  }
}
