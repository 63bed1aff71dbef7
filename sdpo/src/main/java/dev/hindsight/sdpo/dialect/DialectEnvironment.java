package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.dialect.DialectVerifier.ArgumentCheck;
import dev.hindsight.sdpo.environment.Environment;
import dev.hindsight.sdpo.environment.PromptRenderer;
import dev.hindsight.sdpo.environment.Question;
import dev.hindsight.sdpo.environment.QuestionSampler;
import dev.hindsight.sdpo.environment.Verdict;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The built-in environment: calls in one hidden dialect, judged by {@link DialectVerifier}.
 *
 * <p>Batches draw the operation uniformly first, then two or three digits, equally likely where
 * both exist, then the question: the nine operations with three digits would otherwise be nearly
 * all there is.
 */
public final class DialectEnvironment implements Environment {
  /**
   * The most tokens a response may take, end of sequence included: room for a call with five
   * arguments.
   */
  public static final int MAX_RESPONSE_TOKENS = 14;

  static final PromptRenderer RENDERER =
      PromptRenderer.between(DialectVocabulary.BOS, DialectVocabulary.ASST);

  private static final Split TRAIN = new Split(false);
  private static final Split TEST = new Split(true);
  private static final Map<Question, DialectQuestion> KNOWN =
      DialectQuestion.all().stream()
          .collect(Collectors.toUnmodifiableMap(DialectQuestion::question, Function.identity()));

  private final String name;
  private final Dialect dialect;
  private final FeedbackStyle feedback;
  private final ArgumentCheck argumentCheck;
  private final DialectVerifier verifier;

  /**
   * @param name for records and tables, such as {@code dialect-Q}
   * @param dialect the convention to be found out
   */
  public DialectEnvironment(
      String name, Dialect dialect, FeedbackStyle feedback, ArgumentCheck argumentCheck) {
    this.name = name;
    this.dialect = dialect;
    this.feedback = feedback;
    this.argumentCheck = argumentCheck;
    this.verifier = new DialectVerifier(dialect, argumentCheck);
  }

  /** A level with hints, two errors a response and strict arguments. */
  public static DialectEnvironment of(Level level, long dialectSeed) {
    return new DialectEnvironment(
        "dialect-" + level,
        level.dialect(dialectSeed),
        FeedbackStyle.DEFAULT,
        ArgumentCheck.STRICT);
  }

  @Override
  public String name() {
    return name;
  }

  public Dialect dialect() {
    return dialect;
  }

  public FeedbackStyle feedback() {
    return feedback;
  }

  public ArgumentCheck argumentCheck() {
    return argumentCheck;
  }

  @Override
  public List<Question> trainQuestions() {
    return TRAIN.questions;
  }

  @Override
  public List<Question> testQuestions() {
    return TEST.questions;
  }

  @Override
  public List<Question> drawBatch(int count, long seed, long step) {
    return TRAIN.draw(count, new Philox(seed, QuestionSampler.BATCH_STREAM).split(step));
  }

  @Override
  public List<Question> drawTest(int count, long seed) {
    return TEST.draw(count, new Philox(seed, QuestionSampler.TEST_STREAM));
  }

  @Override
  public Verdict judge(Question question, String response, boolean finished) {
    return verdict(errors(question, response, finished), feedback);
  }

  /** Everything that is wrong with a response, however much of it the feedback reports. */
  public List<DialectError> errors(Question question, String response, boolean finished) {
    return verifier.judge(dialectQuestion(question), DialectText.split(response), finished);
  }

  static Verdict verdict(List<DialectError> errors, FeedbackStyle feedback) {
    return new Verdict(
        errors.isEmpty() ? 1 : 0,
        feedback.text(errors),
        Map.of("errors", errors.stream().map(DialectError::kind).collect(Collectors.joining(","))));
  }

  /**
   * Two at most: the answer, and the same call with its arguments the other way round where that
   * has the right value too. The verifier accepts more, {@link #everyCorrectResponse}; a policy
   * that was pretrained on dialects hardly ever writes those, so the sum of the probabilities of
   * these two agrees with sampled accuracy.
   */
  @Override
  public List<String> correctResponses(Question question) {
    DialectQuestion asked = dialectQuestion(question);
    String called = dialect.name(asked.operation());
    Set<String> right = new LinkedHashSet<>();
    right.add(DialectText.join(dialect.answer(asked)));
    List<String> mirrored =
        dialect.call(
            called, ArgumentOrder.REVERSED.arrange(dialect.order().arrange(asked.digits())));
    if (verifier.judge(asked, mirrored, true).isEmpty()) {
      right.add(DialectText.join(mirrored));
    }
    return List.copyOf(right);
  }

  /**
   * All responses that are right under strict arguments: every order of the question's digits under
   * every name of the dialect, where the value comes out right.
   */
  public List<String> everyCorrectResponse(Question question) {
    DialectQuestion asked = dialectQuestion(question);
    List<String> right = new ArrayList<>();
    for (String called : dialect.names()) {
      for (int[] arguments : orders(asked.digits())) {
        List<String> call = dialect.call(called, arguments);
        if (verifier.judge(asked, call, true).isEmpty()) {
          right.add(DialectText.join(call));
        }
      }
    }
    return right.stream().distinct().toList();
  }

  private static List<int[]> orders(int[] d) {
    return d.length == 2
        ? List.of(new int[] {d[0], d[1]}, new int[] {d[1], d[0]})
        : List.of(
            new int[] {d[0], d[1], d[2]},
            new int[] {d[0], d[2], d[1]},
            new int[] {d[1], d[0], d[2]},
            new int[] {d[1], d[2], d[0]},
            new int[] {d[2], d[0], d[1]},
            new int[] {d[2], d[1], d[0]});
  }

  @Override
  public PromptRenderer renderer() {
    return RENDERER;
  }

  @Override
  public int maxResponseTokens() {
    return MAX_RESPONSE_TOKENS;
  }

  static DialectQuestion dialectQuestion(Question question) {
    DialectQuestion known = KNOWN.get(question);
    return known != null ? known : DialectQuestion.parse(question.text());
  }

  /** The questions of the training or of the test set, and how to draw from them. */
  private static final class Split {
    final List<Question> questions;

    /** By operation, then by number of digits (two, three); an inner list may be empty. */
    private final List<List<List<Question>>> cells = new ArrayList<>();

    Split(boolean heldOut) {
      List<Question> all = new ArrayList<>();
      for (Operation operation : Operation.values()) {
        List<List<Question>> byCount = List.of(new ArrayList<>(), new ArrayList<>());
        for (DialectQuestion question : DialectQuestion.all()) {
          if (question.operation() == operation && question.heldOut() == heldOut) {
            byCount.get(question.digitCount() - 2).add(question.question());
            all.add(question.question());
          }
        }
        cells.add(byCount);
      }
      questions = List.copyOf(all);
    }

    /** Without replacement: an operation or a cell that is used up is passed over. */
    List<Question> draw(int count, Philox random) {
      QuestionSampler.checkCount(count, questions.size());
      List<Question> drawn = new ArrayList<>(count);
      List<List<List<Question>>> left = copyOfCells();
      while (drawn.size() < count) {
        List<List<Question>> open =
            left.get(random.nextInt(left.size())).stream().filter(c -> !c.isEmpty()).toList();
        if (!open.isEmpty()) {
          List<Question> cell = open.get(random.nextInt(open.size()));
          int pick = random.nextInt(cell.size());
          drawn.add(cell.get(pick));
          cell.set(pick, cell.getLast());
          cell.removeLast();
        }
      }
      return List.copyOf(drawn);
    }

    private List<List<List<Question>>> copyOfCells() {
      List<List<List<Question>>> copy = new ArrayList<>();
      for (List<List<Question>> byCount : cells) {
        copy.add(byCount.stream().<List<Question>>map(cell -> new ArrayList<>(cell)).toList());
      }
      return copy;
    }
  }
}
