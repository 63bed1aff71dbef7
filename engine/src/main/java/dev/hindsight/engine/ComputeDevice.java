package dev.hindsight.engine;

import java.util.List;
import java.util.Locale;

/**
 * A device that a backend can compute on, as its driver describes it.
 *
 * @param type {@code gpu}, {@code cpu} or {@code accelerator}
 * @param version what the driver implements, such as {@code OpenCL 3.0 CUDA}
 * @param memoryBytes all of its memory
 * @param largestBufferBytes what one buffer may have
 * @param localMemoryBytes what the work-items of a group share
 */
public record ComputeDevice(
    String name,
    String platform,
    String vendor,
    String driver,
    String version,
    String type,
    int computeUnits,
    long memoryBytes,
    long largestBufferBytes,
    long localMemoryBytes) {

  /**
   * Whether {@code word} is part of the device's, vendor's or platform's name, in any case. PoCL
   * has its short name in the version alone.
   */
  boolean isCalled(String word) {
    return String.join("\n", name, vendor, platform, version)
        .toLowerCase(Locale.ROOT)
        .contains(word.toLowerCase(Locale.ROOT));
  }

  /**
   * The place in {@code devices} of the one that {@code asked} means: a number is a place itself,
   * anything else is part of a name, and the first that has it is taken. A number that is no place
   * is part of a device's own name, such as 4090, when it has three digits or more: versions and
   * frequencies have shorter ones, and no device should stand in for number 2 of two.
   *
   * @return -1 when there is none
   */
  static int find(String asked, List<ComputeDevice> devices) {
    String word = asked.strip();
    if (word.matches("\\d+")) {
      if (word.length() < 10 && Integer.parseInt(word) < devices.size()) {
        return Integer.parseInt(word);
      }
      for (int i = 0; i < devices.size() && word.length() > 2; i++) {
        if (devices.get(i).name.contains(word)) {
          return i;
        }
      }
      return -1;
    }
    for (int i = 0; i < devices.size() && !word.isEmpty(); i++) {
      if (devices.get(i).isCalled(word)) {
        return i;
      }
    }
    return -1;
  }
}
