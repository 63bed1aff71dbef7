package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/** What a loss sees of N response tokens: one row a token, of any sequences. */
public final class TokenRows {
  private final Variable logP;
  private final @Nullable Variable logQ;
  private final Tensor sampled;
  private final Variable logOld;
  private final @Nullable Variable advantage;
  private final @Nullable OldTop oldTop;
  private final Likeliest likeliest;

  /** Rows of a loss that needs no more of pi_old than the sampled token. */
  public TokenRows(
      Variable logP,
      @Nullable Variable logQ,
      Tensor sampled,
      Variable logOld,
      @Nullable Variable advantage) {
    this(logP, logQ, sampled, logOld, advantage, null, new Likeliest(logP));
  }

  private TokenRows(
      Variable logP,
      @Nullable Variable logQ,
      Tensor sampled,
      Variable logOld,
      @Nullable Variable advantage,
      @Nullable OldTop oldTop,
      Likeliest likeliest) {
    this.logP = logP;
    this.logQ = logQ;
    this.sampled = sampled;
    this.logOld = logOld;
    this.advantage = advantage;
    this.oldTop = oldTop;
    this.likeliest = likeliest;
  }

  /** The same rows for another loss. */
  TokenRows with(Variable logOld, @Nullable Variable advantage, @Nullable OldTop oldTop) {
    return new TokenRows(logP, logQ, sampled, logOld, advantage, oldTop, likeliest);
  }

  /**
   * The student's log-softmax, at the rollout temperature, over the vocabulary before each token
   * {@code [N, V]}.
   */
  public Variable logP() {
    return logP;
  }

  /**
   * The self-teacher's at the same positions of the same response {@code [N, V]}; null for a loss
   * that has no teacher.
   */
  public @Nullable Variable logQ() {
    return logQ;
  }

  /** The tokens themselves {@code [N, 1]}, I32. */
  public Tensor sampled() {
    return sampled;
  }

  /** The sampled tokens' log-probabilities when the update began {@code [N, 1]}. */
  public Variable logOld() {
    return logOld;
  }

  /** Of each token's sequence {@code [N, 1]}; null for a loss without one. */
  public @Nullable Variable advantage() {
    return advantage;
  }

  /**
   * pi_old at its likeliest tokens, for a loss that compares whole distributions with it; null
   * where the policy has not moved since, or for a loss that does not.
   */
  public @Nullable OldTop oldTop() {
    return oldTop;
  }

  /**
   * The student's {@code k} likeliest tokens at each row, all of them where there are fewer. They
   * are looked for once, however many ask.
   */
  public TensorOps.TopK likeliest(int k) {
    return likeliest.top(Math.min(k, logP.dim(1)));
  }

  /** The answer to the last question, which losses and their measures ask again. */
  private static final class Likeliest {
    private final Variable logP;
    private int k = -1;
    private TensorOps.@Nullable TopK top;

    Likeliest(Variable logP) {
      this.logP = logP;
    }

    TensorOps.TopK top(int wanted) {
      TensorOps.TopK known = top;
      if (known == null || k != wanted) {
        known = TensorOps.topK(logP.tensor(), wanted);
        k = wanted;
        top = known;
      }
      return known;
    }
  }

  /** {@code log p(y_t)}: the student's log-probabilities of the sampled tokens {@code [N, 1]}. */
  public Variable logPSampled() {
    return logP.gatherLast(sampled);
  }

  /** {@code log q(y_t)} {@code [N, 1]}. */
  public Variable logQSampled() {
    return teacher().gatherLast(sampled);
  }

  /** The advantages, for a loss that cannot do without; gradients stop here. */
  public Variable advantages() {
    if (advantage == null) {
      throw new IllegalStateException("policy-gradient loss: these rows come without advantages");
    }
    return advantage.detach();
  }

  /** The teacher's log-softmax, for a loss that cannot do without. */
  public Variable teacher() {
    if (logQ == null) {
      throw new IllegalStateException("self-distillation loss: these rows come without a teacher");
    }
    return logQ;
  }
}
