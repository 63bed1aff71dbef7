package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** The main job on the built-in model: SDPO beside GRPO and a control. */
@Command(
    name = "quickstart",
    description = {
      "Train the built-in model three times and compare: with SDPO, with GRPO, and with SDPO on"
          + " feedback that says nothing about the task. A minute or two on two cores.",
      "Writes report.html (open it in a browser), summary.json and one run folder each."
    },
    footer = {
      "  ./hindsight quickstart",
      "  ./hindsight quickstart --seed 1 --out runs/quickstart-1",
      "  ./hindsight quickstart --from-scratch --out runs/from-scratch"
    })
final class QuickstartCommand extends HindsightCommand {
  /** What the shipped base model is called and what makes it. */
  static final String BASE = "models/dialect-48x2";

  static final Path BASE_CONFIG = Path.of("configs/dialect-base.yaml");

  @Option(
      names = "--out",
      paramLabel = "DIR",
      defaultValue = "runs/quickstart",
      description = "Where everything goes (default: runs/quickstart).")
  Path out;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      defaultValue = BASE,
      description = "The base model (default: the shipped " + BASE + ").")
  String model;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "50",
      description = "Steps of each run, 128 answers each (default: 50).")
  int steps;

  @Option(
      names = "--from-scratch",
      description = "Pretrain the base model first, instead of taking the one that is shipped.")
  boolean fromScratch;

  @Option(names = "--overwrite", description = "Replace a former quickstart in the folder.")
  boolean overwrite;

  @Option(names = "--resume", description = "Go on with a quickstart that was stopped.")
  boolean resume;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (steps < 1) {
      throw new Failure("--steps: got " + steps + ", expected at least 1");
    }
    Backend backend = compute.open();
    QuickstartState state = resume ? resumed() : claimed();
    try (StopSignal stop = new StopSignal(screen)) {
      Quickstart quickstart = new Quickstart(out, state, backend, screen, stop);
      if (quickstart.run()) {
        return 0;
      }
      screen.warn(
          "hindsight: stopped; the state is saved. Go on with:\n  ./hindsight quickstart --resume --out "
              + out
              + compute.again());
      return Main.INTERRUPTED;
    }
  }

  private QuickstartState claimed() throws IOException {
    Path report = out.resolve("report.html");
    Folders.Claim claim =
        Folders.claim(
            out,
            overwrite,
            List.of(QuickstartState.FILE),
            Files.exists(report)
                ? "; its report is " + report
                : Files.exists(out.resolve(QuickstartState.FILE))
                    ? ", or go on with it with --resume"
                    : "");
    if (fromScratch) {
      Configs.read(Folders.input(BASE_CONFIG), PretrainConfig.defaults());
    } else {
      Models.requireBase(model); // before anything is written
    }
    QuickstartState state = new QuickstartState(compute.seedOr(0), model, fromScratch, steps);
    Quickstart.arms(state, model); // refuses wrong settings before anything is written
    claim.take();
    Files.createDirectories(out);
    state.write(out);
    return state;
  }

  private QuickstartState resumed() throws IOException {
    boolean other = !model.equals(BASE) || steps != 50 || fromScratch || compute.seed != null;
    if (other || overwrite) {
      throw new ParameterException(
          spec.commandLine(),
          "--resume goes on with the settings that quickstart was started with; leave --model,"
              + " --from-scratch, --steps, --seed and --overwrite away");
    }
    if (!Files.isRegularFile(out.resolve(QuickstartState.FILE))) {
      throw new Failure(
          "--resume: " + out + " holds no quickstart that was started; leave --resume away");
    }
    return QuickstartState.read(out);
  }
}
