package dev.hindsight.transformer;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A decoder-only transformer, configured by {@link DecoderConfig}. Sequences are packed: their
 * tokens lie one after another in rows {@code [N, hidden]}, and attention alone knows where one
 * ends ({@link SequenceLayout}).
 *
 * <p>The bits of a row depend neither on what else is in the batch nor on whether its keys come
 * from a cache (one backend, one vector width): sampling, scoring and training compute the same
 * numbers.
 */
public final class Decoder {
  /**
   * See {@link #endOfPass}: rows a thread, and elements of the inside of an MLP; sequences a
   * thread, and how many times as many rows these may have.
   */
  private static final int LEAST_ROWS = 256;

  private static final int ELEMENTS = 1 << 16;
  private static final int LEAST_SEQUENCES = 2;
  private static final int LONG = 8;

  private final DecoderConfig config;
  private final Map<String, Variable> parameters;
  private final Variable embedding;
  private final @Nullable Variable learnedPositions;
  private final List<DecoderBlock> blocks = new ArrayList<>();
  private final DecoderNorm norm;
  private final Variable head;
  private boolean checkpointing;

  /**
   * A decoder over given weights, which become its parameters as they are (no copy).
   *
   * @param weights all parameters by Hugging Face's names; contiguous, persistent, one type (F32 or
   *     F64) and one backend
   * @throws IllegalArgumentException when one is missing, too many, or has another shape or type
   */
  public Decoder(DecoderConfig config, Map<String, Tensor> weights) {
    this.config = config;
    this.parameters = Collections.unmodifiableMap(DecoderParameters.leaves(config, weights));
    this.embedding = DecoderParameters.require(parameters, DecoderParameters.EMBEDDING);
    this.learnedPositions = parameters.get(DecoderParameters.POSITIONS);
    for (int layer = 0; layer < config.layers(); layer++) {
      blocks.add(new DecoderBlock(config, layer, parameters));
    }
    this.norm = DecoderNorm.of(config, parameters, "model.norm");
    this.head = parameters.getOrDefault(DecoderParameters.HEAD, embedding);
  }

  /**
   * A decoder with random weights, a pure function of configuration, type and seed: matrices normal
   * with deviation .02, those that write to the residual stream divided by {@code sqrt(2 layers)}
   * (Radford et al., 2019), norms 1, biases 0.
   */
  public static Decoder initialise(DecoderConfig config, Backend backend, DType dtype, long seed) {
    return new Decoder(config, DecoderParameters.initialise(config, backend, dtype, seed));
  }

  /** The architecture. */
  public DecoderConfig config() {
    return config;
  }

  /** Where the weights live. */
  public Backend backend() {
    return embedding.tensor().backend();
  }

  /** F32 or F64. */
  public DType dtype() {
    return embedding.tensor().dtype();
  }

  /** All weights by their names in Hugging Face's checkpoints, in the order of the forward pass. */
  public Map<String, Variable> parameters() {
    return parameters;
  }

  /** The weights as tensors: live memory. */
  public Map<String, Tensor> weights() {
    Map<String, Tensor> weights = new LinkedHashMap<>();
    parameters.forEach((name, p) -> weights.put(name, p.tensor()));
    return weights;
  }

  /** A decoder with weights of its own that have the same values: a teacher, a reference. */
  public Decoder copy() {
    return copy(dtype());
  }

  /** {@link #copy()} in another type. */
  public Decoder copy(DType dtype) {
    Map<String, Tensor> weights = new LinkedHashMap<>();
    parameters.forEach(
        (name, p) ->
            weights.put(
                name,
                Workspace.outside(
                    () -> {
                      Tensor t = TensorOps.empty(backend(), dtype, p.shape());
                      TensorOps.copy(p.tensor(), t);
                      return t;
                    })));
    Decoder copy = new Decoder(config, weights);
    copy.checkpointing = checkpointing;
    return copy;
  }

  /**
   * Overwrites the weights with values of the same names and shapes.
   *
   * @throws IllegalArgumentException when a name or a shape differs; nothing is overwritten then
   */
  public void assign(Map<String, Tensor> values) {
    DecoderParameters.check(config, values);
    parameters.forEach(
        (name, p) -> TensorOps.copy(Objects.requireNonNull(values.get(name)), p.tensor()));
  }

  /**
   * Whether the backward pass computes each block again instead of keeping its inside: less memory,
   * a third more time, the same bits. Off at first.
   */
  public void setActivationCheckpointing(boolean on) {
    checkpointing = on;
  }

  /**
   * Hidden states after the final norm.
   *
   * @param tokens {@code [N]} ids
   * @param positions {@code [N]} each token's place in its sequence, below {@code
   *     max_position_embeddings}
   * @param layout where the queries of each sequence lie among the N rows, and its keys: among the
   *     same rows, or among the cache's when there is one
   * @param cache receives the tokens' keys and values and gives those of earlier tokens; null when
   *     all of a sequence is here. Needs {@link Autograd#noGrad}: a cache has no gradient
   * @return {@code [N, hidden]}
   * @throws IllegalArgumentException when a token or a position is out of range
   */
  public Variable hidden(
      int[] tokens, int[] positions, SequenceLayout layout, @Nullable KvCache cache) {
    return hidden(tokens, positions, layout, cache, null);
  }

  /**
   * Hidden states after the final norm of the rows that a batch wants: {@code [W, hidden]}. Without
   * gradient some sequences go through at a time, and those that follow use the same memory.
   */
  public Variable hidden(Batch batch) {
    int sequences = batch.lengths().length;
    if (Autograd.isRecording() || sequences < 2 || endOfPass(batch.lengths(), 0) == sequences) {
      return pass(batch);
    }
    check(batch.tokens(), batch.positions(), null);
    Tensor all =
        TensorOps.empty(backend(), dtype(), Shape.of(batch.wantedRows(), config.hiddenSize()));
    Workspace workspace = Workspace.current();
    boolean former = workspace != null && workspace.watch(true);
    try {
      int row = 0;
      for (int from = 0, to; from < sequences; from = to) {
        to = endOfPass(batch.lengths(), from);
        Batch part = batch.sequences(from, to);
        int wanted = part.wantedRows();
        if (wanted > 0) {
          TensorOps.copy(pass(part).tensor(), all.slice(0, row, row + wanted));
          row += wanted;
        }
        if (workspace != null && !former) {
          workspace.sweep();
        }
      }
    } finally {
      if (workspace != null) {
        workspace.watch(former);
      }
    }
    return Variable.constant(all);
  }

  private Variable pass(Batch batch) {
    return hidden(batch.tokens(), batch.positions(), batch.layout(), null, batch.wanted());
  }

  /**
   * Where a pass without gradient that begins with sequence {@code from} had better end: so many
   * rows that what a block computes of them stays in a core's cache (a fifth quicker on the
   * built-in models), but enough to make reading the weights worth it. Of long sequences a few more
   * go together, for threads that wait for one another after each of them lose as much (where other
   * programs hold the cores at times, a seventh of the pass).
   *
   * @return the first sequence of the next pass
   */
  int endOfPass(int[] lengths, int from) {
    int threads = Threads.count();
    int most = threads * Math.max(LEAST_ROWS, ELEMENTS / config.intermediateSize());
    int rows = 0;
    int to = from;
    int limit;
    do {
      rows += lengths[to++];
      limit = to - from < LEAST_SEQUENCES * threads ? LONG * most : most;
    } while (to < lengths.length && rows + lengths[to] <= limit);
    return to;
  }

  /**
   * Logits of some rows: {@code [N, hidden]} to {@code [N, vocabulary]}. A row's bits do not depend
   * on the others, so rows whose logits nobody reads are better left out.
   */
  public Variable logits(Variable hidden) {
    return hidden.linear(head);
  }

  /**
   * {@code scale} times the sum over rows of the cross-entropy of their logits against {@code
   * targets [N]} I32 (negative: ignored), and the losses of the rows. Never holds the logits of
   * more than some of the rows, forward or backward.
   */
  public Variable.LinearCrossEntropy crossEntropy(Variable hidden, Tensor targets, double scale) {
    return hidden.linearCrossEntropy(head, targets, scale);
  }

  /**
   * @param wanted how many of the last rows of each sequence are asked for; null means all
   */
  Variable hidden(
      int[] tokens,
      int[] positions,
      SequenceLayout layout,
      @Nullable KvCache cache,
      int @Nullable [] wanted) {
    check(tokens, positions, cache);
    Tensor rows = cache == null ? null : ids(cache.claim(layout, tokens.length));
    Tensor places = ids(positions);
    Variable x = embedding.gatherRows(ids(tokens));
    if (learnedPositions != null) {
      x = x.add(learnedPositions.gatherRows(places));
    }
    DecoderBlock.Pass pass = new DecoderBlock.Pass(places, layout, cache, rows);
    for (int i = 0; i < blocks.size(); i++) {
      DecoderBlock block = blocks.get(i);
      boolean last = i == blocks.size() - 1;
      DecoderBlock.Wanted only = last ? wanted(positions, layout, wanted) : null;
      x =
          checkpointing && Autograd.isRecording()
              ? Autograd.checkpoint(in -> block.apply(in[0], pass, only), x)
              : block.apply(x, pass, only);
    }
    return norm.apply(x);
  }

  private DecoderBlock.@Nullable Wanted wanted(
      int[] positions, SequenceLayout layout, int @Nullable [] wanted) {
    if (wanted == null || Arrays.equals(wanted, layout.queryLength())) {
      return null;
    }
    int count = 0;
    int[] start = new int[wanted.length];
    for (int s = 0; s < wanted.length; s++) {
      start[s] = count;
      count += wanted[s];
    }
    int[] rows = new int[count];
    int[] places = new int[count];
    for (int s = 0; s < wanted.length; s++) {
      int from = layout.queryStart()[s] + layout.queryLength()[s] - wanted[s];
      for (int i = 0; i < wanted[s]; i++) {
        rows[start[s] + i] = from + i;
        places[start[s] + i] = positions[from + i];
      }
    }
    SequenceLayout queries =
        new SequenceLayout(start, wanted, layout.keyStart(), layout.keyLength(), layout.causal());
    return new DecoderBlock.Wanted(ids(rows), ids(places), queries);
  }

  private void check(int[] tokens, int[] positions, @Nullable KvCache cache) {
    if (tokens.length != positions.length) {
      throw new IllegalArgumentException(
          "decoder: " + tokens.length + " tokens, but " + positions.length + " positions");
    }
    for (int n = 0; n < tokens.length; n++) {
      if (tokens[n] < 0 || tokens[n] >= config.vocabSize()) {
        throw new IllegalArgumentException(
            "decoder: token id "
                + tokens[n]
                + " at row "
                + n
                + " is not in the vocabulary of "
                + config.vocabSize());
      }
      if (positions[n] < 0 || positions[n] >= config.maxPositions()) {
        throw new IllegalArgumentException(
            "decoder: position "
                + positions[n]
                + " at row "
                + n
                + " does not fit max_position_embeddings "
                + config.maxPositions()
                + "; shorten the prompt or the response");
      }
    }
    if (cache != null && Autograd.isRecording()) {
      throw new IllegalStateException(
          "decoder: a KV cache has no gradient; compute under Autograd.noGrad(), or without it");
    }
  }

  private Tensor ids(int[] values) {
    return Tensor.of(backend(), Shape.of(values.length), values);
  }
}
