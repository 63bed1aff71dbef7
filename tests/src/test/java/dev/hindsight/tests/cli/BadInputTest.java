package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.tests.cli.Cli.Outcome;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever is wrong with what a person gives: one message that names it and the fix, an exit code
 * that is not 0, and nothing lost.
 */
class BadInputTest {
  @TempDir Path folder;

  private static void fails(Outcome outcome, int code, String... parts) {
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(code);
    assertThat(outcome.err()).startsWith("hindsight: ").contains(parts);
    // no trace, and no class names where words are to be had
    assertThat(outcome.err()).doesNotContain("\tat ", "Exception", "dev.hindsight");
  }

  private Outcome logits(Path model) {
    return Cli.run(
        "logits",
        "--model",
        model,
        "--tokens",
        "1,2,3",
        "--out",
        folder.resolve("l"),
        "--backend",
        "reference");
  }

  // ------------------------------------------------------------------ weights

  @Test
  void aMissingModelSaysWhatAModelIs() {
    fails(
        logits(folder.resolve("nowhere")),
        1,
        "nowhere does not exist",
        "config.json, model.safetensors and tokenizer.json");
  }

  @Test
  void aTruncatedWeightsFileIsRefused() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    Path weights = model.resolve("model.safetensors");
    byte[] whole = Files.readAllBytes(weights);
    for (int length : new int[] {0, 7, 100, whole.length / 2, whole.length - 1}) {
      Files.write(weights, Arrays.copyOf(whole, length));
      fails(logits(model), 1, "model.safetensors");
    }
    Files.write(weights, whole);
    assertThat(logits(model).code()).isZero();
  }

  @Test
  void aHostileWeightsFileIsRefused() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    Path weights = model.resolve("model.safetensors");
    String bomb =
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2147483647,2147483647],\"data_offsets\":[0,4]}}";
    for (long claimed : new long[] {Long.MAX_VALUE, -1, 1L << 40, bomb.length()}) {
      ByteBuffer file = ByteBuffer.allocate(8 + bomb.length() + 4).order(ByteOrder.LITTLE_ENDIAN);
      file.putLong(claimed).put(bomb.getBytes(StandardCharsets.UTF_8));
      Files.write(weights, file.array());
      fails(logits(model), 1, "model.safetensors");
    }
  }

  @Test
  void aConfigurationThatDoesNotFitTheWeightsIsRefused() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    Path config = model.resolve("config.json");
    String json = Files.readString(config);
    Files.writeString(
        config, json.replace("\"num_hidden_layers\" : 1", "\"num_hidden_layers\" : 2"));
    assertThat(Files.readString(config)).isNotEqualTo(json);
    fails(logits(model), 1, "model.layers.1");
    Files.writeString(config, "{ not json");
    fails(logits(model), 1, "config.json");
  }

  // ------------------------------------------------------------ configurations

  @Test
  void unknownAndIllTypedKeysOfAConfigurationAreNamed() throws IOException {
    Path file = Files.writeString(folder.resolve("a.yaml"), "seed: 1\noptim:\n  lrr: 1\n");
    fails(Cli.run("train", file), 1, "a.yaml:3: unknown key 'lrr' in 'optim'; did you mean 'lr'?");
    Files.writeString(file, "steps: many\n");
    fails(
        Cli.run("train", file), 1, "a.yaml:1: steps: got the text 'many', expected a whole number");
    Files.writeString(file, "optim: {lr: -1}\n");
    fails(Cli.run("train", file), 1, "a.yaml:1: optim.lr: got -1.0, expected");
    Files.writeString(file, "method: ppo\n");
    fails(Cli.run("train", file), 1, "expected one of sdpo, grpo");
    Files.writeString(file, "model: {hidden_sizes: 3}\ndocuments: dialect\n");
    fails(Cli.run("pretrain", file), 1, "did you mean 'hidden_size'?");
    fails(Cli.run("train", file), 1, "is a configuration for pretraining");
    fails(
        Cli.run("train", folder.resolve("b.yaml")),
        1,
        "b.yaml: no such file; did you mean 'a.yaml'?");
    Files.writeString(file, "environment: {level: Z}\n");
    fails(Cli.run("train", file), 1, "level 'Z' does not exist");
    Files.writeString(file, "optim:\n");
    fails(Cli.run("train", file), 1, "a.yaml:1: optim: got nothing, expected keys and values");
    Files.writeString(file, "documents:\n");
    fails(Cli.run("pretrain", file), 1, "a.yaml:1: documents: got null, expected dialect");
    Files.writeString(file, "model:\n");
    fails(Cli.run("pretrain", file), 1, "a.yaml:1: model: got nothing, expected keys and values");
    Assumptions.assumeTrue(Files.exists(Path.of("/dev/zero")), "needs /dev/zero");
    fails(Cli.run("train", "/dev/zero"), 1, "/dev/zero is a device or a pipe");
    assertThat(folder.resolve("runs")).doesNotExist();
  }

  // ------------------------------------------------------------ command lines

  @Test
  void wrongCommandLinesGetADidYouMean() {
    fails(Cli.run("trian"), 2, "unknown command 'trian'; did you mean 'train'?");
    fails(Cli.run("generate", "--modle", "x", "--prompt", "y"), 2, "did you mean '--model'?");
    fails(Cli.run("train"), 2, "expected a configuration file, or --resume DIR");
    fails(
        Cli.run("logits", "--model", "x", "--tokens", "1,x", "--out", "y"),
        2,
        "'x' is not a whole number");
    fails(Cli.run("devices", "--seed", "1"), 2, "unknown option '--seed'");
    fails(Cli.run("selftest", "--seed", "1e3"), 2, "'1e3' is not a whole number of 64 bits");
    fails(
        Cli.run("generate", "--model", "m", "--prompt", "p", "--top-p", "x"),
        2,
        "'x' is not a number");
    fails(
        Cli.run("evaluate", "--model", "m", "--checkpoint", "x"),
        2,
        "expected one of [last, best], got 'x'");
    fails(Cli.run("evaluate", "--model", "m", "--questions", "-1"), 1, "--questions: got -1");
    fails(Cli.run("quickstart", "--steps", "0", "--out", folder.resolve("q")), 1, "--steps: got 0");
    fails(Cli.run(), 2, "--help");
  }

  @Test
  void aBackendThatDoesNotExistIsNotReplacedByAnother() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    fails(
        Cli.run("generate", "--model", model, "--prompt", "max 1 2", "--backend", "cuda"),
        1,
        "there is none called 'cuda'",
        "auto, vector, reference");
    fails(
        Cli.run("generate", "--model", model, "--prompt", "max 1 2", "--threads", "0"),
        1,
        "threads: expected 1 to 1024, got 0");
  }

  // ------------------------------------------------------------ outputs

  /** Buffered output that cannot be written is noticed by nobody unless the command looks. */
  @Test
  @EnabledOnOs(OS.LINUX)
  void aResultThatCannotBePrintedIsAFailure() throws Exception {
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(Cli.command("devices", "--json"))
            .redirectOutput(new File("/dev/full"))
            .redirectError(err.toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(1);
    assertThat(err).content().contains("standard output");
  }

  // ------------------------------------------------------------ prompts

  @Test
  void aPromptThatIsTooLongOrUnreadableIsRefused() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 16);
    fails(
        Cli.run("generate", "--model", model, "--prompt", "max 4 9 2", "--backend", "reference"),
        1,
        "--prompt: 6 tokens and an answer of up to 14 are more than the model's context of 16");
    fails(
        Cli.run(
            "logits",
            "--model",
            model,
            "--tokens",
            "1" + ",5".repeat(16),
            "--out",
            folder.resolve("l"),
            "--backend",
            "reference"),
        1,
        "--tokens: 17 tokens are more than the model's context of 16");
    fails(
        Cli.run("generate", "--model", model, "--prompt", "hello", "--backend", "reference"),
        1,
        "no word of the vocabulary begins 'hello'");
    fails(
        Cli.run(
            "logits",
            "--model",
            model,
            "--tokens",
            "1,9999",
            "--out",
            folder.resolve("l"),
            "--backend",
            "reference"),
        1,
        "token id 9999");
    // a question that no truncation can make fit
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 2);
    fails(
        Cli.run("train", config, "--out", folder.resolve("run"), "--backend", "reference"),
        1,
        "tokens, at most 3 fit; use a model with a longer context");
  }

  @Test
  void answersThatNoVerifierCanParseAreTrainedOnLikeAnyOther() throws IOException {
    // an untrained model writes noise: every answer is beyond parsing
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 2);
    Path run = folder.resolve("run");
    Outcome outcome = Cli.run("train", config, "--out", run, "--backend", "reference");
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(Files.readString(run.resolve("samples.jsonl"))).contains("SyntaxError");
    assertThat(run.resolve("report.html")).exists();
    assertThat(run.resolve("model/model.safetensors")).exists();
  }

  // ------------------------------------------------------------ folders

  @Test
  void aFolderThatExistsIsNeverOverwrittenUnasked() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 1);
    Path precious = Files.createDirectories(folder.resolve("precious"));
    Path letter = Files.writeString(precious.resolve("letter.txt"), "dear");
    for (String[] command : new String[][] {{"train", config.toString()}, {"quickstart"}}) {
      Object[] args = {
        command[0],
        command.length > 1 ? command[1] : "--quiet",
        "--out",
        precious,
        "--backend",
        "reference"
      };
      fails(Cli.run(args), 1, precious + " exists already", "--out DIR", "--overwrite");
      Object[] force = Arrays.copyOf(args, args.length + 1);
      force[args.length] = "--overwrite";
      fails(Cli.run(force), 1, "was not written by this command");
    }
    assertThat(letter).hasContent("dear");
    fails(Cli.run("train", config, "--out", letter, "--backend", "reference"), 1, "is a file");

    Path run = folder.resolve("run");
    Object[] train = {"train", config, "--out", run, "--backend", "reference", "-q"};
    assertThat(Cli.run(train).code()).isZero();
    fails(Cli.run(train), 1, "or go on with --resume " + run);
    Object[] again = Arrays.copyOf(train, train.length + 1);
    again[train.length] = "--overwrite";
    assertThat(Cli.run(again).code()).isZero();
  }

  /** The former run was deleted first, and then the new one could not begin. */
  @Test
  void overwriteDeletesNothingBeforeTheNewRunCanBegin() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 1);
    Path run = folder.resolve("run");
    Object[] train = {"train", config, "--out", run, "--backend", "reference", "-q"};
    assertThat(Cli.run(train).code()).isZero();
    for (String[] mistake :
        new String[][] {
          {"--set", "model=/nowhere"}, {"--set", "environment.level=Z"}, {"--backend", "cuda"}
        }) {
      fails(
          Cli.run("train", config, "--out", run, "--overwrite", mistake[0], mistake[1]),
          1,
          mistake[1].replaceAll(".*=", ""));
      assertThat(run.resolve("summary.json")).exists();
    }
    Path pretrain = Files.writeString(folder.resolve("p.yaml"), "steps: 1\nbatch_size: 2\n");
    Path base = Files.createDirectories(folder.resolve("base"));
    Path made = Files.writeString(base.resolve("pretrain.yaml"), "steps: 7\n");
    fails(
        Cli.run("pretrain", pretrain, "--out", base, "--overwrite", "--set", "optim.lr=-1"),
        1,
        "-1");
    assertThat(made).hasContent("steps: 7\n");
  }

  /** Another run's folder is neither gone on with nor replaced, but may be read. */
  @Test
  void aRunThatIsGoingOnIsLeftAlone() throws Exception {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 2);
    Path run = folder.resolve("run");
    Object[] train = {"train", config, "--out", run, "--backend", "reference", "-q"};
    assertThat(Cli.run(train).code()).isZero();
    try (RunFolder open = RunFolder.resume(run)) {
      open.openRecords(open.load(Backends.get("reference"), DType.F32).orElseThrow());
      // reading a locked file ends the lock on POSIX: it must not be this one
      assertThat(open.readMetrics(Map.class)).hasSize(3);
      Object[] replace = Arrays.copyOf(train, train.length + 1);
      replace[train.length] = "--overwrite";
      for (Object[] command : new Object[][] {{"train", "--resume", run}, replace}) {
        Process other = new ProcessBuilder(Cli.command(command)).start();
        String err = new String(other.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(other.waitFor()).as(err).isEqualTo(1);
        assertThat(err).contains(run + " is being written by another run");
      }
      assertThat(open.readMetrics(Map.class)).hasSize(3);
      fails(
          Cli.run("generate", "--model", run, "--prompt", "nonsense", "--backend", "reference"),
          1,
          "no word of the vocabulary");
    }
  }

  @Test
  void aResumeWithFewerStepsThanAreDoneSaysSo() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 96);
    Path config = Cli.tinyRun(folder.resolve("c.yaml"), model, 2);
    Path run = folder.resolve("run");
    assertThat(Cli.run("train", config, "--out", run, "--backend", "reference", "-q").code())
        .isZero();
    Path yaml = run.resolve("config.yaml");
    Files.writeString(yaml, Files.readString(yaml).replace("steps: 2", "steps: 1"));
    fails(
        Cli.run("train", "--resume", run, "--backend", "reference"),
        1,
        "the run has done 2 steps, the configuration asks for 1");
  }

  @Test
  void resumeNeedsARunAndTakesNoOtherSettings() throws IOException {
    fails(Cli.run("train", "--resume", folder.resolve("x")), 1, "is not the folder of a run");
    fails(Cli.run("train", "--resume", folder, "--seed", "3"), 2, "leave --set, --seed");
    fails(Cli.run("train", "a.yaml", "--resume", folder), 2, "leave a.yaml away");
    fails(Cli.run("quickstart", "--resume", "--out", folder), 1, "holds no quickstart");
    Path pretrain = Files.writeString(folder.resolve("p.yaml"), "steps: 1\n");
    fails(
        Cli.run("pretrain", pretrain, "--resume", "--out", folder.resolve("y")),
        1,
        "pretraining.safetensors to go on from");
  }

  @Test
  void outputsThatCannotBeWrittenAreNamed() throws IOException {
    Path model = Cli.tinyModel(folder.resolve("m"), 64);
    fails(
        Cli.run(
            "logits",
            "--model",
            model,
            "--tokens",
            "1",
            "--out",
            folder.resolve("no/l"),
            "--backend",
            "reference"),
        1,
        "no/l",
        "its folder does not exist");
    fails(
        Cli.run(
            "logits", "--model", model, "--tokens", "1", "--out", folder, "--backend", "reference"),
        1,
        "is a folder; give --out a file");
    fails(Cli.run("report", folder), 1, "no metrics.jsonl");
    fails(Cli.run("report", folder.resolve("gone")), 1, "no such folder");
  }

  @Test
  void aTraceIsShownWhenAskedFor() {
    Outcome outcome = Cli.run("report", folder, "--stacktrace");
    assertThat(outcome.code()).isEqualTo(1);
    assertThat(outcome.err()).startsWith("hindsight: ").contains("\tat dev.hindsight.cli");
  }
}
