package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Tensor;
import dev.hindsight.sdpo.run.Checkpoint;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Opens the models that commands are given: a model's folder, or a run's. */
final class Models {
  private Models() {}

  /** Which weights of a run. */
  enum Which {
    /** The newest. */
    LAST,
    /** Those with the best held-out accuracy. */
    BEST
  }

  /** Weights, configuration and tokenizer of a model's folder, or the newest of a run's. */
  static ModelFolder open(Path given, Backend backend) throws IOException {
    return open(given, Which.LAST, backend);
  }

  /** Weights, configuration and tokenizer. */
  static ModelFolder open(Path given, Which which, Backend backend) throws IOException {
    Path folder = Folders.input(given);
    if (!isRun(folder)) {
      return ModelFolder.load(folder, backend, DType.F32);
    }
    Path finished = folder.resolve("model");
    if (which == Which.LAST && isModel(finished)) {
      return ModelFolder.load(finished, backend, DType.F32);
    }
    TrainConfig config = Training.config(folder.resolve("config.yaml"), List.of());
    ModelFolder model =
        isModel(finished)
            ? ModelFolder.load(finished, backend, DType.F32)
            : base(config.model(), backend);
    Decoder decoder = model.decoder();
    if (which == Which.BEST) {
      decoder.assign(best(folder, decoder));
      return model;
    }
    try (RunFolder run = RunFolder.read(folder)) {
      Checkpoint newest =
          run.load(backend, DType.F32)
              .orElseThrow(
                  () ->
                      new Failure(
                          folder
                              + " has no checkpoint yet; go on with ./hindsight train --resume "
                              + folder));
      decoder.assign(newest.group("", decoder.weights().keySet()));
    }
    return model;
  }

  private static Map<String, Tensor> best(Path folder, Decoder decoder) throws IOException {
    Path file = folder.resolve("checkpoints").resolve("best.safetensors");
    if (!Files.exists(file)) {
      throw new Failure(file + " does not exist: the run has not been evaluated yet");
    }
    try (Safetensors saved = Safetensors.open(file)) {
      Map<String, Tensor> weights = new LinkedHashMap<>();
      for (String name : decoder.weights().keySet()) {
        weights.put(name, saved.read(decoder.backend(), name, DType.F32));
      }
      return weights;
    }
  }

  /** The model that a run starts from. */
  static ModelFolder base(String given, Backend backend) throws IOException {
    return ModelFolder.load(requireBase(given), backend, DType.F32);
  }

  /** The folder of the model that a run starts from; fails with the fix when it is not there. */
  static Path requireBase(String given) {
    Path folder = Folders.input(Path.of(given));
    if (!Files.exists(folder)) {
      // the convention of configs/: X.yaml makes runs/X
      String maker = "configs/" + folder.getFileName() + ".yaml";
      boolean ours = Files.exists(Folders.input(Path.of(maker)));
      throw new Failure(
          "model "
              + given
              + " does not exist; name one with --set model=DIR"
              + (ours
                  ? ", or make it:\n  ./hindsight pretrain " + maker + " --out " + given
                  : "; docs/guide/models.md says which there are and how to bring one"));
    }
    return folder;
  }

  /** Weights and configuration; a tokenizer need not be there. */
  static Decoder decoder(Path given, Backend backend) throws IOException {
    Path folder = Folders.input(given);
    return isRun(folder)
        ? open(given, backend).decoder()
        : ModelFolder.loadDecoder(folder, backend, DType.F32);
  }

  static boolean isRun(Path folder) {
    return !isModel(folder)
        && Files.isRegularFile(folder.resolve("config.yaml"))
        && Files.isDirectory(folder.resolve("checkpoints"));
  }

  private static boolean isModel(Path folder) {
    return Files.isRegularFile(folder.resolve(ModelFolder.CONFIG));
  }

  /** Refuses a prompt that the model's context has no room for. */
  static void requireContext(int prompt, int answer, DecoderConfig config, String option) {
    if ((long) prompt + answer > config.maxPositions()) {
      throw new Failure(
          option
              + ": "
              + prompt
              + " tokens"
              + (answer == 0 ? "" : " and an answer of up to " + answer)
              + " are more than the model's context of "
              + config.maxPositions()
              + " tokens; shorten it"
              + (answer == 0 ? "" : ", or lower --max-new-tokens"));
    }
  }
}
