package dev.hindsight.sdpo.run;

import dev.hindsight.engine.Tensor;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Everything that the next step of a run depends on. Random numbers are counter-based and keyed by
 * seed and step, so these two are their whole state, and the data's position as well.
 *
 * @param step generation steps done
 * @param seed of the run
 * @param optimizerSteps optimiser steps taken, which Adam's bias correction counts
 * @param bestStep the step with the best accuracy so far; null before an evaluation
 * @param bestAccuracy that accuracy
 * @param metricsBytes length of {@code metrics.jsonl}
 * @param samplesBytes length of {@code samples.jsonl}
 * @param tensors weights under their Hugging Face names, {@code adam.m.NAME}, {@code adam.v.NAME}
 *     and {@code teacher.NAME}
 */
public record Checkpoint(
    int step,
    long seed,
    long optimizerSteps,
    @Nullable Integer bestStep,
    @Nullable Double bestAccuracy,
    long metricsBytes,
    long samplesBytes,
    SortedMap<String, Tensor> tensors) {

  /** Marks our files in the metadata of safetensors. */
  static final String FORMAT = "hindsight-training-1";

  public Checkpoint {
    tensors = new TreeMap<>(tensors);
  }

  Checkpoint withLengths(long metrics, long samples) {
    return new Checkpoint(
        step, seed, optimizerSteps, bestStep, bestAccuracy, metrics, samples, tensors);
  }

  /**
   * The tensors of these names under a prefix, the prefix taken off.
   *
   * @throws IllegalArgumentException when one is missing
   */
  public Map<String, Tensor> group(String prefix, Iterable<String> names) {
    Map<String, Tensor> group = new TreeMap<>();
    for (String name : names) {
      Tensor tensor = tensors.get(prefix + name);
      if (tensor == null) {
        throw new IllegalArgumentException(
            "checkpoint of step "
                + step
                + ": it lacks "
                + prefix
                + name
                + "; it belongs to a run with another model or teacher");
      }
      group.put(name, tensor);
    }
    return group;
  }

  Map<String, String> metadata() {
    Map<String, String> metadata = new TreeMap<>();
    metadata.put("format", FORMAT);
    metadata.put("step", Integer.toString(step));
    metadata.put("data_position", Integer.toString(step));
    metadata.put("random", "philox seed " + seed + " step " + step);
    metadata.put("seed", Long.toString(seed));
    metadata.put("optimizer_steps", Long.toString(optimizerSteps));
    metadata.put("metrics_bytes", Long.toString(metricsBytes));
    metadata.put("samples_bytes", Long.toString(samplesBytes));
    if (bestStep != null && bestAccuracy != null) {
      metadata.put("best_step", bestStep.toString());
      metadata.put("best_accuracy", bestAccuracy.toString());
    }
    return metadata;
  }
}
