package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import dev.hindsight.transformer.SequenceScorer;
import java.util.Arrays;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * {@code sum_t w_t loss_t} over the response tokens of a batch and its gradient, without ever
 * holding the logits of the batch. Rows go through in chunks; each chunk's logits live in a
 * workspace of their own, its backward pass follows at once and leaves a gradient of the hidden
 * states, which goes through the decoder in one pass at the end. Chunks follow in one order, so
 * results depend on their size but on nothing else.
 */
public final class ChunkedLoss implements AutoCloseable {
  /** Rows a chunk: at a vocabulary of 150,000 one [rows, V] tensor in F32 is 300 MB. */
  public static final int ROWS = 512;

  /** Logits of some rows. */
  @FunctionalInterface
  public interface Logits {
    /** Rows {@code from .. to - 1}: {@code [to - from, V]}. */
    Variable rows(int from, int to);
  }

  /**
   * What goes in beside the student, one entry a row of the batch.
   *
   * @param sampled the tokens y_t
   * @param weight w_t: aggregation, mask and rollout correction
   * @param logOld log-probabilities of y_t when the update began
   * @param advantage null for a loss without
   * @param teacher the self-teacher's logits; null for a loss without
   */
  public record Inputs(
      int[] sampled,
      float[] weight,
      float[] logOld,
      float @Nullable [] advantage,
      @Nullable Logits teacher) {}

  /**
   * What comes out, one entry a row but for the loss.
   *
   * @param loss the weighted sum
   * @param logP log p(y_t) of the student
   * @param logQ log q(y_t) of the teacher; null without one
   * @param entropy of the student's distribution, nats
   * @param gap KL(p || q) over the full vocabulary; null without a teacher
   */
  public record Outputs(
      double loss,
      float[] logP,
      float @Nullable [] logQ,
      float[] entropy,
      float @Nullable [] gap) {}

  private final TokenLoss loss;
  private final double temperature;
  private final int rowsAChunk;
  private final Workspace workspace;
  private @Nullable Variable chunkStates;

  /**
   * @param temperature of the rollouts, by which student and teacher logits are divided
   * @param rowsAChunk largest number of rows whose logits exist at a time
   */
  public ChunkedLoss(TokenLoss loss, double temperature, int rowsAChunk, Backend backend) {
    this.loss = loss;
    this.temperature = temperature;
    this.rowsAChunk = rowsAChunk;
    this.workspace = new Workspace(backend);
  }

  /**
   * Adds the gradient of the loss to every leaf that leads to {@code hidden} or that {@code head}
   * reads.
   *
   * @param hidden the student's final hidden states before each response token {@code [R, C]}
   * @param head from hidden states to logits
   */
  public Outputs backward(Variable hidden, UnaryOperator<Variable> head, Inputs in) {
    int rows = hidden.dim(0);
    boolean taught = in.teacher != null;
    float[] logP = new float[rows];
    float[] entropy = new float[rows];
    float[] logQ = taught ? new float[rows] : null;
    float[] gap = taught ? new float[rows] : null;
    Tensor dHidden =
        TensorOps.empty(hidden.tensor().backend(), hidden.tensor().dtype(), hidden.shape());
    Variable leaf = leaf(hidden);
    double total = 0;
    for (int from = 0; from < rows; from += rowsAChunk) {
      int to = Math.min(rows, from + rowsAChunk);
      try (var _ = workspace.open()) {
        TokenRows chunk = rows(head.apply(states(leaf, hidden, from, to)), in, from, to);
        Variable value =
            loss.perToken(chunk).mul(column(hidden.tensor(), in.weight, from, to)).sum();
        value.backward();
        total += value.item();
        TensorOps.copy(gradient(leaf, to - from), dHidden.slice(0, from, to));
        measure(chunk, from, logP, logQ, entropy, gap);
      }
    }
    Autograd.backward(hidden, dHidden, Autograd.Keep.NOTHING);
    return new Outputs(total, logP, logQ, entropy, gap);
  }

  /**
   * The leaf through which every chunk goes; made once, as its memory and its gradient's persist.
   */
  private Variable leaf(Variable hidden) {
    Variable kept = chunkStates;
    if (kept == null || kept.dim(1) != hidden.dim(1)) {
      Tensor like = hidden.tensor();
      Shape shape = Shape.of(rowsAChunk, hidden.dim(1));
      kept =
          Variable.leaf(
              Workspace.outside(() -> TensorOps.zeros(like.backend(), like.dtype(), shape)));
      chunkStates = kept;
    }
    return kept;
  }

  private static Variable states(Variable leaf, Variable hidden, int from, int to) {
    leaf.clearGradient();
    Variable h = to - from == leaf.dim(0) ? leaf : leaf.slice(0, 0, to - from);
    TensorOps.copy(hidden.tensor().slice(0, from, to), h.tensor());
    return h;
  }

  private static Tensor gradient(Variable leaf, int rows) {
    Tensor gradient = leaf.gradient();
    if (gradient == null) {
      throw new IllegalStateException("chunked loss: the head does not read the hidden states");
    }
    return gradient.slice(0, 0, rows);
  }

  private TokenRows rows(Variable logits, Inputs in, int from, int to) {
    Tensor like = logits.tensor();
    return new TokenRows(
        logSoftmax(logits, temperature),
        in.teacher == null ? null : logSoftmax(in.teacher.rows(from, to), temperature),
        Tensor.of(like.backend(), Shape.of(to - from, 1), Arrays.copyOfRange(in.sampled, from, to)),
        column(like, in.logOld, from, to),
        in.advantage == null ? null : column(like, in.advantage, from, to));
  }

  /** Log-probabilities at a temperature, with the bits of the sampler's. */
  public static Variable logSoftmax(Variable logits, double temperature) {
    return SequenceScorer.scaled(logits, temperature).logSoftmax();
  }

  private static Variable column(Tensor like, float[] values, int from, int to) {
    float[] part = Arrays.copyOfRange(values, from, to);
    Tensor column = Tensor.of(like.backend(), Shape.of(to - from, 1), part);
    return Variable.constant(TensorOps.cast(column, like.dtype()));
  }

  private static void measure(
      TokenRows chunk,
      int from,
      float[] logP,
      float @Nullable [] logQ,
      float[] entropy,
      float @Nullable [] gap) {
    try (var _ = Autograd.noGrad()) {
      Variable p = chunk.logP().detach();
      put(chunk.logPSampled(), logP, from);
      put(p.exp().mul(p).sum(-1).neg(), entropy, from);
      if (logQ != null && gap != null) {
        put(chunk.logQSampled(), logQ, from);
        put(Divergence.kl(p, chunk.teacher()), gap, from);
      }
    }
  }

  private static void put(Variable column, float[] to, int from) {
    float[] values = TensorOps.cast(column.tensor(), DType.F32).toFloats();
    System.arraycopy(values, 0, to, from, values.length);
  }

  /** Frees the memory of the chunks. */
  @Override
  public void close() {
    workspace.close();
  }
}
