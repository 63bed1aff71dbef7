package dev.hindsight.sdpo.arithmetic;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.teacher.PromptEncoder;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.DocumentSource;
import dev.hindsight.transformer.IndexedDocuments;
import dev.hindsight.transformer.WordTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The documents that teach a base model to calculate, with working as often as without, and to read
 * solutions and feedback: 30 % hold the question alone, 15 % a solution, 30 % one piece of
 * feedback, 10 % both, 15 % two or three pieces of feedback. Feedback is of failed attempts, 60 %
 * of it with hints. Prompts are made as in training, so a model meets nothing new there.
 *
 * <p>A document is a pure function of {@code (seed, index)}. Training documents ask questions of
 * two to five digits that no test asks; held-out ones come from another stream and ask the others.
 */
public final class ArithmeticDocuments {
  private static final long TRAIN_STREAM = 0x7375_6D64_6F63_7472L;
  private static final long HELD_OUT_STREAM = 0x7375_6D64_6F63_7465L;
  private static final int FEWEST_TERMS = 2;
  private static final int MOST_TERMS = 5;

  private final WordTokenizer tokenizer = new WordTokenizer(ArithmeticVocabulary.tokens());
  private final PromptEncoder encoder =
      new PromptEncoder(ArithmeticEnvironment.RENDERER, tokenizer);
  private final Philox stream;
  private final boolean heldOut;

  private ArithmeticDocuments(Philox stream, boolean heldOut) {
    this.stream = stream;
    this.heldOut = heldOut;
  }

  /** The documents to train on. */
  public static ArithmeticDocuments training(long seed) {
    return new ArithmeticDocuments(new Philox(seed, TRAIN_STREAM), false);
  }

  /** The documents to measure the loss on. */
  public static ArithmeticDocuments heldOut(long seed) {
    return new ArithmeticDocuments(new Philox(seed, HELD_OUT_STREAM), true);
  }

  /** Both in batches, for the pretraining loop. */
  public static DocumentSource source(long seed, int batchSize, int heldOutCount) {
    return new IndexedDocuments(training(seed)::get, heldOut(seed)::get, batchSize, heldOutCount);
  }

  /** The document at an index; there is one for every long. */
  public Document get(long index) {
    Philox random = stream.split(index);
    ArithmeticQuestion question = drawQuestion(random);
    int percent = random.nextInt(100);
    boolean solved = (percent >= 30 && percent < 45) || (percent >= 75 && percent < 85);
    int pieces = percent < 45 ? 0 : percent < 85 ? 1 : 2 + random.nextInt(2);
    Optional<String> solution =
        solved ? Optional.of(rightResponse(question, random)) : Optional.empty();
    ArithmeticFeedback style =
        random.nextInt(100) < 60 ? ArithmeticFeedback.HINT : ArithmeticFeedback.NEGATIVE;
    List<String> feedback = new ArrayList<>();
    for (int i = 0; i < pieces; i++) {
      feedback.add(style.text(FailedAttempts.draw(question, random)));
    }
    String message =
        RepromptTemplate.REFERENCE.message(question.question().text(), solution, feedback);
    int[] answer = tokenizer.encode(rightResponse(question, random));
    int[] target = Arrays.copyOf(answer, answer.length + 1);
    target[answer.length] = tokenizer.eos();
    return new Document(encoder.encode(message), target);
  }

  private static String rightResponse(ArithmeticQuestion question, Philox random) {
    return random.nextInt(2) == 0 ? question.answer() : question.working();
  }

  private ArithmeticQuestion drawQuestion(Philox random) {
    while (true) {
      ArithmeticQuestion question = ArithmeticQuestion.draw(random, FEWEST_TERMS, MOST_TERMS);
      if (question.heldOut() == heldOut) {
        return question;
      }
    }
  }
}
