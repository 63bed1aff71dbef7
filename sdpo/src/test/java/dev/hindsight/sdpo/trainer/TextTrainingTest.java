package dev.hindsight.sdpo.trainer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.sdpo.arithmetic.ArithmeticVocabulary;
import dev.hindsight.sdpo.config.Configs;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.run.Json;
import dev.hindsight.sdpo.run.RunFolder;
import dev.hindsight.sdpo.trainer.TrainConfig.Method;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guards that multiple choice, tool use and arithmetic go through the whole loop: sampling,
 * verdict, teacher's prompt, loss, optimiser, evaluation, records.
 *
 * <p>A model with random weights writes nothing sensible. Where a right answer is wanted, some
 * words of its vocabulary are whole answers; all others are single characters.
 */
class TextTrainingTest {
  @TempDir Path folder;

  private static ModelFolder model(List<String> vocabulary, int context) {
    DecoderConfig config =
        DecoderConfig.builder()
            .vocabSize(vocabulary.size())
            .hiddenSize(16)
            .intermediateSize(32)
            .layers(1)
            .heads(2)
            .maxPositions(context)
            .tiedEmbeddings(true)
            .build();
    return new ModelFolder(
        Decoder.initialise(config, Backends.get("auto"), DType.F32, 7),
        new WordTokenizer(vocabulary));
  }

  /**
   * Characters, and {@code words} of which there are as many, so that each is sampled now and then.
   */
  private static List<String> characters(List<String> words) {
    List<String> vocabulary = new ArrayList<>(WordTokenizer.CONTROLS);
    for (int i = 0; !words.isEmpty() && i < 100; i++) {
      vocabulary.add("Thought " + i + ". " + words.get(i % words.size()));
    }
    IntStream.rangeClosed('!', '~').forEach(c -> vocabulary.add(String.valueOf((char) c)));
    return vocabulary;
  }

  private static TrainConfig config(String kind, String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "environment.kind=" + kind,
                "environment.max_response_tokens=12",
                "train_batch_size=2",
                "rollout.n=4",
                "steps=1",
                "evaluation.questions=2",
                "evaluation.n=1",
                "record.samples_per_step=8"));
    all.addAll(List.of(more));
    return TinyRun.config(Method.SDPO, all.toArray(String[]::new));
  }

  private StepMetrics train(TrainConfig config, List<String> vocabulary, int context)
      throws Exception {
    Path path = folder.resolve("run");
    Environment environment = Environments.open(config.environment(), config.seed());
    try (RunFolder run = TinyRun.open(config, path);
        Trainer trainer =
            new Trainer(
                config, environment, model(vocabulary, context), run, TrainListener.SILENT)) {
      assertThat(trainer.run().complete()).isTrue();
    }
    try (RunFolder run = RunFolder.resume(path)) {
      return run.readMetrics(StepMetrics.class).getLast();
    }
  }

  private List<SampleRecord> samples() throws Exception {
    return Files.readAllLines(folder.resolve("run/samples.jsonl")).stream()
        .map(line -> Json.parse(line, SampleRecord.class))
        .toList();
  }

  /** Wrong, and nothing is said about it: a step without any signal, which takes no step. */
  @Test
  void choiceWithoutARightAnswerGivesNoSignal() throws Exception {
    StepMetrics step = train(config("choice"), characters(List.of()), 2_000);
    assertThat(step.trainReward()).isZero();
    assertThat(step.repromptSampleFraction()).isZero();
    assertThat(step.gradNorm()).isZero();
    assertThat(step.alarms()).isNotEmpty();
    assertThat(samples()).hasSize(8).noneMatch(SampleRecord::target);
  }

  /** A sibling's right answer is the solution that the teacher sees. */
  @Test
  void choiceLearnsFromSiblings() throws Exception {
    List<String> answers =
        List.of("<answer>A</answer>", "<answer>B</answer>", "<answer>C</answer>");
    StepMetrics step =
        train(
            config("choice", "environment.max_response_tokens=1", "rollout.n=16"),
            characters(answers),
            2_000);
    assertThat(step.trainReward()).isBetween(0.01, 0.9);
    assertThat(step.feedbackAvailableFraction()).isZero();
    assertThat(step.successGroupFraction()).isPositive();
    assertThat(step.repromptSampleFraction()).isPositive();
    assertThat(step.gradNorm()).isPositive();
    assertThat(samples())
        .anyMatch(s -> s.target() && s.solution() != null && s.solution().contains("<answer>"))
        .allMatch(s -> s.feedback().isEmpty());
  }

  @Test
  void toolsLearnFromFeedback() throws Exception {
    List<String> answers =
        List.of("Action: water Action Input: {\"bed\": {\"of\": \"}\"}}", "Action: find");
    StepMetrics step = train(config("tools"), characters(answers), 4_000);
    assertThat(step.trainReward()).isZero();
    assertThat(step.feedbackUsedFraction()).isEqualTo(1);
    assertThat(step.loss()).isPositive();
    assertThat(step.gradNorm()).isPositive();
    assertThat(samples())
        .hasSize(8)
        .allMatch(SampleRecord::target)
        .allMatch(s -> s.teacherPrompt().contains(s.feedback()))
        .anyMatch(s -> s.feedback().contains("predicted [water"))
        .noneMatch(s -> s.feedback().contains("expected ["));
  }

  @Test
  void arithmeticLearnsFromFeedback() throws Exception {
    StepMetrics step = train(config("arithmetic"), ArithmeticVocabulary.tokens(), 128);
    assertThat(step.feedbackUsedFraction()).isEqualTo(1);
    assertThat(step.loss()).isPositive();
    assertThat(step.gradNorm()).isPositive();
    assertThat(samples()).hasSize(8).allMatch(s -> s.feedback().startsWith("FormatError:"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "choice|environment.data=nowhere.jsonl|environment.data: got nowhere.jsonl, expected a file",
        "choice|environment.domains=[Maths]|no question passes environment.domains",
        "choice|environment.test_fraction=1|environment.test_fraction: got 1.0, expected a number",
        "choice|environment.domain=Physics|did you mean 'domains'?",
        "choice|environment.max_response_tokens=0|environment.max_response_tokens: got 0",
        "tools|environment.test_data=nowhere.json|environment.test_data: got nowhere.json",
        "tools|environment.test_data=sample|18 of its questions are training questions, too",
        "tools|environment.leak=true|did you mean 'leak_truth'?",
        "arithmetic|environment.max_terms=9|environment.max_terms: got 9, expected min_terms",
        "arithmetic|environment.feedback=loud|environment.feedback: got 'loud', expected hint",
        "arithmetic|environment.level=Q|unknown key 'level' in 'environment'"
      })
  void wrongKeysSayWhatWasExpected(String kind, String override, String message) {
    assertThatThrownBy(() -> Environments.open(config(kind, override).environment(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void theShippedConfigurationsOpen() throws Exception {
    for (String name : List.of("choice", "tools", "arithmetic")) {
      TrainConfig config =
          Configs.read(
              Path.of("../configs/sdpo-" + name + ".yaml"),
              TrainConfig.defaults(Method.SDPO),
              List.of());
      Environment environment = Environments.open(config.environment(), 0);
      assertThat(environment.name()).isEqualTo(name);
      assertThat(environment.trainQuestions().size())
          .isGreaterThanOrEqualTo(config.trainBatchSize());
    }
  }
}
