package dev.hindsight.tests.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Guards sweeps, experiments and discover from the command line, with models of no skill. */
class ExperimentCommandTest {
  private static final String HOME = "hindsight.home";

  /** The launcher says where the built-in definitions and models are. */
  @BeforeAll
  static void atHome() {
    System.setProperty(HOME, System.getProperty("hindsight.repository"));
  }

  @AfterAll
  static void leave() {
    System.clearProperty(HOME);
  }

  private static final String RUN =
      """
        steps: 2
        train_batch_size: 2
        rollout.n: 4
        actor.ppo_mini_batch_size: 2
        evaluation.questions: 4
        evaluation.teacher_questions: 2
        record.save_freq: 1
      """;

  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void model() throws IOException {
    model = Cli.tinyModel(folder.resolve("m"), 96);
  }

  private Path sweep() throws IOException {
    return Files.writeString(
        folder.resolve("sweep.yaml"),
        "set:\n  model: "
            + model
            + "\n"
            + RUN
            + "grid:\n  method: [sdpo, grpo]\n  optim.lr: [1e-3, 2.0e-3]\nseeds: [0, 3]\n");
  }

  private static JsonNode json(Cli.Outcome outcome) {
    assertThat(outcome.code()).as(outcome.err()).isZero();
    return JsonMapper.shared().readTree(outcome.out());
  }

  /** Every run's record, by its place. */
  private static Map<String, String> records(Path out) throws IOException {
    Map<String, String> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(out)) {
      for (Path f : files.filter(f -> f.endsWith("metrics.jsonl")).toList()) {
        all.put(out.relativize(f).toString(), Files.readString(f));
      }
    }
    return all;
  }

  @Test
  void aSweepRunsEveryCombinationWithEverySeedAndTheBytesDoNotDependOnTheJobs() throws IOException {
    Path one = folder.resolve("one");
    Path three = folder.resolve("three");
    JsonNode result = json(Cli.run("sweep", sweep(), "--out", one, "--jobs", "1", "--json", "-q"));
    assertThat(result.path("points")).hasSize(4);
    JsonNode point = result.path("points").get(3);
    assertThat(point.path("set").path("method").asString()).isEqualTo("grpo");
    JsonNode half = point.path("metrics").path("generations_to_half");
    assertThat(half.path("seeds")).hasSize(2);
    assertThat(half.path("mean").asDouble()).isEqualTo(16); // the budget: 2 x 2 x 4 answers
    assertThat(half.path("reached").asInt()).isZero();
    assertThat(json(Cli.run("sweep", sweep(), "--out", three, "--jobs", "3", "--json", "-q")))
        .isEqualTo(result);
    assertThat(records(one)).hasSize(8).isEqualTo(records(three));
  }

  @Test
  void aSweepRepeatsNothingAndGoesOnWithARunThatWasCutOff() throws IOException {
    Path out = folder.resolve("out");
    assertThat(Cli.run("sweep", sweep(), "--out", out, "-q").code()).isZero();
    Map<String, String> whole = records(out);
    // as if one run had been killed after its first step, and another before it began
    Path cut = out.resolve("method=sdpo,optim.lr=0.002/seed-3");
    Files.delete(cut.resolve("summary.json"));
    Files.delete(cut.resolve("checkpoints/step-000002.safetensors"));
    Path kept = out.resolve("method=grpo,optim.lr=0.001/seed-0/summary.json");
    // made by a version that did not know of a key
    Path older = kept.resolveSibling("config.yaml");
    Files.writeString(
        older, Files.readString(older).replaceFirst("(?m)^ *stop_at_accuracy: null\\R", ""));
    assertThat(older).content().doesNotContain("stop_at_accuracy");
    FileTime before = Files.getLastModifiedTime(kept);
    String former = Files.readString(kept);
    assertThat(Cli.run("sweep", sweep(), "--out", out, "-q").code()).isZero();
    assertThat(records(out)).isEqualTo(whole);
    assertThat(cut.resolve("summary.json")).exists();
    assertThat(Files.getLastModifiedTime(kept)).isEqualTo(before);
    assertThat(kept).hasContent(former);
    // other settings in the same place are told, not mixed in
    Cli.Outcome other = Cli.run("sweep", sweep(), "--out", out, "--set", "set.steps=3", "-q");
    assertThat(other.code()).isEqualTo(1);
    assertThat(other.err()).contains("steps: 2").contains("steps: 3").contains("--overwrite");
  }

  @Test
  void aMistakeInASweepStopsItBeforeAnythingRuns() throws IOException {
    Path out = folder.resolve("out");
    Path file = sweep();
    Cli.Outcome typo = Cli.run("sweep", file, "--out", out, "--set", "set.optim.lrr=1");
    assertThat(typo.code()).isEqualTo(1);
    assertThat(typo.err()).contains("unknown key 'lrr'").contains("did you mean 'lr'?");
    Files.writeString(file, "gird: {optim.lr: [1]}\n");
    assertThat(Cli.run("sweep", file, "--out", out).err()).contains("did you mean 'grid'?");
    assertThat(out).doesNotExist();
  }

  @Test
  void anExperimentTunesRunsJudgesAndReports() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("tiny.yaml"),
            "title: a tiny one\nmetric: generations-to-half\nalso: [final-accuracy]\nset:\n  model: "
                + model
                + "\n"
                + RUN
                + """
                arms:
                  a: {label: First <b>, set: {method: sdpo}}
                  b: {set: {method: grpo}}
                tuning: {grid: {optim.lr: [1e-3, 2e-3]}, seeds: [7]}
                expect: [{order: [a, b]}]
                """);
    Path result = folder.resolve("result.json");
    Path out = folder.resolve("out");
    Cli.Outcome outcome =
        Cli.run("experiment", file, "--seeds", "2", "--out", out, "--json", result);
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out()).contains("The order First <b> before b").contains("chosen");
    JsonNode json = JsonMapper.shared().readTree(result.toFile());
    assertThat(json.propertyNames()).containsExactly("experiment", "metric", "arms", "verdict");
    assertThat(json.path("arms").path("a").propertyNames())
        .containsExactly("mean", "low", "high", "seeds");
    assertThat(json.path("arms").path("b").path("seeds")).hasSize(2);
    assertThat(json.path("verdict").asString()).contains("is undecided");
    assertThat(out.resolve("tiny/report.html")).content().contains("First &lt;b&gt;");
    Map<String, String> whole = records(out);
    assertThat(whole).hasSize(2 * 2 + 2 * 2);
    // again: nothing runs, more seeds run only those
    Cli.Outcome more = Cli.run("experiment", file, "--seeds", "3", "--out", out);
    assertThat(more.code()).as(more.err()).isZero();
    assertThat(records(out)).hasSize(2 * 2 + 2 * 3).containsAllEntriesOf(whole);
    assertThat(Cli.run("experiment", file, "--out", out, "--set", "seed=9").err())
        .contains("--set seed")
        .contains("--seeds N takes 0 to N-1");
    assertThat(Cli.run("experiment", file, "--out", out, "--set", "nope").code()).isEqualTo(1);
    Path typo = folder.resolve("typo.yaml");
    Files.writeString(
        typo, Files.readString(file).replace("set: {method: sdpo}", "set: {stepz: 3}"));
    assertThat(Cli.run("experiment", typo, "--out", out).err())
        .contains("typo, arm a, set: stepz=3: unknown key 'stepz'");
    // a seed that settings were chosen by is no evidence
    Cli.Outcome tuned = Cli.run("experiment", file, "--seeds", "8", "--out", out);
    assertThat(tuned.err()).contains("tuning.seeds").contains("no evidence");
  }

  @Test
  void everyBuiltInExperimentIsListedAndAnUnknownOneIsNot() {
    String home = "hindsight.home";
    String former = System.setProperty(home, System.getProperty("hindsight.repository"));
    try {
      Cli.Outcome list = Cli.run("experiment", "--list");
      assertThat(list.code()).as(list.err()).isZero();
      assertThat(list.out())
          .contains("rich", "scalar", "credit", "teacher", "content", "ability", "discovery")
          .contains("divergence", "length", "forgetting", "cost");
      assertThat(Cli.run("experiment", "rihc").err()).contains("did you mean 'rich'?");
    } finally {
      if (former == null) {
        System.clearProperty(home);
      } else {
        System.setProperty(home, former);
      }
    }
  }

  /** Long enough answers for a cost: every one has the asked length, and both arms are timed. */
  @Test
  void costTimesBothArmsOnAnswersOfTheAskedLength() throws IOException {
    Path out = folder.resolve("out");
    Path file = folder.resolve("cost.yaml");
    Files.writeString(
        file,
        """
        title: cost
        metric: seconds-per-step
        lengths: {prompt: 8, response: 12, reprompt: 20}
        set:
          model: %s
          steps: 4
          train_batch_size: 2
          actor.ppo_mini_batch_size: 2
          rollout: {n: 2, top_k: 20}
          optim.lr: 1e-9
          evaluation: {test_freq: 0, val_before_train: false, questions: 1, teacher_questions: 0}
        arms: {sdpo: {set: {method: sdpo}}, grpo: {set: {method: grpo}}}
        expect: [{ratio: [sdpo, grpo], at_most: 100}]
        """
            .formatted(model));
    Cli.Outcome outcome = Cli.run("experiment", file, "--seeds", "2", "--out", out);
    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out()).contains("the limit of 100.00 holds");
  }

  @Test
  void discoverSearchesInAllWaysKeepsWhatItFoundAndRepeatsToTheByte() throws IOException {
    Path config =
        Files.writeString(
            folder.resolve("d.yaml"),
            "model: " + model + "\ntrain_batch_size: 1\nrollout: {n: 4}\n");
    Path out = folder.resolve("out");
    Object[] command = {
      "discover", config, "--seeds", "2", "--questions", "2", "--attempts", "10", "--out", out, "-q"
    };
    Cli.Outcome first = Cli.run(command);
    assertThat(first.code()).as(first.err()).isZero();
    JsonNode json = JsonMapper.shared().readTree(out.resolve("discover.json").toFile());
    for (String way : new String[] {"self-distillation", "best-of-k", "multi-turn"}) {
      JsonNode arm = json.path("arms").path(way);
      assertThat(arm.path("seeds")).hasSize(2);
      assertThat(arm.path("mean").asDouble()).isEqualTo(10); // a model of no skill finds nothing
      assertThat(arm.path("found").get(0).get(0).path("attempts").asInt()).isEqualTo(10);
    }
    String before = Files.readString(out.resolve("discover.json"));
    try (Stream<Path> files = Files.list(out.resolve("self-distillation"))) {
      Files.delete(files.filter(f -> f.toString().endsWith(".json")).findFirst().orElseThrow());
    }
    assertThat(Cli.run(command).code()).isZero();
    assertThat(out.resolve("discover.json")).hasContent(before);
    assertThat(Cli.run("discover", config, "--questions", "99999", "--out", out).err())
        .contains("--questions: got 99999, expected at most");
  }
}
