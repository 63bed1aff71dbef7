package dev.hindsight.sdpo.teacher;

import dev.hindsight.autograd.AdamW;
import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import dev.hindsight.sdpo.loss.ChunkedLoss;
import dev.hindsight.transformer.Batch;
import dev.hindsight.transformer.Decoder;
import dev.hindsight.transformer.SequenceScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The weights of the self-teacher q. It is the policy itself, held back: reading a response under a
 * prompt with feedback it gives the targets, and never a gradient. What its prompt holds is chosen
 * elsewhere ({@link DemonstrationSelector}, {@link RepromptTemplate}).
 */
public final class SelfTeacher {
  private final TeacherKind kind;
  private final double rate;
  private final Decoder student;

  /** The weights that this teacher keeps; the student's own for a live one. */
  private final Decoder reference;

  /**
   * A teacher that begins as the student is now.
   *
   * @param rate r in [0, 1]: the student's share, per generation step of the weights (EMA) or of
   *     the logits (trust region); frozen and live have none
   */
  public SelfTeacher(TeacherKind kind, double rate, Decoder student) {
    if (!(rate >= 0 && rate <= 1)) {
      throw new IllegalArgumentException(
          "self-teacher: teacher_update_rate is " + rate + ", expected a number from 0 to 1");
    }
    this.kind = kind;
    this.rate = rate;
    this.student = student;
    this.reference = kind == TeacherKind.LIVE ? student : student.copy();
  }

  /**
   * Reads the batch and gives the logits of its wanted rows, at temperature 1 and without gradient.
   * The trust region takes a second forward pass: {@code q ~ q_ref^(1-r) q_theta^r}, both under the
   * teacher's prompt, which is {@code u_ref + r (u_theta - u_ref)} of the raw logits.
   */
  public ChunkedLoss.Logits read(Batch batch) {
    try (var _ = Autograd.noGrad()) {
      Variable h = reference.hidden(batch);
      if (kind != TeacherKind.TRUST_REGION) {
        return (from, to) -> logits(reference, h, from, to);
      }
      Variable now = student.hidden(batch);
      return (from, to) ->
          mixed(logits(reference, h, from, to), logits(student, now, from, to), rate);
    }
  }

  /**
   * The model to sample the teacher's own answers from.
   *
   * @throws IllegalStateException for a trust region, which is no model but a mix of two
   */
  public Decoder sampled() {
    if (kind == TeacherKind.TRUST_REGION) {
      throw new IllegalStateException(
          "self-teacher: a trust region mixes the logits of two models and does not sample; use ema,"
              + " frozen or live");
    }
    return reference;
  }

  /** The teacher's log-probability of every token of given responses under given prompts. */
  public List<float[]> logProbs(List<int[]> prompts, List<int[]> responses, double temperature) {
    int[] sampled = SequenceScorer.targets(responses);
    float[] all = new float[sampled.length];
    try (Workspace workspace = new Workspace(student.backend());
        var _ = workspace.open();
        var _ = Autograd.noGrad()) {
      ChunkedLoss.Logits logits = read(SequenceScorer.batch(prompts, responses));
      for (int from = 0; from < all.length; from += ChunkedLoss.ROWS) {
        int to = Math.min(all.length, from + ChunkedLoss.ROWS);
        Variable q = ChunkedLoss.logSoftmax(logits.rows(from, to), temperature);
        Tensor y =
            Tensor.of(
                student.backend(), Shape.of(to - from, 1), Arrays.copyOfRange(sampled, from, to));
        float[] part = TensorOps.cast(q.gatherLast(y).tensor(), DType.F32).toFloats();
        System.arraycopy(part, 0, all, from, part.length);
      }
    }
    List<float[]> split = new ArrayList<>();
    int row = 0;
    for (int[] response : responses) {
      split.add(Arrays.copyOfRange(all, row, row + response.length));
      row += response.length;
    }
    return split;
  }

  /** {@code u_ref + r (u_theta - u_ref)}: the logits of q_ref^(1-r) q_theta^r. */
  static Variable mixed(Variable reference, Variable student, double rate) {
    Tensor u = TensorOps.copyOf(reference.tensor());
    TensorOps.lerp(student.tensor(), rate, u);
    return Variable.constant(u);
  }

  private static Variable logits(Decoder model, Variable hidden, int from, int to) {
    try (var _ = Autograd.noGrad()) {
      return model.logits(hidden.slice(0, from, to));
    }
  }

  /**
   * EMA: {@code theta' <- (1 - r) theta' + r theta}. Call it once a generation step, after all
   * mini-batches, and only if one of them took a step: a rate means an average over so many
   * generations, however many optimiser steps each takes.
   */
  public void update() {
    if (follows()) {
      Map<String, Variable> now = student.parameters();
      reference
          .parameters()
          .forEach((name, own) -> TensorOps.lerp(now.get(name).tensor(), rate, own.tensor()));
    }
  }

  /**
   * The student's optimiser step and {@link #update()}, in one pass over the weights: for the last
   * mini-batch of a generation step.
   */
  public void update(AdamW optimizer, double learningRate, double gradientScale) {
    AdamW.Average ema = follows() ? new AdamW.Average(reference.weights(), rate) : null;
    optimizer.step(learningRate, gradientScale, ema);
  }

  private boolean follows() {
    return kind == TeacherKind.EMA && rate > 0;
  }

  /** What a checkpoint must hold so that a resumed run has the same teacher: live memory. */
  public SortedMap<String, Tensor> state() {
    SortedMap<String, Tensor> state = new TreeMap<>();
    if (kind != TeacherKind.LIVE) {
      reference.parameters().forEach((name, p) -> state.put(name, p.tensor()));
    }
    return state;
  }

  /**
   * Takes up a saved {@link #state}.
   *
   * @throws IllegalArgumentException when weights are missing
   */
  public void restore(Map<String, Tensor> saved) {
    state()
        .forEach(
            (name, own) -> {
              Tensor from = saved.get(name);
              if (from == null) {
                throw new IllegalArgumentException(
                    "self-teacher: the saved state lacks "
                        + name
                        + "; was the run started with another teacher_regularization?");
              }
              TensorOps.copy(from, own);
            });
  }
}
