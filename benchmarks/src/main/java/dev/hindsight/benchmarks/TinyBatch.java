package dev.hindsight.benchmarks;

import dev.hindsight.engine.Philox;
import dev.hindsight.sdpo.dialect.DialectDocumentSource;
import dev.hindsight.transformer.Document;
import java.util.ArrayList;
import java.util.List;

/**
 * Prompts and targets of a step on the built-in models; every contender gets the same.
 *
 * @param prompts tokens that are read
 * @param targets tokens whose loss is taken, each after its prompt
 */
public record TinyBatch(List<int[]> prompts, List<int[]> targets) {
  /** Tokens of an SDPO question, of a response, and of what the self-teacher reads before it. */
  public static final int QUESTION = 6;

  public static final int RESPONSE = 10;
  public static final int REPROMPT = 22;

  private static final long STREAM = 0x6265_6e63_6873L;

  /** The first documents of the built-in pretraining. */
  public static TinyBatch pretraining(int documents) {
    List<Document> batch = new DialectDocumentSource(0, documents, 0).batch(0);
    return new TinyBatch(
        batch.stream().map(Document::prompt).toList(),
        batch.stream().map(Document::target).toList());
  }

  /** Random tokens of one length; what they are does not change the work. */
  public static List<int[]> tokens(int sequences, int length, int vocabulary) {
    Philox random = new Philox(length, STREAM);
    List<int[]> all = new ArrayList<>();
    for (int s = 0; s < sequences; s++) {
      int[] one = new int[length];
      for (int i = 0; i < length; i++) {
        one[i] = random.nextInt(vocabulary);
      }
      all.add(one);
    }
    return all;
  }

  /** Tokens of all prompts and targets. */
  public long tokens() {
    return prompts.stream().mapToLong(p -> p.length).sum()
        + targets.stream().mapToLong(t -> t.length).sum();
  }
}
