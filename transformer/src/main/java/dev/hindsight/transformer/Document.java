package dev.hindsight.transformer;

/**
 * One example to train on: the loss is taken on the target's tokens, given the prompt and the
 * target's earlier tokens.
 *
 * @param prompt at least one token
 * @param target at least one token
 */
public record Document(int[] prompt, int[] target) {
  public Document {
    if (prompt.length == 0 || target.length == 0) {
      throw new IllegalArgumentException(
          "document: prompt and target need at least one token each, got "
              + prompt.length
              + " and "
              + target.length);
    }
  }

  /** Tokens of prompt and target together. */
  public int length() {
    return prompt.length + target.length;
  }
}
