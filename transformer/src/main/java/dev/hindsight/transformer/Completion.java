package dev.hindsight.transformer;

/**
 * What {@link Generator} wrote after one prompt.
 *
 * @param tokens the sampled tokens; the last is a stop token when {@code finished}
 * @param logProbs for each token, the log-softmax of the logits divided by the temperature, before
 *     top-k, top-p and min-p: what a trainer computes for the same token, bit for bit (greedy:
 *     temperature 1)
 * @param finished whether a stop token ended it, rather than the limit of new tokens
 */
public record Completion(int[] tokens, float[] logProbs, boolean finished) {
  /** Number of tokens, the stop token included. */
  public int length() {
    return tokens.length;
  }
}
