package dev.hindsight.sdpo.run;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.transformer.MalformedFileException;
import dev.hindsight.transformer.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
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

  /** The name of a checkpoint's file; longer names are larger numbers. */
  static String fileName(int step) {
    return String.format(Locale.ROOT, "step-%06d.safetensors", step);
  }

  /**
   * Reads one from a run's folder.
   *
   * @throws MalformedFileException when it is none of this format, or is damaged
   */
  static Checkpoint read(Path path, Backend backend, DType dtype) throws IOException {
    try (Safetensors file = Safetensors.open(path)) {
      if (!FORMAT.equals(file.metadata("format"))) {
        throw new MalformedFileException(
            path,
            "its format is '"
                + file.metadata("format")
                + "', expected "
                + FORMAT
                + "; another version of Hindsight, or another program, wrote it");
      }
      TreeMap<String, Tensor> tensors = new TreeMap<>();
      for (String name : file.entries().keySet()) {
        tensors.put(name, file.read(backend, name, dtype));
      }
      int step = (int) Math.min(Integer.MAX_VALUE, count(file, "step"));
      if (!path.endsWith(fileName(step))) {
        throw new MalformedFileException(
            path, "its metadata says step = " + step + ", which belongs into " + fileName(step));
      }
      boolean best = file.metadata().containsKey("best_step");
      return new Checkpoint(
          step,
          number(file, "seed", Long::valueOf),
          count(file, "optimizer_steps"),
          best ? number(file, "best_step", Integer::valueOf) : null,
          best ? number(file, "best_accuracy", Double::valueOf) : null,
          count(file, "metrics_bytes"),
          count(file, "samples_bytes"),
          tensors);
    }
  }

  private static long count(Safetensors file, String key) throws MalformedFileException {
    long count = number(file, key, Long::valueOf);
    if (count < 0) {
      throw new MalformedFileException(
          file.file(), "its metadata says " + key + " = " + count + ", expected zero or more");
    }
    return count;
  }

  private static <N extends Number> N number(
      Safetensors file, String key, Function<String, N> reading) throws MalformedFileException {
    String text = file.metadata(key);
    try {
      return reading.apply(text);
    } catch (NumberFormatException e) {
      throw new MalformedFileException(
          file.file(), "its metadata says " + key + " = '" + text + "', expected a number");
    }
  }
}
