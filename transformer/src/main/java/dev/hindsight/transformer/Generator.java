package dev.hindsight.transformer;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Samples completions of ragged prompts in one batch: the prompts packed, in one pass or a few,
 * then one token a row and step over the KV cache. A row that has ended leaves the batch and costs
 * nothing from then on.
 *
 * <p>A row's tokens and log-probabilities are a pure function of the weights, its prompt, its
 * stream of random numbers and the options: which other rows are there, and in what order, does not
 * matter. The log-probabilities are those that {@link SequenceScorer} and a training pass compute
 * for the same tokens, bit for bit (one backend, one vector width): the on-policy ratio is exactly
 * 1.
 *
 * <p>Keeps its memory between calls and reads the decoder's weights as they are at each call. Not
 * thread safe.
 */
public final class Generator implements AutoCloseable {
  private final Decoder decoder;
  private final Workspace workspace;
  private @Nullable KvCache cache;

  /** A generator for {@code decoder}. */
  public Generator(Decoder decoder) {
    this.decoder = decoder;
    this.workspace = new Workspace(decoder.backend());
  }

  /** One prompt on its way. */
  private static final class Row {
    final int index;
    final Philox random;
    final int cacheStart;
    final int promptLength;
    final int[] tokens;
    final float[] logProbs;
    int count;
    boolean finished;

    Row(int index, Philox random, int cacheStart, int promptLength, int maxNewTokens) {
      this.index = index;
      this.random = random;
      this.cacheStart = cacheStart;
      this.promptLength = promptLength;
      this.tokens = new int[maxNewTokens];
      this.logProbs = new float[maxNewTokens];
    }

    boolean isLive() {
      return !finished && count < tokens.length;
    }

    Completion completion() {
      return new Completion(Arrays.copyOf(tokens, count), Arrays.copyOf(logProbs, count), finished);
    }
  }

  /**
   * A completion for each prompt.
   *
   * @param streams one generator of random numbers a prompt, which sampling advances by one double
   *     a token; greedy decoding leaves them alone
   * @throws IllegalArgumentException when a prompt is empty, or prompt and new tokens do not fit
   *     {@code max_position_embeddings}
   * @throws IllegalStateException when the logits hold NaN
   */
  public List<Completion> generate(
      List<int[]> prompts, List<Philox> streams, SamplingOptions options) {
    check(prompts, streams, options);
    if (prompts.isEmpty()) {
      return List.of();
    }
    List<Row> rows = new ArrayList<>(prompts.size());
    int cacheRows = 0;
    for (int i = 0; i < prompts.size(); i++) {
      int length = prompts.get(i).length;
      rows.add(new Row(i, streams.get(i), cacheRows, length, options.maxNewTokens()));
      // the last token of a completion is never fed back
      cacheRows += length + options.maxNewTokens() - 1;
    }
    KvCache cache = cache(cacheRows);
    Sampler sampler = new Sampler(decoder.config().vocabSize(), options);
    List<Row> live = new ArrayList<>(rows);
    try (var _ = Autograd.noGrad()) {
      int[] lengths = prompts.stream().mapToInt(p -> p.length).toArray();
      for (int from = 0, to; from < lengths.length; from = to) {
        to = decoder.endOfPass(lengths, from);
        List<Row> some = rows.subList(from, to);
        try (var _ = workspace.open()) {
          sample(prefill(prompts.subList(from, to), some, cache), some, sampler, options);
        }
      }
      while (removeEnded(live)) {
        try (var _ = workspace.open()) {
          sample(decode(live, cache), live, sampler, options);
        }
      }
    }
    return rows.stream().map(Row::completion).toList();
  }

  private static boolean removeEnded(List<Row> live) {
    live.removeIf(row -> !row.isLive());
    return !live.isEmpty();
  }

  /** The last hidden state of every prompt, {@code [rows, hidden]}. */
  private Variable prefill(List<int[]> prompts, List<Row> rows, KvCache cache) {
    int[] last = new int[rows.size()];
    Arrays.fill(last, 1);
    Batch batch = Batch.packed(prompts, last);
    SequenceLayout own = batch.layout();
    int[] keyStart = rows.stream().mapToInt(row -> row.cacheStart).toArray();
    SequenceLayout layout =
        new SequenceLayout(own.queryStart(), own.queryLength(), keyStart, own.keyLength(), true);
    return decoder.hidden(batch.tokens(), batch.positions(), layout, cache, last);
  }

  /** The hidden state of every live row's latest token, {@code [live, hidden]}. */
  private Variable decode(List<Row> live, KvCache cache) {
    int n = live.size();
    int[] tokens = new int[n];
    int[] positions = new int[n];
    int[] queryStart = new int[n];
    int[] queryLength = new int[n];
    int[] keyStart = new int[n];
    int[] keyLength = new int[n];
    for (int i = 0; i < n; i++) {
      Row row = live.get(i);
      tokens[i] = row.tokens[row.count - 1];
      positions[i] = row.promptLength + row.count - 1;
      queryStart[i] = i;
      queryLength[i] = 1;
      keyStart[i] = row.cacheStart;
      keyLength[i] = positions[i] + 1;
    }
    SequenceLayout layout = new SequenceLayout(queryStart, queryLength, keyStart, keyLength, true);
    return decoder.hidden(tokens, positions, layout, cache);
  }

  private void sample(Variable hidden, List<Row> live, Sampler sampler, SamplingOptions options) {
    Variable scaled = SequenceScorer.scaled(decoder.logits(hidden), options.logitTemperature());
    Tensor distribution = LayerOps.logSoftmax(scaled.tensor());
    float[] logProbs = distribution.toFloats();
    float[] weights =
        sampler.usesWeights() ? TensorOps.unary(UnaryOp.EXP, distribution).toFloats() : null;
    int vocabulary = decoder.config().vocabSize();
    for (int i = 0; i < live.size(); i++) {
      Row row = live.get(i);
      int token = sampler.choose(logProbs, weights, i * vocabulary, row.random);
      row.tokens[row.count] = token;
      row.logProbs[row.count] = logProbs[i * vocabulary + token];
      row.count++;
      row.finished = options.isStop(token);
    }
  }

  private KvCache cache(int rows) {
    KvCache held = cache;
    if (held == null || held.rows() < rows) {
      held = new KvCache(decoder, rows);
      cache = held;
    } else {
      held.clear();
    }
    return held;
  }

  private void check(List<int[]> prompts, List<Philox> streams, SamplingOptions options) {
    if (prompts.size() != streams.size()) {
      throw new IllegalArgumentException(
          "generate: "
              + prompts.size()
              + " prompts, but "
              + streams.size()
              + " streams of random numbers; give one a prompt");
    }
    int room = decoder.config().maxPositions();
    for (int i = 0; i < prompts.size(); i++) {
      int length = prompts.get(i).length;
      if (length == 0) {
        throw new IllegalArgumentException(
            "generate: prompt " + i + " is empty; give it at least its beginning token");
      }
      // the last new token is sampled, not read
      if (length + options.maxNewTokens() - 1L > room) {
        throw new IllegalArgumentException(
            "generate: prompt "
                + i
                + " has "
                + length
                + " tokens, and with "
                + options.maxNewTokens()
                + " new ones exceeds max_position_embeddings "
                + room
                + "; shorten it to "
                + Math.max(0, room - options.maxNewTokens() + 1)
                + " or ask for fewer new tokens");
      }
    }
  }

  /** Bytes held for a step's temporaries: constant once the largest step has run. */
  long workspaceBytes() {
    return workspace.capacity();
  }

  /** Frees the workspace. */
  @Override
  public void close() {
    workspace.close();
    cache = null;
  }
}
