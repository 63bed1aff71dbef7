package dev.hindsight.sdpo.dialect;

import dev.hindsight.transformer.Document;
import java.util.List;

/**
 * One example for a base model: a prompt and the answer to learn, which the loss is taken on.
 *
 * @param kind what the prompt holds beside the question
 * @param prompt tokens, from {@code <bos>} to {@code <asst>}
 * @param target tokens of the right answer, {@code <eos>} included
 */
public record PretrainingDocument(Kind kind, List<String> prompt, List<String> target) {

  /** What a prompt holds beside the question. */
  public enum Kind {
    PLAIN,
    SOLUTION,
    FEEDBACK,
    SOLUTION_AND_FEEDBACK,
    /** Two to five pieces of feedback. */
    SEVERAL_FEEDBACKS
  }

  public int[] promptIds() {
    return DialectVocabulary.ids(prompt);
  }

  public int[] targetIds() {
    return DialectVocabulary.ids(target);
  }

  /** The same in token ids, as the pretraining loop takes it. */
  public Document toDocument() {
    return new Document(promptIds(), targetIds());
  }

  /** Tokens of prompt and target together. */
  public int length() {
    return prompt.size() + target.size();
  }
}
