package dev.hindsight.opencl;

import dev.hindsight.opencl.Matmul.Tile;
import java.util.List;

/** The tiles that matrix products choose from, the largest first. */
final class Tiles {
  private static final List<Tile> ALL =
      List.of(new Tile(128, 128, 16, 8, 8), new Tile(64, 64, 16, 4, 4), new Tile(32, 32, 16, 4, 4));

  private Tiles() {}

  /** Those for which the device has local memory and groups enough. */
  static List<Tile> of(DeviceInfo device) {
    return ALL.stream()
        .filter(t -> t.group() <= device.largestGroup() && t.localMemory() <= device.localMemory())
        .toList();
  }
}
