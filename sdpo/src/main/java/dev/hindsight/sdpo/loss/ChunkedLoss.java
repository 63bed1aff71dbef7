package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import dev.hindsight.transformer.SequenceScorer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * {@code sum_t w_t loss_t} over the response tokens of a batch, or a sum of such terms, and its
 * gradient, without ever holding the logits of the batch. Rows go through in chunks; each chunk's
 * logits live in a workspace of their own, its backward pass follows at once and leaves a gradient
 * of the hidden states, which goes through the decoder in one pass at the end. Chunks follow in one
 * order, so results depend on their size but on nothing else.
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

  /** Sees the rows of a batch as they go through, for a record. */
  @FunctionalInterface
  public interface Watcher {
    /**
     * A chunk, whose memory is reused after the call; no gradient is recorded meanwhile.
     *
     * @param from row of the batch that is the chunk's first
     */
    void rows(TokenRows chunk, int from);
  }

  /**
   * A part of what is minimised, one entry a row of the batch.
   *
   * @param loss of a token
   * @param weight w_t: aggregation, mask, rollout correction, coefficient; 0 for a token that does
   *     not count
   * @param logOld log-probabilities of y_t when the update began
   * @param advantage null for a loss without
   * @param oldTop null for a loss without, and where the policy has not moved
   */
  public record Term(
      TokenLoss loss,
      double[] weight,
      double[] logOld,
      double @Nullable [] advantage,
      @Nullable OldTop oldTop) {}

  /**
   * What goes in beside the student for a loss of one term, one entry a row of the batch.
   *
   * @param sampled the tokens y_t
   * @param weight w_t: aggregation, mask and rollout correction
   * @param logOld log-probabilities of y_t when the update began
   * @param advantage null for a loss without
   * @param teacher the self-teacher's logits; null for a loss without
   */
  public record Inputs(
      int[] sampled,
      double[] weight,
      double[] logOld,
      double @Nullable [] advantage,
      @Nullable Logits teacher) {}

  /** A sum over live tokens, and how many these are. */
  public record Mean(double sum, long count) {
    /** With more tokens. */
    public Mean plus(Mean more) {
      return new Mean(sum + more.sum, count + more.count);
    }
  }

  /**
   * What comes out, one entry a row but for losses and measures.
   *
   * @param loss the weighted sum
   * @param termLoss its terms
   * @param logP log p(y_t) of the student
   * @param logQ log q(y_t) of the teacher; null without one
   * @param entropy of the student's distribution, nats
   * @param gap KL(p || q) over the full vocabulary; null without a teacher
   * @param measures what the losses have to tell, by name; see {@link TokenLoss#measure}
   */
  public record Outputs(
      double loss,
      double[] termLoss,
      double[] logP,
      double @Nullable [] logQ,
      double[] entropy,
      double @Nullable [] gap,
      SortedMap<String, Mean> measures) {

    private static Outputs empty(int rows, boolean taught) {
      return new Outputs(
          0,
          new double[0],
          new double[rows],
          taught ? new double[rows] : null,
          new double[rows],
          taught ? new double[rows] : null,
          new TreeMap<>());
    }
  }

  private final @Nullable TokenLoss loss;
  private final double temperature;
  private final int rowsAChunk;
  private final Workspace workspace;
  private @Nullable Variable chunkStates;

  /**
   * @param temperature of the rollouts, by which student and teacher logits are divided
   * @param rowsAChunk largest number of rows whose logits exist at a time
   */
  public ChunkedLoss(double temperature, int rowsAChunk, Backend backend) {
    this(null, temperature, rowsAChunk, backend);
  }

  /** For one loss, whose {@link Inputs} are all that changes. */
  public ChunkedLoss(
      @Nullable TokenLoss loss, double temperature, int rowsAChunk, Backend backend) {
    this.loss = loss;
    this.temperature = temperature;
    this.rowsAChunk = rowsAChunk;
    this.workspace = new Workspace(backend);
  }

  /** {@link #backward(Variable, UnaryOperator, int[], List, Logits)} of one term. */
  public Outputs backward(Variable hidden, UnaryOperator<Variable> head, Inputs in) {
    if (loss == null) {
      throw new IllegalStateException("chunked loss: made without a loss; give terms");
    }
    Term term = new Term(loss, in.weight, in.logOld, in.advantage, null);
    return backward(hidden, head, in.sampled, List.of(term), in.teacher);
  }

  /**
   * Adds the gradient of the terms' sum to every leaf that leads to {@code hidden} or that {@code
   * head} reads.
   *
   * @param hidden the student's final hidden states before each response token {@code [R, C]}
   * @param head from hidden states to logits
   * @param sampled the tokens y_t
   * @param teacher the self-teacher's logits; null for terms without
   */
  public Outputs backward(
      Variable hidden,
      UnaryOperator<Variable> head,
      int[] sampled,
      List<Term> terms,
      @Nullable Logits teacher) {
    return backward(hidden, head, sampled, terms, teacher, (_, _) -> {});
  }

  /** The same, watched. */
  public Outputs backward(
      Variable hidden,
      UnaryOperator<Variable> head,
      int[] sampled,
      List<Term> terms,
      @Nullable Logits teacher,
      Watcher watcher) {
    int rows = hidden.dim(0);
    Outputs out = Outputs.empty(rows, teacher != null);
    double[] termLoss = new double[terms.size()];
    Tensor dHidden =
        TensorOps.empty(hidden.tensor().backend(), hidden.tensor().dtype(), hidden.shape());
    Variable leaf = leaf(hidden);
    for (int from = 0; from < rows; from += rowsAChunk) {
      int to = Math.min(rows, from + rowsAChunk);
      try (var _ = workspace.open()) {
        TokenRows chunk = rows(head.apply(states(leaf, hidden, from, to)), sampled, teacher, from);
        Variable total = null;
        for (int k = 0; k < termLoss.length; k++) {
          Term term = terms.get(k);
          Variable value =
              term.loss
                  .perToken(of(term, chunk, from))
                  .mul(column(hidden.tensor(), term.weight, from, to))
                  .sum();
          termLoss[k] += value.item();
          total = total == null ? value : total.add(value);
        }
        Objects.requireNonNull(total, "chunked loss: no term").backward();
        TensorOps.copy(gradient(leaf, to - from), dHidden.slice(0, from, to));
        measure(chunk, from, out);
        try (var _ = Autograd.noGrad()) {
          watcher.rows(chunk, from);
        }
        for (Term term : terms) {
          measure(term, chunk, from, out.measures);
        }
      }
    }
    Autograd.backward(hidden, dHidden, Autograd.Keep.NOTHING);
    return new Outputs(
        Arrays.stream(termLoss).sum(),
        termLoss,
        out.logP,
        out.logQ,
        out.entropy,
        out.gap,
        out.measures);
  }

  /**
   * What a loss may have to know of the whole batch before it is taken: everything in {@link
   * Outputs} but losses, without a gradient.
   */
  public Outputs survey(
      Variable hidden, UnaryOperator<Variable> head, int[] sampled, @Nullable Logits teacher) {
    Outputs out = Outputs.empty(hidden.dim(0), teacher != null);
    eachChunk(
        hidden, head, (logits, from) -> measure(rows(logits, sampled, teacher, from), from, out));
    return out;
  }

  /** The policy's K likeliest tokens at every row; more than the vocabulary means all of it. */
  public OldTop top(Variable hidden, UnaryOperator<Variable> head, int k) {
    List<int[]> indices = new ArrayList<>();
    List<double[]> logOld = new ArrayList<>();
    eachChunk(
        hidden,
        head,
        (logits, _) -> {
          Tensor logP = logSoftmax(logits, temperature).tensor();
          TensorOps.TopK top = TensorOps.topK(logP, Math.min(k, logits.dim(1)));
          indices.add(top.indices().toInts());
          logOld.add(top.values().toDoubles());
        });
    int[] all = indices.stream().flatMapToInt(Arrays::stream).toArray();
    return new OldTop(
        all.length / Math.max(1, hidden.dim(0)),
        all,
        logOld.stream().flatMapToDouble(Arrays::stream).toArray());
  }

  @FunctionalInterface
  private interface Reading {
    void chunk(Variable logits, int from);
  }

  private void eachChunk(Variable hidden, UnaryOperator<Variable> head, Reading reading) {
    try (var _ = Autograd.noGrad()) {
      for (int from = 0; from < hidden.dim(0); from += rowsAChunk) {
        int to = Math.min(hidden.dim(0), from + rowsAChunk);
        try (var _ = workspace.open()) {
          reading.chunk(head.apply(hidden.slice(0, from, to)), from);
        }
      }
    }
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

  /** What all terms see of the rows from {@code from}. */
  private TokenRows rows(Variable logits, int[] sampled, @Nullable Logits teacher, int from) {
    Tensor like = logits.tensor();
    int to = from + logits.dim(0);
    Tensor y =
        Tensor.of(like.backend(), Shape.of(to - from, 1), Arrays.copyOfRange(sampled, from, to));
    Variable logP = logSoftmax(logits, temperature);
    Variable logQ = teacher == null ? null : logSoftmax(teacher.rows(from, to), temperature);
    return new TokenRows(logP, logQ, y, logP, null);
  }

  private static TokenRows of(Term term, TokenRows chunk, int from) {
    Tensor like = chunk.logP().tensor();
    int to = from + chunk.logP().dim(0);
    return chunk.with(
        column(like, term.logOld, from, to),
        term.advantage == null ? null : column(like, term.advantage, from, to),
        term.oldTop == null ? null : term.oldTop.rows(from, to));
  }

  /** Log-probabilities at a temperature, with the bits of the sampler's. */
  public static Variable logSoftmax(Variable logits, double temperature) {
    return SequenceScorer.scaled(logits, temperature).logSoftmax();
  }

  private static Variable column(Tensor like, double[] values, int from, int to) {
    double[] part = Arrays.copyOfRange(values, from, to);
    return Variable.constant(Tensor.of(like.backend(), like.dtype(), Shape.of(to - from, 1), part));
  }

  private static void measure(TokenRows chunk, int from, Outputs out) {
    try (var _ = Autograd.noGrad()) {
      Variable logP = chunk.logP().detach();
      Variable p = logP.exp();
      put(chunk.logPSampled(), out.logP, from);
      put(p.mul(logP).sum(-1).neg(), out.entropy, from);
      if (out.logQ != null && out.gap != null) {
        put(chunk.logQSampled(), out.logQ, from);
        put(Divergence.kl(p, logP, chunk.teacher()), out.gap, from);
      }
    }
  }

  private static void measure(
      Term term, TokenRows chunk, int from, SortedMap<String, Mean> measures) {
    int rows = chunk.logP().dim(0);
    if (IntStream.range(from, from + rows).allMatch(r -> term.weight[r] == 0)) {
      return;
    }
    try (var _ = Autograd.noGrad()) {
      term.loss.measure(
          of(term, chunk, from),
          (name, column) -> {
            double[] values = new double[rows];
            put(column, values, 0);
            double sum = 0;
            int count = 0;
            for (int r = 0; r < rows; r++) {
              if (term.weight[from + r] != 0) {
                sum += values[r];
                count++;
              }
            }
            measures.merge(name, new Mean(sum, count), Mean::plus);
          });
    }
  }

  private static void put(Variable column, double[] to, int from) {
    double[] values = column.tensor().toDoubles();
    System.arraycopy(values, 0, to, from, values.length);
  }

  /** Frees the memory of the chunks. */
  @Override
  public void close() {
    workspace.close();
  }
}
