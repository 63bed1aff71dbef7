package dev.hindsight.opencl;

import java.util.List;

/**
 * How much of a matrix product one work-group and one work-item compute; see matmul.cl.
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

  /** Bytes of a group's local memory. */
  long localMemory() {
    return 2L * k * (m + 4 + n + 4) * Float.BYTES;
  }

  boolean fits(DeviceInfo device) {
    return group() <= device.largestGroup() && localMemory() <= device.localMemory();
  }

  /** For matmul.cl. */
  List<String> definitions() {
    return List.of("BM=" + m, "BN=" + n, "BK=" + k, "TM=" + itemM, "TN=" + itemN);
  }

  /** As in {@code 128x64x16/8x4}: the group's part, and the work-item's. */
  @Override
  public String toString() {
    return m + "x" + n + "x" + k + "/" + itemM + "x" + itemN;
  }
}
