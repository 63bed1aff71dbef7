package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Threads;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.trainer.TrainConfig.Method;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Guards the promise that a run is its configuration: same seed, same bytes, however it ran. */
class TrainerTest {
  private final int threads = Threads.count();
  @TempDir Path folder;

  @AfterEach
  void restoreThreads() {
    Threads.set(threads);
  }

  /** Everything a run writes but its clock times. */
  private static Map<String, List<Byte>> bytes(Path run) throws IOException {
    Map<String, List<Byte>> all = new TreeMap<>();
    try (Stream<Path> files = Files.walk(run)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String name = run.relativize(file).toString();
        if (!name.equals("timings.jsonl") && !name.equals("summary.json")) {
          all.put(name, boxed(Files.readAllBytes(file)));
        }
      }
    }
    return all;
  }

  private static List<Byte> boxed(byte[] bytes) {
    java.util.ArrayList<Byte> list = new java.util.ArrayList<>();
    for (byte b : bytes) {
      list.add(b);
    }
    return list;
  }

  private static void assertSame(Path expected, Path actual) throws IOException {
    Map<String, List<Byte>> one = bytes(expected);
    Map<String, List<Byte>> other = bytes(actual);
    assertThat(other.keySet()).isEqualTo(one.keySet());
    one.forEach(
        (name, content) ->
            assertThat(other.get(name).equals(content)).as("the bytes of %s", name).isTrue());
  }

  private static void copy(Path from, Path to) {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @ParameterizedTest
  @EnumSource(Method.class)
  void theNumberOfThreadsDoesNotMatter(Method method) throws Exception {
    TrainConfig config = TinyRun.config(method, "steps=3");
    for (int count : new int[] {1, 2, 8}) {
      Threads.set(count);
      TinyRun.run(config, folder.resolve("threads-" + count), "auto", TrainListener.SILENT);
    }
    assertSame(folder.resolve("threads-1"), folder.resolve("threads-2"));
    assertSame(folder.resolve("threads-1"), folder.resolve("threads-8"));
  }

  /**
   * Killed after any step, before or after its checkpoint, a run goes on to the same bytes: what a
   * SIGKILL leaves is the folder as it is at that moment, with lines that no checkpoint knows.
   */
  @ParameterizedTest
  @EnumSource(Method.class)
  void aKilledRunIsResumedToTheSameBytes(Method method) throws Exception {
    TrainConfig config = TinyRun.config(method);
    Path whole = folder.resolve("whole");
    TinyRun.run(
        config,
        whole,
        "auto",
        new TrainListener() {
          @Override
          public void step(StepMetrics metrics) {
            copy(whole, folder.resolve("killed-" + metrics.step()));
          }
        });
    for (int step : new int[] {0, 1, 2, 3, 5, 6}) {
      Path killed = folder.resolve("killed-" + step);
      // and torn in the middle of a line
      for (String record : List.of("metrics.jsonl", "samples.jsonl", "timings.jsonl")) {
        Files.writeString(
            killed.resolve(record), "{\"step\":99,\"gener", StandardOpenOption.APPEND);
      }
      RunSummary summary = TinyRun.run(config, killed, "auto", TrainListener.SILENT);
      assertThat(summary.complete()).isTrue();
      assertSame(whole, killed);
    }
  }

  /** The first measurement is the base's, whose accuracy is no success of training. */
  @Test
  void aRunEndsWithTheAccuracyThatIsEnough() throws Exception {
    String little = "evaluation.stop_at_accuracy=1e-300";
    TrainConfig config = TinyRun.config(Method.SDPO, little, "evaluation.test_freq=2");
    Path run = folder.resolve("run");
    RunSummary summary = TinyRun.run(config, run, "auto", TrainListener.SILENT);
    assertThat(summary.complete()).isTrue();
    assertThat(summary.steps()).isEqualTo(2);
    assertThat(run.resolve("model")).isDirectory();
    Map<String, List<Byte>> before = bytes(run);
    assertThat(TinyRun.run(config, run, "auto", TrainListener.SILENT).complete()).isTrue();
    assertThat(bytes(run)).isEqualTo(before);
    TrainConfig tooMuch = TinyRun.config(Method.SDPO, "evaluation.stop_at_accuracy=1");
    summary = TinyRun.run(tooMuch, folder.resolve("all"), "auto", TrainListener.SILENT);
    assertThat(summary.steps()).isEqualTo(tooMuch.steps());
  }

  @Test
  void aStoppedRunSavesItsStateAndGoesOn() throws Exception {
    TrainConfig config = TinyRun.config(Method.SDPO, "record.save_freq=0");
    Path whole = folder.resolve("whole");
    TinyRun.run(config, whole, "auto", TrainListener.SILENT);
    Path stopped = folder.resolve("stopped");
    RunSummary summary = runUntil(3, config, stopped, "auto");
    assertThat(summary.complete()).isFalse();
    assertThat(summary.steps()).isEqualTo(3);
    assertThat(stopped.resolve("checkpoints/step-000003.safetensors")).exists();
    assertThat(stopped.resolve("model")).doesNotExist();
    TinyRun.run(config, stopped, "auto", TrainListener.SILENT);
    // the stop's own checkpoint is still there: two are kept
    Files.delete(stopped.resolve("checkpoints/step-000003.safetensors"));
    assertSame(whole, stopped);
  }

  private static RunSummary runUntil(int last, TrainConfig config, Path folder, String backend)
      throws IOException {
    AtomicReference<Trainer> trainer = new AtomicReference<>();
    TrainListener stop =
        new TrainListener() {
          @Override
          public void step(StepMetrics metrics) {
            if (metrics.step() == last) {
              trainer.get().requestStop();
            }
          }
        };
    try (RunFolder run = TinyRun.open(config, folder);
        Trainer t =
            new Trainer(
                config,
                Environments.open(config.environment(), config.seed()),
                TinyRun.model(Backends.get(backend)),
                run,
                stop)) {
      trainer.set(t);
      return t.run();
    }
  }

  /** The last process alone would pass for the one that computed all of it. */
  @Test
  void theSummaryNamesEveryBackendThatComputedAPart() throws Exception {
    TrainConfig config = TinyRun.config(Method.SDPO);
    Path run = folder.resolve("run");
    String vector = Backends.get("vector").description();
    String reference = Backends.get("reference").description();
    assertThat(runUntil(2, config, run, "vector").backend()).isEqualTo(vector);
    assertThat(runUntil(3, config, run, "reference").backend())
        .isEqualTo(vector + ", then " + reference);
    RunSummary all = TinyRun.run(config, run, "vector", TrainListener.SILENT);
    assertThat(all.complete()).isTrue();
    assertThat(all.backend()).isEqualTo(vector + ", then " + reference);
  }

  /** One that computes no step has no part in the run; what older versions wrote names none. */
  @Test
  void aBackendWithoutAStepIsNotNamed() throws Exception {
    TrainConfig config = TinyRun.config(Method.SDPO, "steps=1");
    Path run = folder.resolve("run");
    String vector = TinyRun.run(config, run, "vector", TrainListener.SILENT).backend();
    assertThat(TinyRun.run(config, run, "reference", TrainListener.SILENT).backend())
        .isEqualTo(vector);
    Path timings = run.resolve("timings.jsonl");
    String written = Files.readString(timings);
    Files.writeString(timings, written.replaceFirst(",\"backend\":\".*\"}", "}"));
    assertThat(Files.readString(timings)).isNotEqualTo(written);
    assertThat(TinyRun.run(config, run, "vector", TrainListener.SILENT).backend())
        .isEqualTo(vector);
  }

  @ParameterizedTest
  @EnumSource(dev.hindsight.sdpo.teacher.TeacherKind.class)
  void everyTeacherSurvivesAResume(dev.hindsight.sdpo.teacher.TeacherKind kind) throws Exception {
    String name = kind.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    TrainConfig config =
        TinyRun.config(
            Method.SDPO,
            "steps=3",
            "record.save_freq=1",
            "self_distillation.teacher_regularization=" + name,
            "self_distillation.teacher_update_rate=0.3");
    Path whole = folder.resolve("whole");
    TinyRun.run(
        config,
        whole,
        "auto",
        new TrainListener() {
          @Override
          public void checkpoint(int step) {
            if (step == 2) {
              copy(whole, folder.resolve("killed"));
            }
          }
        });
    TinyRun.run(config, folder.resolve("killed"), "auto", TrainListener.SILENT);
    assertSame(whole, folder.resolve("killed"));
  }

  @Test
  void anotherSeedIsAnotherRun() throws Exception {
    TrainConfig config = TinyRun.config(Method.SDPO, "steps=1");
    TinyRun.run(config, folder.resolve("a"), "auto", TrainListener.SILENT);
    TinyRun.run(config.withSeed(1), folder.resolve("b"), "auto", TrainListener.SILENT);
    assertThat(folder.resolve("a/metrics.jsonl"))
        .content()
        .isNotEqualTo(Files.readString(folder.resolve("b/metrics.jsonl")));
    assertThatThrownBy(
            () ->
                TinyRun.run(config.withSeed(1), folder.resolve("a"), "auto", TrainListener.SILENT))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("seed 0")
        .hasMessageContaining("says 1");
  }

  @Test
  void aRunWithoutSignalSaysWhy() throws Exception {
    TrainConfig config = TinyRun.config(Method.SDPO, "steps=2", "environment.feedback=none");
    TinyRun.run(config, folder.resolve("none"), "auto", TrainListener.SILENT);
    List<StepMetrics> metrics = metrics("none");
    assertThat(metrics.get(1).alarms())
        .singleElement()
        .asString()
        .contains("no rollout succeeded and the environment gave no feedback");
    assertThat(metrics.get(2).alarms()).as("it is said once").isEmpty();
    assertThat(metrics.get(1).repromptSampleFraction()).isZero();
    assertThat(metrics.get(1).emptyTarget()).isEqualTo(1);
    assertThat(metrics.get(1).loss()).isZero();
    assertThat(metrics.get(1).gradNorm()).isZero();
    assertThat(metrics.get(1).teacherGap()).isNull();

    TrainConfig off =
        TinyRun.config(
            Method.SDPO, "steps=1", "self_distillation.include_environment_feedback=false");
    TinyRun.run(off, folder.resolve("off"), "auto", TrainListener.SILENT);
    assertThat(metrics("off").get(1).alarms().getFirst())
        .contains("include_environment_feedback is false");

    TinyRun.run(
        TinyRun.config(Method.GRPO, "steps=1"),
        folder.resolve("grpo"),
        "auto",
        TrainListener.SILENT);
    assertThat(metrics("grpo").get(1).alarms().getFirst()).contains("every advantage is 0");
  }

  private List<StepMetrics> metrics(String run) throws IOException {
    try (RunFolder opened = RunFolder.resume(folder.resolve(run))) {
      return opened.readMetrics(StepMetrics.class);
    }
  }

  /** The gap before training is read before the first optimiser step, however many follow. */
  @Test
  void theInitialGapIsThatOfTheModelAsItCame() throws Exception {
    TinyRun.run(
        TinyRun.config(Method.SDPO, "steps=2"),
        folder.resolve("one"),
        "auto",
        TrainListener.SILENT);
    StepMetrics first = metrics("one").get(1);
    assertThat(first.measures().get("initial_gap")).isEqualTo(first.teacherGap()).isPositive();
    assertThat(metrics("one").get(2).measures()).doesNotContainKey("initial_gap");
    RunSummary[] mixed = new RunSummary[2];
    for (int i = 0; i < 2; i++) {
      // at another learning rate the later mini-batches see another policy, the first does not
      mixed[i] =
          TinyRun.run(
              TinyRun.config(
                  Method.SDPO,
                  "steps=1",
                  "actor.ppo_mini_batch_size=2",
                  "optim.lr=" + (i == 0 ? "1e-3" : "1e-1")),
              folder.resolve("mixed-" + i),
              "auto",
              TrainListener.SILENT);
    }
    assertThat(mixed[0].initialGap()).isEqualTo(mixed[1].initialGap()).isPositive();
    assertThat(metrics("mixed-0").get(1).teacherGap())
        .isNotEqualTo(metrics("mixed-1").get(1).teacherGap());
  }

  /** Every failure gets feedback here, so all have a target; GRPO sees rewards alone. */
  @Test
  void groupsWithSignalAreCountedByMethod() throws Exception {
    for (Method method : Method.values()) {
      String name = method.name();
      TinyRun.run(
          TinyRun.config(method, "steps=1"), folder.resolve(name), "auto", TrainListener.SILENT);
      StepMetrics m = metrics(name).get(1);
      Double expected = method == Method.GRPO ? m.variedGroupFraction() : Double.valueOf(1);
      assertThat(m.signalGroupFraction()).as(name).isEqualTo(expected);
      assertThat(m.measures().get("response_length_min"))
          .isLessThanOrEqualTo(m.responseLength())
          .isPositive();
      assertThat(m.measures().get("response_length_max"))
          .isGreaterThanOrEqualTo(m.responseLength());
    }
  }

  @Test
  void theControlOfForeignFeedbackRuns() throws Exception {
    TrainConfig config =
        TinyRun.config(Method.SDPO, "steps=1", "environment.foreign_feedback=true");
    RunSummary summary = TinyRun.run(config, folder.resolve("a"), "auto", TrainListener.SILENT);
    assertThat(summary.environment()).isEqualTo("dialect-Q-foreign-feedback");
    assertThat(metrics("a").get(1).feedbackUsedFraction()).isPositive();
  }

  /** The K likeliest first; where the sampled token is among them, with its own log-probability. */
  private static void assertLikeliest(SampleRecord.Top top, List<String> tokens, float[] sampled) {
    assertThat(top.tokens()).hasSameSizeAs(tokens);
    assertThat(top.logProbs()).hasSameSizeAs(tokens);
    for (int t = 0; t < sampled.length; t++) {
      float[] logProbs = top.logProbs().get(t);
      assertThat(top.tokens().get(t)).hasSize(3).doesNotHaveDuplicates();
      assertThat(logProbs).hasSize(3);
      assertThat(logProbs[0]).isGreaterThanOrEqualTo(logProbs[1]);
      assertThat(logProbs[1]).isGreaterThanOrEqualTo(logProbs[2]);
      int at = top.tokens().get(t).indexOf(tokens.get(t));
      if (at >= 0) {
        assertThat(logProbs[at]).isEqualTo(sampled[t]);
      } else {
        assertThat(sampled[t]).isLessThanOrEqualTo(logProbs[2]);
      }
    }
  }

  private List<SampleRecord> samples(String run) throws IOException {
    return Files.readAllLines(folder.resolve(run).resolve("samples.jsonl")).stream()
        .map(line -> dev.hindsight.sdpo.run.Json.parse(line, SampleRecord.class))
        .toList();
  }

  /** Samples of all mini-batches and, with two epochs, of the first; none where none is wanted. */
  @Test
  void likeliestTokensAreThoseOfTheSample() throws Exception {
    for (Method method : Method.values()) {
      String name = method.name();
      TrainConfig config =
          TinyRun.config(
              method,
              "steps=1",
              "actor.ppo_mini_batch_size=1",
              "actor.ppo_epochs=2",
              "record.samples_per_step=7");
      TinyRun.run(config, folder.resolve(name), "auto", TrainListener.SILENT);
      for (SampleRecord sample : samples(name)) {
        assertLikeliest(sample.studentTop(), sample.tokens(), sample.studentLogProbs());
        if (method == Method.SDPO) {
          assertLikeliest(sample.teacherTop(), sample.tokens(), sample.teacherLogProbs());
        } else {
          assertThat(sample.teacherTop()).isNull();
        }
      }
    }
    TinyRun.run(
        TinyRun.config(Method.SDPO, "steps=1", "record.top_k=0"),
        folder.resolve("none"),
        "auto",
        TrainListener.SILENT);
    assertThat(samples("none"))
        .isNotEmpty()
        .allMatch(s -> s.studentTop() == null && s.teacherTop() == null);
    // what former versions wrote has neither key
    String former =
        Files.readAllLines(folder.resolve("none/samples.jsonl"))
            .getFirst()
            .replace(",\"student_top\":null,\"teacher_top\":null", "");
    assertThat(former).doesNotContain("_top");
    assertThat(dev.hindsight.sdpo.run.Json.parse(former, SampleRecord.class).studentTop()).isNull();
  }

  @Test
  void recordsAreComplete() throws Exception {
    TrainConfig config = TinyRun.config(Method.SDPO, "steps=2", "record.samples_per_step=6");
    RunSummary summary = TinyRun.run(config, folder.resolve("a"), "auto", TrainListener.SILENT);
    assertThat(summary.baseAccuracy()).isBetween(0.0, 1.0);
    assertThat(summary.generations()).isEqualTo(32);
    List<String> samples = Files.readAllLines(folder.resolve("a/samples.jsonl"));
    assertThat(samples).hasSize(12);
    SampleRecord sample = dev.hindsight.sdpo.run.Json.parse(samples.getFirst(), SampleRecord.class);
    assertThat(sample.studentLogProbs()).hasSameSizeAs(sample.tokens());
    for (int t = 0; t < sample.tokens().size(); t++) {
      assertThat(sample.logRatio()[t])
          .isEqualTo(sample.teacherLogProbs()[t] - sample.studentLogProbs()[t]);
    }
    assertLikeliest(sample.studentTop(), sample.tokens(), sample.studentLogProbs());
    assertLikeliest(sample.teacherTop(), sample.tokens(), sample.teacherLogProbs());
    assertThat(sample.teacherPrompt()).startsWith(sample.question()).contains(sample.feedback());
    assertThat(Files.readAllLines(folder.resolve("a/timings.jsonl"))).hasSize(2);
    assertThat(folder.resolve("a/summary.json")).exists();
    // opened once more, it has not become a run of a moment
    double former = 0;
    try (RunFolder run = RunFolder.resume(folder.resolve("a"))) {
      for (StepTimings step : run.readTimings(StepTimings.class)) {
        former += step.totalSeconds();
      }
    }
    RunSummary again = TinyRun.run(config, folder.resolve("a"), "auto", TrainListener.SILENT);
    assertThat(again.wallSeconds()).isGreaterThan(former);
  }
}
