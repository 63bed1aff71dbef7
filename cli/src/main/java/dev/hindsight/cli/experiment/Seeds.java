package dev.hindsight.cli.experiment;

import java.util.HashSet;
import java.util.List;

/** Lists of seeds in a file. */
final class Seeds {
  private Seeds() {}

  static void check(List<Long> seeds, String key) {
    if (seeds == null || seeds.isEmpty()) {
      throw new IllegalArgumentException(
          key + ": got none, expected a list of seeds, such as [0, 1, 2]");
    }
    for (Long seed : seeds) {
      if (seed == null) {
        throw new IllegalArgumentException(key + ": got nothing for a seed, expected a number");
      }
    }
    if (new HashSet<>(seeds).size() < seeds.size()) {
      throw new IllegalArgumentException(
          key + ": got " + seeds + ", expected each seed once: a repeated run says nothing new");
    }
  }
}
