package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import java.util.function.BiConsumer;

/** A loss that is a weighted sum over response tokens; see {@link Aggregation} for the weights. */
public interface TokenLoss {

  /** The loss of each token, {@code [N, 1]}, differentiable in the student's log-probabilities. */
  Variable perToken(TokenRows rows);

  /** Whether {@link TokenRows#logQ} is needed: a second forward pass, of the self-teacher. */
  boolean needsTeacher();

  /**
   * What else a run should know of each token, such as whether a clip bound it: names, as they
   * stand in {@code metrics.jsonl}, and columns {@code [N, 1]}, of which the mean over live tokens
   * is kept. Called without recording.
   */
  default void measure(TokenRows rows, BiConsumer<String, Variable> to) {}

  /** 1 where {@code x > bound}, else 0: as a measure, the share of tokens beyond a bound. */
  static Variable exceeds(Variable x, double bound) {
    return x.plus(-bound).sign().relu();
  }
}
