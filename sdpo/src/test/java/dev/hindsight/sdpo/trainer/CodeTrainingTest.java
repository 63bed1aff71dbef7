package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.ModelFolder;
import dev.hindsight.transformer.WordTokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Guards that training on code is a training like any other: samples are judged by running them,
 * what their tests say stands in the teacher's prompt, and the loss goes back.
 *
 * <p>A model this small cannot write Java, so some words of its vocabulary are whole solutions; all
 * others are single characters. It samples programs of every kind of failure, and one that is
 * right.
 */
class CodeTrainingTest {
  private static final String PROBLEM =
      """
      {"question_id": "twice", "question_content": "Give twice the number.", "contest_date": "2025-02-01", \
      "starter_code": "class Solution {\\n  public int twice(int n) {\\n  }\\n}", "metadata": {"func_name": "twice"}, \
      "private_test_cases": [{"input": "3", "output": "6", "testtype": "functional"}, \
      {"input": "20", "output": "40", "testtype": "functional"}, {"input": "5", "output": "10", "testtype": "functional"}, \
      {"input": "7", "output": "14", "testtype": "functional"}]}
      """;

  private static final String RIGHT = "return 2 * n;";
  private static final List<String> WRONG =
      List.of("return n;", "return n / 0;", "return x;", "System.exit(0); return 0;");

  private static final int VARIANTS = 20;

  @TempDir Path folder;

  /** One of several texts with the same program: so that half of the vocabulary is programs. */
  private static String response(String body, int variant) {
    return "Take "
        + variant
        + ".\n```java\nclass Solution {\n  public int twice(int n) {\n    "
        + body
        + "\n  }\n}\n```";
  }

  private static ModelFolder model(Backend backend, List<String> bodies) {
    List<String> words = new ArrayList<>(WordTokenizer.CONTROLS);
    for (int i = 0; i < VARIANTS; i++) {
      for (String body : bodies) {
        words.add(response(body, i));
      }
    }
    IntStream.rangeClosed('!', '~').forEach(c -> words.add(String.valueOf((char) c)));
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(words.size())
            .hiddenSize(16)
            .intermediateSize(32)
            .layers(2)
            .heads(2)
            .maxPositions(1400)
            .tiedEmbeddings(true)
            .build();
    return new ModelFolder(
        Decoder.initialise(config, backend, DType.F32, 7), new WordTokenizer(words));
  }

  private TrainConfig config(TrainConfig.Method method, String... more) throws Exception {
    Path data = Files.writeString(folder.resolve("twice.jsonl"), PROBLEM);
    List<String> all =
        new ArrayList<>(
            List.of(
                "environment.kind=code",
                "environment.data=" + data,
                "environment.memory_mb=64",
                "environment.workers=1",
                "train_batch_size=1",
                "actor.ppo_mini_batch_size=null",
                "rollout.n=24",
                "environment.max_response_tokens=2",
                "evaluation.questions=1",
                "evaluation.n=8",
                "evaluation.teacher_questions=0",
                "record.samples_per_step=24"));
    all.addAll(List.of(more));
    return TinyRun.config(method, all.toArray(String[]::new));
  }

  private List<StepMetrics> train(TrainConfig config, String name, List<String> bodies)
      throws Exception {
    Path path = folder.resolve(name);
    try (Environment environment = Environments.open(config.environment(), config.seed());
        RunFolder run = TinyRun.open(config, path);
        Trainer trainer =
            new Trainer(
                config,
                environment,
                model(Backends.get("auto"), bodies),
                run,
                TrainListener.SILENT)) {
      trainer.run();
    }
    try (RunFolder run = RunFolder.resume(path)) {
      return run.readMetrics(StepMetrics.class);
    }
  }

  @Test
  void feedbackOfTestsTeaches() throws Exception {
    List<StepMetrics> metrics = train(config(TrainConfig.Method.SDPO, "steps=1"), "sdpo", WRONG);
    StepMetrics step = metrics.getLast();
    assertThat(step.feedbackUsedFraction()).isPositive();
    assertThat(step.repromptSampleFraction()).isPositive();
    assertThat(step.loss()).isPositive();
    assertThat(step.gradNorm()).isPositive();

    List<SampleRecord> samples =
        Files.readAllLines(folder.resolve("sdpo/samples.jsonl")).stream()
            .map(line -> Json.parse(line, SampleRecord.class))
            .toList();
    assertThat(samples).hasSize(24);
    for (SampleRecord sample : samples) {
      assertThat(sample.reward()).isZero();
      assertThat(sample.target()).isTrue();
      assertThat(sample.feedback()).isNotBlank();
      assertThat(sample.teacherPrompt()).contains(sample.feedback());
    }
    for (String kind :
        List.of(
            "Truncated Attempt:",
            "Test Case ",
            "Runtime Error\nArithmeticException",
            "Compile Error")) {
      assertThat(samples).as(kind).anyMatch(s -> s.feedback().startsWith(kind));
    }
  }

  /** The judge's rewards are a signal that a policy can follow: right programs become likelier. */
  @Test
  void rewardsOfTestsTeach() throws Exception {
    List<StepMetrics> metrics =
        train(
            config(
                TrainConfig.Method.GRPO,
                "steps=20",
                "optim.lr=2e-2",
                "optim.lr_warmup_steps=0",
                "evaluation.test_freq=0",
                "record.samples_per_step=0"),
            "grpo",
            List.of(RIGHT, WRONG.get(0), WRONG.get(2)));
    double before =
        metrics.subList(1, 4).stream()
            .mapToDouble(StepMetrics::trainReward)
            .average()
            .orElseThrow();
    double after =
        metrics.subList(metrics.size() - 3, metrics.size()).stream()
            .mapToDouble(StepMetrics::trainReward)
            .average()
            .orElseThrow();
    assertThat(before).isLessThan(0.35);
    assertThat(after).isGreaterThan(0.7);
  }
}
