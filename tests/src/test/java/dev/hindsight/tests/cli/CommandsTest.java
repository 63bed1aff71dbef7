package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.hindsight.cli.experiment.Definition;
import dev.hindsight.cli.experiment.Settings;
import dev.hindsight.cli.experiment.SweepFile;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.config.PretrainConfig;
import dev.hindsight.sdpo.trainer.Environments;
import dev.hindsight.sdpo.trainer.TrainConfig;
import dev.hindsight.tests.cli.Cli.Outcome;
import dev.hindsight.transformer.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What each command promises, on models of a few thousand weights. */
class CommandsTest {
  private static final List<String> COMMANDS =
      List.of(
          "quickstart",
          "train",
          "evaluate",
          "pretrain",
          "generate",
          "logits",
          "report",
          "inspect",
          "devices",
          "selftest");

  @TempDir Path folder;

  private static JsonNode json(Outcome outcome) {
    assertThat(outcome.code()).as(outcome.err()).isZero();
    return JsonMapper.shared().readTree(outcome.out());
  }

  @Test
  void everyCommandHasHelpWithExamples() {
    assertThat(Cli.run("--help").out()).contains(COMMANDS).contains("Exit codes:", "Examples:");
    for (String command : COMMANDS) {
      Outcome help = Cli.run(command, "--help");
      assertThat(help.code()).isZero();
      assertThat(help.out()).contains("Examples:", "./hindsight " + command, "--json", "--quiet");
      // examples are there to be copied: one that is broken at the screen's edge cannot be
      assertThat(help.out().split("Examples:\\R")[1].lines())
          .allMatch(
              line -> line.startsWith("  ./hindsight") || line.startsWith("      --"), command);
      if (!List.of("report", "inspect", "devices").contains(command)) {
        assertThat(help.out()).contains("--backend", "--device", "--threads", "--seed");
      }
    }
    assertThat(Cli.run("--version").out()).contains("hindsight ", "JVM ");
    assertThat(Cli.run("generate-completion").out())
        .contains("complete -F", "quickstart", "--device");
  }

  @Test
  void aRunThatEndsWithEnoughAccuracySaysSo() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 3);
    Path out = folder.resolve("enough");
    String enough = "evaluation.stop_at_accuracy=1e-300";
    Outcome run = Cli.run("train", config, "--set", enough, "--out", out, "-q");
    assertThat(run.code()).as(run.err()).isZero();
    assertThat(run.out()).contains("ended after step 1 of 3: the accuracy of evaluation.stop_at");
    assertThat(Cli.run("train", "--resume", out, "-q").out()).contains("ended after step 1 of 3");
  }

  @Test
  void devicesListsTheBackends() {
    JsonNode devices = json(Cli.run("devices", "--json"));
    List<String> names =
        devices.path("backends").valueStream().map(b -> b.path("name").asString()).toList();
    assertThat(names).contains("reference");
    assertThat(devices.path("threads").asInt()).isPositive();
    assertThat(names).contains(devices.path("auto").asString());
    assertThat(Cli.run("devices").out()).contains("reference", "--backend auto", "processors");
  }

  @Test
  void selftestMeasuresAndChecksAGradient() {
    JsonNode result = json(Cli.run("selftest", "--backend", "reference", "--json"));
    assertThat(result.path("sgemm_gflops").doubleValue()).isPositive();
    assertThat(result.path("bandwidth_gb_per_s").doubleValue()).isPositive();
    assertThat(result.path("gradient_ok").booleanValue()).isTrue();
  }

  @Test
  void selftestComparesADeviceWithItsOwnLimits() {
    assumeTrue(
        Backends.providers().stream()
            .anyMatch(p -> p.name().equals("opencl") && p.unavailable().isEmpty()),
        "no OpenCL device");
    JsonNode result = json(Cli.run("selftest", "--backend", "opencl", "--json"));
    assertThat(result.path("backend").asString()).isEqualTo("opencl");
    assertThat(result.path("sgemm_gflops").doubleValue()).isPositive();
    assertThat(result.path("bandwidth_gb_per_s").doubleValue()).isPositive();
    assertThat(result.path("gradient_ok").booleanValue()).isTrue();
  }

  @Test
  void logitsAreFloat32RowsInASafetensorsFile() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    Path out = folder.resolve("logits.safetensors");
    JsonNode result =
        json(
            Cli.run(
                "logits",
                "--model",
                model,
                "--tokens",
                "1,7,9",
                "--out",
                out,
                "--backend",
                "reference",
                "--json"));
    assertThat(result.path("tokens").asInt()).isEqualTo(3);
    try (Safetensors file = Safetensors.open(out)) {
      assertThat(file.entries().keySet()).containsExactly("logits");
      Safetensors.Entry entry = file.entries().get("logits");
      assertThat(entry.type()).isEqualTo(Safetensors.Type.F32);
      assertThat(entry.dims()).containsExactly(3, result.path("vocabulary").asInt());
      // causal: the first row does not depend on what follows
      float[] all = file.read(Backends.get("reference"), "logits", DType.F32).toFloats();
      Path shorter = folder.resolve("shorter.safetensors");
      Cli.run(
          "logits", "--model", model, "--tokens", "1", "--out", shorter, "--backend", "reference");
      try (Safetensors first = Safetensors.open(shorter)) {
        assertThat(first.read(Backends.get("reference"), "logits", DType.F32).toFloats())
            .containsExactly(java.util.Arrays.copyOf(all, all.length / 3));
      }
    }
  }

  @Test
  void generateIsAFunctionOfTheSeed() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    Object[] args = {
      "generate",
      "--model",
      model,
      "--prompt",
      "max 4 9 2",
      "-n",
      "3",
      "--seed",
      "5",
      "--backend",
      "reference",
      "--json"
    };
    JsonNode first = json(Cli.run(args));
    assertThat(first).isEqualTo(json(Cli.run(args)));
    args[8] = "6";
    assertThat(json(Cli.run(args))).isNotEqualTo(first);
    assertThat(first.path("completions").size()).isEqualTo(3);
    // <bos> max 4 9 2 <asst>, however it is said
    Outcome raw =
        Cli.run(
            "generate",
            "--model",
            model,
            "--raw",
            "--prompt",
            "<bos>max 4 9 2<asst>",
            "-n",
            "3",
            "--seed",
            "5",
            "--backend",
            "reference",
            "--json");
    assertThat(json(raw)).isEqualTo(first);
  }

  @Test
  void pretrainWritesAModelThatOtherCommandsOpen() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("p.yaml"),
            """
            steps: 4
            batch_size: 4
            model: {hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2, num_key_value_heads: 2}
            evaluation: {every: 2, documents: 4}
            checkpoint_every: 2
            """);
    Path one = folder.resolve("one");
    Outcome outcome =
        Cli.run("pretrain", config, "--out", one, "--backend", "reference", "--threads", "1");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out()).contains("held-out loss");
    assertThat(Files.readAllLines(one.resolve("metrics.jsonl"))).hasSize(4);
    Path two = folder.resolve("two");
    Cli.run("pretrain", config, "--out", two, "--backend", "reference", "--threads", "2", "-q");
    for (String file : List.of("model.safetensors", "config.json", "metrics.jsonl")) {
      assertThat(two.resolve(file)).hasSameBinaryContentAs(one.resolve(file));
    }
    // a resume that is refused leaves the record of what made the model
    Outcome other =
        Cli.run(
            "pretrain",
            config,
            "--out",
            two,
            "--resume",
            "--set",
            "steps=6",
            "--backend",
            "reference");
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("options 'steps=4', this run has 'steps=6'");
    assertThat(two.resolve("pretrain.yaml")).hasSameTextualContentAs(one.resolve("pretrain.yaml"));
    assertThat(
            Cli.run("generate", "--model", one, "--prompt", "max 1 2", "--backend", "reference")
                .code())
        .isZero();
  }

  @Test
  void evaluateOpensModelsAndRuns() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path run = folder.resolve("run");
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 2);
    assertThat(Cli.run("train", config, "--out", run, "--backend", "reference", "-q").code())
        .isZero();
    for (String which : List.of("last", "best")) {
      JsonNode result =
          json(
              Cli.run(
                  "evaluate",
                  "--model",
                  run,
                  "--checkpoint",
                  which,
                  "-k",
                  "2",
                  "--backend",
                  "reference",
                  "--json"));
      assertThat(result.path("questions").asInt()).isEqualTo(8);
      assertThat(result.path("accuracy").isNumber()).isTrue();
      assertThat(result.path("avg_at_k").isNumber()).isTrue();
      assertThat(result.path("teacher_accuracy").isNumber()).isTrue();
    }
    Outcome text =
        Cli.run(
            "evaluate",
            "--model",
            model,
            "--questions",
            "4",
            "-k",
            "0",
            "--set",
            "environment.level=B",
            "--backend",
            "reference");
    assertThat(text.out()).contains("dialect-B", "exact accuracy").doesNotContain("avg@");
    // a run that has not ended has no model folder: its newest checkpoint is taken
    try (Stream<Path> files = Files.walk(run.resolve("model"))) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
    assertThat(
            Cli.run("generate", "--model", run, "--prompt", "max 1 2", "--backend", "reference")
                .code())
        .isZero();
  }

  @Test
  void quickstartLeavesWhatItsContractSays() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path out = folder.resolve("q");
    Outcome outcome =
        Cli.run(
            "quickstart",
            "--model",
            model,
            "--steps",
            "2",
            "--out",
            out,
            "--seed",
            "3",
            "--backend",
            "reference");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out())
        .contains("Quickstart: SDPO beside GRPO", "SDPO, foreign feedback", "base model")
        .contains("Neither SDPO nor GRPO answered half", "report: " + out.resolve("report.html"));
    JsonNode summary = JsonMapper.shared().readTree(Files.readString(out.resolve("summary.json")));
    assertThat(summary.path("seed").asLong()).isEqualTo(3);
    assertThat(summary.path("environment").asString()).isEqualTo("dialect-Q");
    assertThat(summary.path("backend").asString()).isEqualTo("reference");
    assertThat(summary.path("threads").asInt()).isPositive();
    assertThat(summary.path("wall_seconds").doubleValue()).isPositive();
    assertThat(summary.path("base").path("accuracy").isNumber()).isTrue();
    assertThat(summary.path("base").path("teacher_accuracy").isNumber()).isTrue();
    for (String arm : List.of("sdpo", "grpo", "sdpo_foreign_feedback")) {
      JsonNode result = summary.path("arms").path(arm);
      assertThat(result.path("final_accuracy").isNumber()).isTrue();
      assertThat(result.path("best_accuracy").isNumber()).isTrue();
      assertThat(result.path("generations").asLong()).isEqualTo(2 * 128);
      assertThat(result.has("generations_to_half")).isTrue();
      assertThat(result.path("generations_to_half").isNull()).isTrue();
      assertThat(result.path("wall_seconds").doubleValue()).isPositive();
      try (Stream<Path> files = Files.list(out.resolve(arm).resolve("checkpoints"))) {
        assertThat(files).anyMatch(f -> f.toString().endsWith(".safetensors"));
      }
      assertThat(out.resolve(arm).resolve("report.html")).exists();
    }
    assertThat(out.resolve("report.html")).content().contains("SDPO beside GRPO on dialect-Q");
    // again: nothing is lost, and the way on is named
    Outcome again = Cli.run("quickstart", "--model", model, "--out", out);
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.err()).contains("exists already", "--overwrite", "its report is");
    assertThat(Cli.run("report", out, "--out", folder.resolve("again.html")).code()).isZero();
    assertThat(folder.resolve("again.html")).hasSameTextualContentAs(out.resolve("report.html"));
  }

  @Test
  void shippedConfigurationsAreWhatTheyClaim() throws IOException {
    Path configs = Path.of(System.getProperty("hindsight.repository")).resolve("configs");
    TrainConfig sdpo = TrainConfig.defaults(TrainConfig.Method.SDPO);
    assertThat(Configs.read(configs.resolve("sdpo-dialect.yaml"), sdpo)).isEqualTo(sdpo);
    TrainConfig grpo = TrainConfig.defaults(TrainConfig.Method.GRPO);
    assertThat(Configs.read(configs.resolve("grpo-dialect.yaml"), grpo)).isEqualTo(grpo);
    assertThat(Configs.read(configs.resolve("sdpo-foreign-feedback.yaml"), sdpo))
        .isEqualTo(sdpo.withEnvironment(sdpo.environment().withForeignFeedback()));
    assertThat(Configs.read(configs.resolve("dialect-base.yaml"), PretrainConfig.defaults()))
        .isEqualTo(PretrainConfig.defaults());
    try (Stream<Path> all = Files.walk(configs)) {
      for (Path file : all.filter(f -> f.toString().endsWith(".yaml")).toList()) {
        String folder = file.getParent().getFileName().toString();
        if (folder.equals("experiments")) {
          Definition experiment = Definition.read(file, List.of());
          for (Definition.Arm arm : experiment.arms().values()) {
            Settings shared = new Settings(experiment.set());
            TrainConfig.read(null, shared.with(new Settings(arm.set())).overrides());
          }
        } else if (folder.equals("sweeps")) {
          for (Settings point : SweepFile.read(file, List.of()).points()) {
            TrainConfig.read(null, point.overrides());
          }
        } else if (file.getFileName().toString().contains("-base")) {
          Configs.read(file, PretrainConfig.defaults());
        } else {
          TrainConfig config = Configs.read(file, sdpo);
          assertThat(Environments.open(config.environment(), 0).testQuestions()).isNotEmpty();
        }
      }
    }
  }
}
