package dev.hindsight.sdpo.dialect;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.dialect.DialectVerifier.ArgumentCheck;
import dev.hindsight.sdpo.dialect.PretrainingDocument.Kind;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
import java.util.ArrayList;
import java.util.List;

/**
 * The documents that teach a base model the grammar of dialects and how to read solutions and
 * feedback, each in a dialect of its own: the model learns the prior, and to follow what it is
 * told, and no particular dialect.
 *
 * <p>30 % hold the question alone, 15 % a solution, 30 % one piece of feedback, 10 % both, 15 % two
 * to five pieces of feedback. Feedback is of failed attempts; 60 % of the documents have hints, 40
 * % negative messages; one, two or all errors are reported, equally likely.
 *
 * <p>A document is a pure function of {@code (seed, index)}. Training documents ask training
 * questions; held-out ones come from another stream and ask held-out questions.
 */
public final class PretrainingDocuments {
  /**
   * The longest prompt. Of several pieces of feedback the oldest are left out where they would not
   * fit, which happens to fewer than one document in a hundred thousand; without a bound, one in
   * some millions would be too long for a context of 128 tokens.
   */
  public static final int MAX_PROMPT_TOKENS = 112;

  private static final long TRAIN_STREAM = 0x7072_6574_7261_696EL;
  private static final long HELD_OUT_STREAM = 0x7072_6574_6573_74L;
  private static final int[] ERROR_LIMITS = {1, 2, FeedbackStyle.ALL};

  private final Philox stream;
  private final boolean heldOut;

  private PretrainingDocuments(Philox stream, boolean heldOut) {
    this.stream = stream;
    this.heldOut = heldOut;
  }

  /** The documents to train on. */
  public static PretrainingDocuments training(long seed) {
    return new PretrainingDocuments(new Philox(seed, TRAIN_STREAM), false);
  }

  /** The documents to measure the loss on. */
  public static PretrainingDocuments heldOut(long seed) {
    return new PretrainingDocuments(new Philox(seed, HELD_OUT_STREAM), true);
  }

  /** The document at an index; there is one for every long. */
  public PretrainingDocument get(long index) {
    Philox random = stream.split(index);
    Dialect dialect = DialectPrior.draw(random);
    DialectQuestion question = drawQuestion(random);
    Kind kind = drawKind(random);
    List<String> answer = dialect.answer(question);

    List<String> prompt = new ArrayList<>();
    prompt.add(DialectVocabulary.BOS);
    prompt.addAll(question.tokens());
    if (kind == Kind.SOLUTION || kind == Kind.SOLUTION_AND_FEEDBACK) {
      prompt.add(RepromptTemplate.SOLUTION_HEADING);
      prompt.addAll(answer);
    }
    if (kind != Kind.PLAIN && kind != Kind.SOLUTION) {
      int pieces = kind == Kind.SEVERAL_FEEDBACKS ? 2 + random.nextInt(4) : 1;
      addFeedback(prompt, dialect, question, pieces, random);
    }
    if (kind != Kind.PLAIN) {
      prompt.add(RepromptTemplate.CLOSING);
    }
    prompt.add(DialectVocabulary.ASST);

    List<String> target = new ArrayList<>(answer);
    target.add(DialectVocabulary.EOS);
    return new PretrainingDocument(kind, List.copyOf(prompt), List.copyOf(target));
  }

  private static void addFeedback(
      List<String> prompt, Dialect dialect, DialectQuestion question, int pieces, Philox random) {
    FeedbackStyle.Mode mode =
        random.nextInt(100) < 60 ? FeedbackStyle.Mode.HINT : FeedbackStyle.Mode.NEGATIVE;
    FeedbackStyle style =
        new FeedbackStyle(mode, ERROR_LIMITS[random.nextInt(ERROR_LIMITS.length)]);
    DialectVerifier verifier = new DialectVerifier(dialect, ArgumentCheck.STRICT);
    List<List<String>> sections = new ArrayList<>();
    int length = prompt.size() + 2; // closing instruction and <asst> follow
    for (int i = 0; i < pieces; i++) {
      String text = style.text(FailedAttempts.draw(dialect, verifier, question, random));
      List<String> section = new ArrayList<>(List.of(RepromptTemplate.FEEDBACK_HEADING));
      section.addAll(DialectText.split(text));
      sections.add(section);
      length += section.size();
    }
    while (length > MAX_PROMPT_TOKENS) {
      length -= sections.removeFirst().size();
    }
    sections.forEach(prompt::addAll);
  }

  private static Kind drawKind(Philox random) {
    int percent = random.nextInt(100);
    if (percent < 30) {
      return Kind.PLAIN;
    } else if (percent < 45) {
      return Kind.SOLUTION;
    } else if (percent < 75) {
      return Kind.FEEDBACK;
    } else if (percent < 85) {
      return Kind.SOLUTION_AND_FEEDBACK;
    }
    return Kind.SEVERAL_FEEDBACKS;
  }

  /**
   * As batches do: the operation first, then the number of digits, then the digits; from this side
   * of the split.
   */
  private DialectQuestion drawQuestion(Philox random) {
    Operation operation = Operation.values()[random.nextInt(Operation.values().length)];
    int[] digits = new int[operation.binary() ? 2 : 2 + random.nextInt(2)];
    while (true) {
      for (int i = 0; i < digits.length; i++) {
        digits[i] = 1 + random.nextInt(9);
      }
      DialectQuestion question = new DialectQuestion(operation, digits);
      if (question.heldOut() == heldOut) {
        return question;
      }
    }
  }
}
