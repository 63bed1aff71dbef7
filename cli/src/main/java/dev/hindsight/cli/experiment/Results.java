package dev.hindsight.cli.experiment;

import dev.hindsight.cli.report.ExperimentPage;
import dev.hindsight.sdpo.evaluation.Band;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What an experiment measured.
 *
 * @param name of the experiment
 * @param metric that decides
 * @param arms metrics by metric, by arm, in the order of the table
 */
public record Results(String name, Metric metric, Map<String, Map<Metric, Measured>> arms) {
  public Results {
    arms = Collections.unmodifiableMap(new LinkedHashMap<>(arms));
  }

  /** One metric of an arm. */
  public Measured of(String arm, Metric which) {
    Map<Metric, Measured> metrics = arms.get(arm);
    Measured measured = metrics == null ? null : metrics.get(which);
    if (measured == null) {
      throw new IllegalArgumentException(
          name + ": " + which.key() + " of arm '" + arm + "' was not measured");
    }
    return measured;
  }

  /** The object that {@code --json} writes. */
  public Map<String, Object> json(String verdict) {
    Map<String, Object> byArm = new LinkedHashMap<>();
    for (String arm : arms.keySet()) {
      Measured measured = of(arm, metric);
      byArm.put(arm, json(measured.band(), measured.numbers()));
    }
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("experiment", name);
    json.put("metric", metric.label());
    json.put("arms", byArm);
    json.put("verdict", verdict);
    return json;
  }

  /** One band with its measurements: {@code {"mean", "low", "high", "seeds"}}. */
  public static Map<String, Object> json(Band band, double[] seeds) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("mean", band.mean());
    json.put("low", band.low());
    json.put("high", band.high());
    json.put("seeds", seeds);
    return json;
  }

  /** All arms and metrics; a dash where an arm has no such number. */
  public ExperimentPage.Table table(Definition definition) {
    List<Metric> metrics = definition.metrics();
    List<String> head = new ArrayList<>(List.of("mean and 95 % interval"));
    metrics.forEach(m -> head.add(m.label()));
    List<List<String>> rows = new ArrayList<>();
    arms.forEach(
        (arm, measured) -> {
          List<String> row = new ArrayList<>(List.of(definition.label(arm)));
          metrics.forEach(m -> row.add(measured.containsKey(m) ? of(arm, m).text() : "-"));
          rows.add(row);
        });
    return new ExperimentPage.Table(head, rows);
  }
}
