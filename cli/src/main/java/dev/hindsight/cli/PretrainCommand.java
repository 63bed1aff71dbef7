package dev.hindsight.cli;

import dev.hindsight.engine.Backend;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import dev.hindsight.transformer.ModelFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Trains a base model from scratch. */
@Command(
    name = "pretrain",
    description = {
      "Train a base model from scratch, from a configuration file.",
      "The same seed gives the same bytes, however many threads compute and however often the run was"
          + " stopped and resumed."
    },
    footer = {
      "  ./hindsight pretrain configs/dialect-base.yaml",
      "  ./hindsight pretrain configs/dialect-base.yaml --set steps=500 \\",
      "      --out runs/short",
      "  ./hindsight pretrain configs/dialect-base.yaml --resume"
    })
final class PretrainCommand extends HindsightCommand {
  @Parameters(
      paramLabel = "CONFIG",
      description = "A YAML file, such as configs/dialect-base.yaml.")
  Path config;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Where the model goes (default: runs/ and the configuration's name).")
  @Nullable Path out;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Change a key of the configuration, such as --set optim.lr=1e-3; repeatable.")
  List<String> overrides = List.of();

  @Option(names = "--resume", description = "Go on from the last save in the folder.")
  boolean resume;

  @Option(names = "--overwrite", description = "Replace a former model in the folder.")
  boolean overwrite;

  @Mixin ComputeOptions compute;

  @Override
  int run(Screen screen) throws Exception {
    if (!Configs.peek(Folders.input(config), "method").isEmpty()) {
      throw new Failure(
          config + " is a configuration for training a policy: ./hindsight train " + config);
    }
    PretrainConfig settings =
        Configs.read(Folders.input(config), PretrainConfig.defaults(), overrides);
    if (compute.seed != null) {
      settings = settings.withSeed(compute.seed);
    }
    Path folder = out != null ? out : Path.of("runs").resolve(Folders.stem(config));
    Folders.Claim claim = new Folders.Claim(folder, false);
    if (resume) {
      if (!Files.isRegularFile(Pretraining.checkpoint(folder))) {
        throw new Failure(
            "--resume: there is no "
                + Pretraining.checkpoint(folder)
                + " to go on from; start without --resume, or name the folder with --out");
      }
    } else {
      claim =
          Folders.claim(
              folder,
              overwrite,
              List.of(Pretraining.CONFIG),
              Files.exists(Pretraining.checkpoint(folder)) ? ", or go on with --resume" : "");
    }
    Backend backend = compute.open();
    Pretraining pretraining = new Pretraining(settings, backend, folder);
    screen.say(
        String.format(
            Locale.ROOT,
            "Pretraining %,d parameters for %,d steps on %s",
            pretraining.parameterCount(),
            settings.steps(),
            backend.description()));
    boolean complete;
    try (StopSignal stop = new StopSignal(screen)) {
      claim.take();
      complete = pretraining.run(resume, screen, stop);
      if (!complete) {
        screen.warn(
            "hindsight: stopped; the state is saved. Go on with:\n  " + resumeCommand(folder));
      }
    }
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("out", folder.toString());
    result.put("complete", complete);
    if (complete) {
      result.put("held_out_loss", pretraining.heldOutLoss());
      screen.result(
          String.format(
              Locale.ROOT,
              "held-out loss %.4f; model: %s",
              pretraining.heldOutLoss(),
              folder.resolve(ModelFolder.WEIGHTS)));
    }
    screen.result(result);
    return complete ? 0 : Main.INTERRUPTED;
  }

  private String resumeCommand(Path folder) {
    StringBuilder command = new StringBuilder("./hindsight pretrain " + config + " --resume");
    command.append(" --out ").append(folder);
    overrides.forEach(o -> command.append(" --set ").append(o));
    if (compute.seed != null) {
      command.append(" --seed ").append(compute.seed);
    }
    return command.append(compute.again()).toString();
  }
}
