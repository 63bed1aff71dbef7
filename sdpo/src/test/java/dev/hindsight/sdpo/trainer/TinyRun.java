package dev.hindsight.sdpo.trainer;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.dialect.DialectVocabulary;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.WordTokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs of a decoder 16 channels wide with random weights: milliseconds a step. */
final class TinyRun {
  private TinyRun() {}

  static ModelFolder model(Backend backend) {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(DialectVocabulary.tokens().size())
            .hiddenSize(16)
            .intermediateSize(32)
            .layers(2)
            .heads(2)
            .maxPositions(128)
            .tiedEmbeddings(true)
            .build();
    return new ModelFolder(
        Decoder.initialise(config, backend, DType.F32, 7),
        new WordTokenizer(DialectVocabulary.tokens()));
  }

  /** A configuration from lines such as {@code steps=4}. */
  static TrainConfig config(TrainConfig.Method method, String... overrides) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "steps=6",
                "train_batch_size=4",
                "actor.ppo_mini_batch_size=" + (method == TrainConfig.Method.GRPO ? "2" : "null"),
                "rollout.n=4",
                "evaluation.questions=16",
                "evaluation.teacher_questions=8",
                "record.save_freq=2"));
    all.addAll(List.of(overrides));
    return Configs.parse("", "test", TrainConfig.defaults(method), all);
  }

  /** Starts or resumes a run in a folder. */
  static RunSummary run(TrainConfig config, Path folder, String backend, TrainListener listener)
      throws IOException {
    try (RunFolder run = open(config, folder);
        Trainer trainer =
            new Trainer(
                config,
                Environments.open(config.environment(), config.seed()),
                model(Backends.get(backend)),
                run,
                listener)) {
      return trainer.run();
    }
  }

  static RunFolder open(TrainConfig config, Path folder) throws IOException {
    return java.nio.file.Files.exists(folder)
        ? RunFolder.resume(folder)
        : RunFolder.create(folder, Configs.toYaml(config));
  }
}
