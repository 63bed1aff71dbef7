package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Metric;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.sdpo.config.ConfigException;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import dev.hindsight.sdpo.trainer.TrainConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * What an experiment is made of: the configuration of every run, and its place.
 *
 * @param seeds that are reported
 * @param overrides of the training configuration, over everything else
 * @param folder of the experiment
 */
record ExperimentPlan(
    String name, Definition definition, List<Long> seeds, List<String> overrides, Path folder) {

  /**
   * @param seeds how many are reported: 0, 1, ...
   */
  static ExperimentPlan of(
      String name, Definition definition, int seeds, List<String> overrides, Path folder) {
    List<Long> all = LongStream.range(0, seeds).boxed().toList();
    return new ExperimentPlan(name, definition, all, overrides, folder);
  }

  Set<String> arms() {
    return definition.arms().keySet();
  }

  /** Refuses what cannot run before anything is computed. */
  void check() {
    if (definition.arms().isEmpty()) {
      throw new ConfigException(name + ": arms: got none, expected arms with their settings");
    }
    Definition.Tuning tuning = definition.tuning();
    if (tuning != null && tuning.seeds().stream().anyMatch(seeds::contains)) {
      throw new ConfigException(
          name
              + ": tuning.seeds: got "
              + tuning.seeds()
              + ", expected none of the reported seeds 0 to "
              + (seeds.size() - 1)
              + ": what a setting was chosen by is no evidence for it");
    }
    Settings first =
        tuning == null ? Settings.NONE : Settings.combinations(tuning.grid()).getFirst();
    if (overrides.stream().anyMatch(o -> o.startsWith("seed="))) {
      throw new ConfigException(
          "--set seed: an experiment has several seeds; --seeds N takes 0 to N-1");
    }
    for (String arm : arms()) {
      requireSettings(arm, first);
      TrainConfig config = config(arm, first, 0);
      if (definition.arms().get(arm).base() == null) {
        Models.requireBase(config.model());
      }
      requireRecorded(arm, config, definition.metric(), "metric");
      if (tuning != null && tuning.metric() != null && isTuned(arm)) {
        requireRecorded(arm, config, tuning.metric(), "tuning.metric");
      }
      for (String key : first.values().keySet()) {
        if (definition.arms().get(arm).set().containsKey(key)) {
          throw new ConfigException(
              name + ": arms." + arm + ".set." + key + ": is in the tuning grid, too; keep one");
        }
      }
    }
    for (Definition.Base base : definition.bases().values()) {
      PretrainConfig _ = pretraining(base);
    }
  }

  private boolean isTuned(String arm) {
    return definition.arms().get(arm).tunedAs() == null;
  }

  private void requireRecorded(String arm, TrainConfig config, Metric metric, String key) {
    if (metric.isOfTheTeacher() && config.method() != TrainConfig.Method.SDPO) {
      throw new ConfigException(
          name
              + ": "
              + key
              + ": got "
              + metric.key()
              + ", expected one that every arm has; arm "
              + arm
              + " has no self-teacher");
    }
  }

  /** How a base is pretrained. */
  PretrainConfig pretraining(Definition.Base base) {
    return Configs.read(
        Folders.input(Path.of(base.config())),
        PretrainConfig.defaults(),
        new Settings(base.set()).overrides());
  }

  /** An arm's keys as the file says them, without what the command line changes. */
  private List<String> settings(String arm, Settings point) {
    Settings ofArm = new Settings(definition.arms().get(arm).set());
    return new ArrayList<>(new Settings(definition.set()).with(ofArm).with(point).overrides());
  }

  /** A mistake of the file is told as that, not as one of {@code --set}. */
  private void requireSettings(String arm, Settings point) {
    try {
      TrainConfig _ = Training.config(null, settings(arm, point));
    } catch (ConfigException e) {
      String mistake = e.getMessage().replaceFirst("^--set ", "set: ");
      throw new ConfigException(name + ", arm " + arm + ", " + mistake, e);
    }
  }

  /**
   * How an arm is trained.
   *
   * @param point of the tuning grid
   */
  TrainConfig config(String arm, Settings point, long seed) {
    Definition.Arm of = definition.arms().get(arm);
    List<String> all = settings(arm, point);
    all.addAll(overrides);
    try {
      TrainConfig config = Training.config(null, all).withSeed(seed);
      return of.base() == null ? config : config.withModel(base(of.base()).toString());
    } catch (ConfigException e) {
      throw new ConfigException(name + ", arm " + arm + ": " + e.getMessage(), e);
    }
  }

  /** The place of a base that is pretrained here. */
  Path base(String base) {
    return folder.resolve("bases").resolve(base);
  }

  /** The place of a reported run. */
  Path place(String arm, long seed) {
    return folder.resolve("runs").resolve(arm).resolve("seed-" + seed);
  }

  /** The place of a tuning run. */
  Path place(String arm, Settings point, long seed) {
    return folder.resolve("tuning").resolve(arm).resolve(point.folder()).resolve("seed-" + seed);
  }
}
