package dev.hindsight.opencl;

import dev.hindsight.engine.CacheFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tiles that were measured, on disk: a file for each device and driver in {@link CacheFolder},
 * a line for each kind of product. Lines are appended, the last one of a kind counts, and what is
 * no line of this program is passed over; a file that cannot be written costs the next run a
 * measurement.
 */
final class TunedTiles {
  private final Path file;

  TunedTiles(DeviceInfo device) {
    this(
        CacheFolder.file(
            OpenClBackend.NAME,
            ".tiles",
            device.identity(),
            Programs.source("matmul.cl"),
            Programs.source("matmul_panels.cl")));
  }

  TunedTiles(Path file) {
    this.file = file;
  }

  /** What was kept, of these tiles. */
  Map<String, Tile> read(List<Tile> known) {
    Map<String, Tile> tiles = new HashMap<>();
    try {
      for (String line : Files.readAllLines(file, StandardCharsets.ISO_8859_1)) {
        String[] words = line.split(" ");
        known.stream()
            .filter(tile -> words.length == 2 && words[1].equals(tile.toString()))
            .forEach(tile -> tiles.put(words[0], tile));
      }
    } catch (IOException e) {
      // none yet, or nothing that can be read
    }
    return tiles;
  }

  void add(String kind, Tile tile) {
    try {
      Files.createDirectories(file.getParent());
      Files.writeString(
          file,
          kind + " " + tile + "\n",
          StandardCharsets.UTF_8,
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      // see above
    }
  }
}
