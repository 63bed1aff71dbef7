package dev.hindsight.cli.experiment;

import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A grid over any keys of a training configuration, and seeds.
 *
 * @param base training configuration that all runs start from; null for the defaults
 * @param set keys changed in all runs
 * @param grid values by dotted key; every combination is run
 * @param seeds of the runs; default 0, 1 and 2
 * @param metrics columns of the table; the first one orders it
 */
public record SweepFile(
    @Nullable String base,
    Map<String, JsonNode> set,
    Map<String, List<JsonNode>> grid,
    List<Long> seeds,
    List<Metric> metrics) {

  public SweepFile {
    set = Collections.unmodifiableMap(new LinkedHashMap<>(set == null ? Map.of() : set));
    grid = Collections.unmodifiableMap(new LinkedHashMap<>(grid == null ? Map.of() : grid));
    Seeds.check(seeds, "seeds");
    if (metrics == null || metrics.isEmpty() || metrics.stream().anyMatch(Objects::isNull)) {
      throw new IllegalArgumentException(
          "metrics: got none, expected a list, such as [generations-to-half, final-accuracy]");
    }
    for (Metric metric : metrics) {
      if (metric == Metric.ATTEMPTS || metric == Metric.SECONDS_PER_STEP) {
        throw new IllegalArgumentException(
            "metrics: got "
                + metric.key()
                + ", expected what a training run records; it belongs to experiments with "
                + (metric == Metric.ATTEMPTS ? "search" : "lengths"));
      }
    }
    for (String key : grid.keySet()) {
      if (key.equals("seed") || set.containsKey(key)) {
        throw new IllegalArgumentException(
            "grid."
                + key
                + ": "
                + (key.equals("seed") ? "seeds have a list of their own, seeds" : "is in set, too")
                + "; keep one");
      }
    }
    seeds = List.copyOf(seeds);
    metrics = List.copyOf(metrics);
  }

  private static SweepFile defaults() {
    return new SweepFile(
        null,
        Map.of(),
        Map.of(),
        List.of(0L, 1L, 2L),
        List.of(
            Metric.GENERATIONS_TO_HALF, Metric.GENERATIONS_TO_NINE_TENTHS, Metric.FINAL_ACCURACY));
  }

  /**
   * Reads a file.
   *
   * @throws ConfigException when it is no sweep
   */
  public static SweepFile read(Path file, List<String> overrides) {
    return Configs.read(file, defaults(), overrides);
  }

  /** The combinations, without what holds for all. */
  public List<Settings> points() {
    return Settings.combinations(grid);
  }
}
