package dev.hindsight.tests.opencl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.tests.cli.Cli;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * SDPO on the built-in model as {@code configs/sdpo-dialect.yaml} has it, in steps of 16 answers.
 */
final class ShortRun {
  private static final Path HOME = Path.of(System.getProperty("hindsight.repository"));

  private ShortRun() {}

  /** The command line. */
  static Object[] words(Path out, String backend, int steps) {
    List<Object> words = new ArrayList<>();
    words.add("train");
    words.add(HOME.resolve("configs/sdpo-dialect.yaml"));
    for (String set :
        List.of(
            "model=" + HOME.resolve("models/dialect-48x2"),
            "steps=" + steps,
            "train_batch_size=4",
            "rollout.n=4",
            "evaluation.questions=16",
            "evaluation.teacher_questions=8",
            "record.save_freq=1")) {
      words.add("--set");
      words.add(set);
    }
    words.addAll(List.of("--out", out, "--backend", backend, "-q"));
    return words.toArray();
  }

  /** Runs it in this process; gives its folder. */
  static Path train(Path out, String backend, int steps) {
    Cli.Outcome outcome = Cli.run(words(out, backend, steps));
    assertThat(outcome.code()).as(outcome.err()).isZero();
    return out;
  }
}
