package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.sdpo.trainer.TrainListener;
import dev.hindsight.sdpo.trainer.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A run of a few steps whose time is measured, on questions of fixed lengths. */
final class CostRun {
  private CostRun() {}

  /** Runs it, unless that was done; one that was cut off is measured again from its beginning. */
  static void run(TrainConfig config, Definition.Lengths lengths, Path folder, Backend backend)
      throws IOException {
    Training.requireSame(folder, "a run", "", config);
    if (Training.isComplete(folder)) {
      return;
    }
    if (Files.exists(folder)) {
      Folders.delete(folder);
    }
    Files.createDirectories(folder.toAbsolutePath().getParent());
    try (RunFolder run = RunFolder.create(folder, Configs.toYaml(config));
        Trainer trainer =
            new Trainer(
                config,
                new FixedLengths(lengths),
                Models.base(config.model(), backend),
                run,
                TrainListener.SILENT)) {
      trainer.run();
    }
    for (Double length : RunRecord.read(folder).column("response_length")) {
      if (length != null && length != lengths.response()) {
        throw new IllegalStateException(
            folder
                + ": answers of "
                + length
                + " tokens, expected "
                + lengths.response()
                + ": the model ended some by itself");
      }
    }
  }
}
