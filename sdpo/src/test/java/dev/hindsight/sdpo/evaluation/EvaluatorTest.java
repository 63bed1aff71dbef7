package dev.hindsight.sdpo.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.Verdict;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
import dev.hindsight.sdpo.teacher.SelfTeacher;
import dev.hindsight.sdpo.teacher.TeacherKind;
import dev.hindsight.sdpo.teacher.TeacherPrompts;
import dev.hindsight.sdpo.teacher.Truncation;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.DecoderConfig;
import dev.hindsight.transformer.WordTokenizer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Guards that exact accuracy is what sampling converges to. */
class EvaluatorTest {
  private static final Backend BACKEND = Backends.get("auto");
  private static final WordTokenizer TOKENIZER =
      new WordTokenizer(
          List.of(
              "<pad>",
              "<bos>",
              "<asst>",
              "<eos>",
              "a",
              "b",
              "wrong",
              RepromptTemplate.SOLUTION_HEADING,
              RepromptTemplate.FEEDBACK_HEADING,
              RepromptTemplate.CLOSING));

  /** Right are "a" and "b b". */
  private record Letters(boolean listed) implements Environment {
    @Override
    public String name() {
      return "letters";
    }

    @Override
    public List<Question> trainQuestions() {
      return testQuestions();
    }

    @Override
    public List<Question> testQuestions() {
      return List.of(new Question("1", "a"), new Question("2", "b"), new Question("3", "a b"));
    }

    @Override
    public Verdict judge(Question question, String response, boolean finished) {
      boolean right = finished && (response.equals("a") || response.equals("b b"));
      return new Verdict(right ? 1 : 0, right ? "" : "wrong");
    }

    @Override
    public List<String> correctResponses(Question question) {
      return listed ? List.of("a", "b b") : List.of();
    }

    @Override
    public PromptRenderer renderer() {
      return PromptRenderer.between("<bos>", "<asst>");
    }

    @Override
    public int maxResponseTokens() {
      return 4;
    }
  }

  private static Decoder decoder() {
    Decoder decoder =
        Decoder.initialise(
            DecoderConfig.builder()
                .vocabSize(TOKENIZER.size())
                .hiddenSize(16)
                .intermediateSize(16)
                .layers(1)
                .heads(2)
                .maxPositions(64)
                .tiedEmbeddings(true)
                .build(),
            BACKEND,
            DType.F32,
            6);
    // far from uniform, so that there is something to measure
    decoder.weights().forEach((name, w) -> TensorOps.addScaled(w.keep(), 4, w));
    return decoder;
  }

  private static TeacherPrompts prompts(Environment environment) {
    return new TeacherPrompts(
        RepromptTemplate.REFERENCE,
        new PromptEncoder(environment.renderer(), TOKENIZER),
        50,
        Truncation.BUDGET);
  }

  @Test
  void exactAccuracyIsWhatSamplingConvergesTo() {
    Environment environment = new Letters(true);
    try (Evaluator evaluator =
        new Evaluator(
            decoder(),
            TOKENIZER,
            environment,
            prompts(environment),
            Evaluator.questions(environment, 0, 0))) {
      for (double temperature : new double[] {1, .6}) {
        double exact = evaluator.accuracy(temperature).orElseThrow();
        double sampled = evaluator.average(500, temperature, new Philox(1, 2));
        assertThat(exact).isBetween(.09, .15);
        // 1,500 draws: a standard error of at most .0092, five of them
        assertThat(sampled).isCloseTo(exact, within(.046));
        assertThat(evaluator.accuracyByQuestion(temperature)).hasSize(3);
      }
    }
  }

  @Test
  void anEnvironmentThatListsNoAnswersHasNoExactAccuracy() {
    Environment environment = new Letters(false);
    try (Evaluator evaluator =
        new Evaluator(
            decoder(),
            TOKENIZER,
            environment,
            prompts(environment),
            Evaluator.questions(environment, 2, 0))) {
      assertThat(evaluator.questions()).hasSize(2);
      assertThat(evaluator.accuracy(1)).isEmpty();
    }
  }

  /** The live teacher under a plain prompt is the student. */
  @Test
  void teacherAndStudentAreScoredAlike() {
    Environment environment = new Letters(true);
    Decoder decoder = decoder();
    List<int[]> asked =
        environment.testQuestions().stream().map(prompts(environment)::student).toList();
    RightAnswers right =
        new RightAnswers(environment, TOKENIZER, environment.testQuestions(), asked);
    SelfTeacher teacher = new SelfTeacher(TeacherKind.LIVE, 0, decoder);
    double[] ofTeacher = right.probabilities((p, y) -> teacher.logProbs(p, y, .8));
    try (Evaluator evaluator =
        new Evaluator(
            decoder, TOKENIZER, environment, prompts(environment), environment.testQuestions())) {
      assertThat(ofTeacher).containsExactly(evaluator.accuracyByQuestion(.8));
    }
  }

  @Test
  void probesShowTheFeedbackOfAFailureOrASolution() {
    Environment environment = new Letters(true);
    Decoder decoder = decoder();
    TeacherProbe failed =
        TeacherProbe.afterFailedAttempt(
            decoder,
            TOKENIZER,
            environment,
            prompts(environment),
            environment.testQuestions(),
            1,
            0);
    SelfTeacher teacher = new SelfTeacher(TeacherKind.FROZEN, 0, decoder);
    assertThat(failed.size()).isBetween(1, 3);
    assertThat(failed.accuracy(teacher, 1).orElseThrow()).isBetween(0.0, 1.0);
    TeacherProbe solved =
        TeacherProbe.withSolution(
            TOKENIZER, environment, prompts(environment), environment.testQuestions());
    assertThat(solved.size()).isEqualTo(3);
    assertThat(
            TeacherProbe.withSolution(
                    TOKENIZER,
                    new Letters(false),
                    prompts(environment),
                    environment.testQuestions())
                .accuracy(teacher, 1))
        .isEmpty();
  }
}
