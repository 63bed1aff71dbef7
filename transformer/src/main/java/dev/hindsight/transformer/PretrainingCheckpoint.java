package dev.hindsight.transformer;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.engine.Tensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The whole state of a pretraining run in one safetensors file: weights under their own names,
 * Adam's moments under {@code adam.m.NAME} and {@code adam.v.NAME}, the step in the metadata. The
 * position in the data is the step.
 */
final class PretrainingCheckpoint {
  private static final String KIND = "hindsight-pretraining-1";
  private static final String FIRST = "adam.m.";
  private static final String SECOND = "adam.v.";

  private final Decoder decoder;
  private final AdamW optimiser;
  private final String identity;

  /**
   * @param identity text that a run's checkpoint must share with the run that resumes it
   */
  PretrainingCheckpoint(Decoder decoder, AdamW optimiser, String identity) {
    this.decoder = decoder;
    this.optimiser = optimiser;
    this.identity = identity;
  }

  void write(Path file) throws IOException {
    Map<String, Tensor> tensors = new LinkedHashMap<>(decoder.weights());
    optimiser.firstMoments().forEach((name, m) -> tensors.put(FIRST + name, m));
    optimiser.secondMoments().forEach((name, v) -> tensors.put(SECOND + name, v));
    Safetensors.write(
        file,
        tensors,
        Map.of(
            "kind",
            KIND,
            "step",
            Long.toString(optimiser.steps()),
            "options",
            identity,
            "decoder",
            decoder.config().toString()));
  }

  void read(Path file) throws IOException {
    try (Safetensors saved = Safetensors.open(file)) {
      requireSame(saved, "kind", KIND);
      requireSame(saved, "decoder", decoder.config().toString());
      requireSame(saved, "options", identity);
      long step = step(saved);
      // everything is read before anything is overwritten
      Map<String, Tensor> weights = new LinkedHashMap<>();
      Map<String, Tensor> first = new LinkedHashMap<>();
      Map<String, Tensor> second = new LinkedHashMap<>();
      for (Map.Entry<String, Tensor> entry : decoder.weights().entrySet()) {
        String name = entry.getKey();
        weights.put(name, read(saved, name, entry.getValue()));
        first.put(name, read(saved, FIRST + name, entry.getValue()));
        second.put(name, read(saved, SECOND + name, entry.getValue()));
      }
      decoder.assign(weights);
      optimiser.restore(step, first, second);
    }
  }

  private static Tensor read(Safetensors saved, String name, Tensor like)
      throws MalformedFileException {
    return saved.readPersistent(like.backend(), name, like.dtype(), like.shape());
  }

  private static long step(Safetensors saved) throws MalformedFileException {
    String text = saved.metadata("step");
    try {
      long step = Long.parseLong(text);
      if (step >= 0) {
        return step;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw new MalformedFileException(
        saved.file(), "its step is '" + text + "', expected a count; the file is damaged");
  }

  private static void requireSame(Safetensors saved, String key, String expected)
      throws MalformedFileException {
    String found = saved.metadata(key);
    if (!found.equals(expected)) {
      throw new MalformedFileException(
          saved.file(),
          "it was written with "
              + key
              + " '"
              + otherParts(found, expected)
              + "', this run has '"
              + otherParts(expected, found)
              + "'; resume with the same settings, or start anew without it");
    }
  }

  /** Of a record that is written out, {@code Name[a=1, b=2]}, the parts that another lacks. */
  private static String otherParts(String text, String than) {
    List<String> shared = List.of(parts(than));
    List<String> other = Arrays.stream(parts(text)).filter(p -> !shared.contains(p)).toList();
    return other.isEmpty() ? text : String.join(", ", other);
  }

  private static String[] parts(String text) {
    return text.replaceFirst("^\\w+\\[(.*)]$", "$1").split(", ");
  }
}
