package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.RunRecord;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Finished runs that differ by their seed alone.
 *
 * @param seeds of the runs
 * @param records in the same order
 */
public record RunGroup(List<Long> seeds, List<RunRecord> records) {
  public RunGroup {
    seeds = List.copyOf(seeds);
    records = List.copyOf(records);
  }

  /** Reads the folders of the runs. */
  public static RunGroup read(List<Long> seeds, List<Path> folders) throws IOException {
    List<RunRecord> records = new ArrayList<>();
    for (Path folder : folders) {
      records.add(RunRecord.read(folder));
    }
    return new RunGroup(seeds, records);
  }

  /** One metric of all runs. */
  public Measured measure(Metric metric) throws IOException {
    List<Metric.Value> values = new ArrayList<>();
    for (RunRecord run : records) {
      values.add(metric.of(run));
    }
    return new Measured(metric, values);
  }

  /** Several metrics, by metric, in their order. */
  public Map<Metric, Measured> measure(List<Metric> metrics) throws IOException {
    Map<Metric, Measured> all = new LinkedHashMap<>();
    for (Metric metric : metrics) {
      all.put(metric, measure(metric));
    }
    return all;
  }
}
