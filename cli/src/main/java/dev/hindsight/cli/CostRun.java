package dev.hindsight.cli;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.report.RunRecord;
import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.trainer.StepMetrics;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.sdpo.trainer.TrainListener;
import dev.hindsight.sdpo.trainer.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A run of a few steps whose time is measured, on questions of fixed lengths.
 *
 * @param config whose model has room for these
 */
record CostRun(TrainConfig config, Definition.Lengths lengths, Path folder) {

  /** Whether it was measured, with the same settings. */
  boolean isDone() throws IOException {
    Training.requireSame(folder, "a run", "", config);
    return Training.isComplete(folder);
  }

  /** Runs it, whatever was measured before; a step whenever it is its turn. */
  void run(Turns turns, int member, Backend backend, StopSignal stop) throws IOException {
    TrainListener inTurn =
        new TrainListener() {
          @Override
          public void step(StepMetrics metrics) {
            turns.pass(member);
          }
        };
    turns.await(member);
    try { // whatever fails, the others get their turns
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
                  inTurn)) {
        stop.onRequest(trainer::requestStop);
        trainer.run();
      }
    } finally {
      turns.leave(member);
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
