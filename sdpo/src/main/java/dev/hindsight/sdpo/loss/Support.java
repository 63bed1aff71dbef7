package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Tensor;
import java.util.function.BiConsumer;

/**
 * Over which outcomes student and teacher are compared at a position: the whole vocabulary, or the
 * student's K likeliest tokens with or without a bucket for the rest.
 */
public sealed interface Support {

  /**
   * Log-probabilities of the same outcomes under both models.
   *
   * @param logP student {@code [N, B]}
   * @param logQ teacher {@code [N, B]}
   */
  record Buckets(Variable logP, Variable logQ) {}

  /** The outcomes at each row, which have a teacher. */
  Buckets of(TokenRows rows);

  /** How much of the student's probability the support does not tell apart: {@code tail_mass}. */
  default void measure(TokenRows rows, BiConsumer<String, Variable> to) {}

  /** Every token. */
  record FullVocabulary() implements Support {
    @Override
    public Buckets of(TokenRows rows) {
      return new Buckets(rows.logP(), rows.teacher());
    }
  }

  /**
   * The student's K likeliest tokens, the teacher read at the same ones. The choice is not
   * differentiated. Without the tail both are renormalised over the K tokens, and the logits
   * outside get no gradient at all.
   *
   * @param k at least 1; more than the vocabulary means all of it
   * @param tail whether one more bucket holds the rest of the probability
   */
  record TopK(int k, boolean tail) implements Support {

    /**
     * Largest log of the mass in the top K that the tail is computed from: the tail's mass is at
     * least about 1e-7, its log at least -16.118. At the clamp no gradient flows, and as the
     * buckets then sum to 1 + 1e-7 a divergence may be negative by about as much.
     */
    static final double LARGEST_LOG_HEAD = -1e-7;

    public TopK {
      if (k < 1) {
        throw new IllegalArgumentException(
            "top-K distillation: K is " + k + ", expected at least 1; null means full vocabulary");
      }
    }

    @Override
    public Buckets of(TokenRows rows) {
      Tensor student = rows.likeliest(k).indices();
      Variable p = rows.logP().gatherLast(student);
      Variable q = rows.teacher().gatherLast(student);
      return tail
          ? new Buckets(withTail(p), withTail(q))
          : new Buckets(p.sub(p.logSumExp(-1)), q.sub(q.logSumExp(-1)));
    }

    @Override
    public void measure(TokenRows rows, BiConsumer<String, Variable> to) {
      Variable head = Variable.constant(rows.likeliest(k).values());
      to.accept("tail_mass", head.exp().sum(-1).affine(-1, 1).relu());
    }

    /** The K log-probabilities and log(1 - their sum). */
    static Variable withTail(Variable head) {
      Variable mass = head.logSumExp(-1).clamp(Double.NEGATIVE_INFINITY, LARGEST_LOG_HEAD);
      return Variable.concat(-1, head, mass.expm1().neg().log());
    }
  }
}
