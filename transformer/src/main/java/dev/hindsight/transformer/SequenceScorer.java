package dev.hindsight.transformer;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Log-probabilities of given responses after given prompts, through the kernels that training and
 * {@link Generator} use: the log-softmax of the logits divided by a temperature, equal bit for bit
 * to what the generator recorded.
 *
 * <p>{@link #logSoftmax} is the differentiable whole; {@link #logProbs} reads numbers, a part of
 * the batch at a time. Not thread safe.
 */
public final class SequenceScorer implements AutoCloseable {
  /** Logits held at once by {@link #logProbs}, in elements: 64 MB in F32. */
  private static final long LOGITS_AT_ONCE = 1 << 24;

  /** Rows of the residual stream held at once by {@link #logProbs}. */
  private static final long ROWS_AT_ONCE = 1 << 14;

  private final Decoder decoder;
  private final Workspace workspace;

  /** A scorer with {@code decoder}, whose weights it reads as they are at each call. */
  public SequenceScorer(Decoder decoder) {
    this.decoder = decoder;
    this.workspace = new Workspace(decoder.backend());
  }

  /**
   * Prompt and response of each sequence, packed, with the rows wanted that predict the response's
   * tokens. The last token is not read, as nothing is predicted from it.
   *
   * @throws IllegalArgumentException when the lists differ in length or a prompt is empty
   */
  public static Batch batch(List<int[]> prompts, List<int[]> responses) {
    if (prompts.size() != responses.size()) {
      throw new IllegalArgumentException(
          "score: " + prompts.size() + " prompts, but " + responses.size() + " responses");
    }
    List<int[]> sequences = new ArrayList<>(prompts.size());
    int[] wanted = new int[prompts.size()];
    for (int s = 0; s < wanted.length; s++) {
      int[] prompt = prompts.get(s);
      int[] response = responses.get(s);
      if (prompt.length == 0) {
        throw new IllegalArgumentException(
            "score: prompt " + s + " is empty; give it at least its beginning token");
      }
      wanted[s] = response.length;
      int read = Math.max(0, response.length - 1);
      int[] sequence = Arrays.copyOf(prompt, prompt.length + read);
      System.arraycopy(response, 0, sequence, prompt.length, read);
      sequences.add(sequence);
    }
    return Batch.packed(sequences, wanted);
  }

  /** All responses' tokens one after another: the rows' targets. */
  public static int[] targets(List<int[]> responses) {
    return responses.stream().flatMapToInt(Arrays::stream).toArray();
  }

  /**
   * Log-softmax over the vocabulary at every response token, responses one after another: {@code
   * [R, vocabulary]}. Differentiable; allocates as tensors do, so call it inside the step's
   * workspace.
   *
   * @param temperature divides the logits; positive
   */
  public Variable logSoftmax(List<int[]> prompts, List<int[]> responses, double temperature) {
    Variable logits = decoder.logits(decoder.hidden(batch(prompts, responses)));
    return scaled(logits, temperature).logSoftmax();
  }

  /**
   * Logits divided by a temperature. Sampling, scoring and training all come through here: two ways
   * to write the same division would end the equality of their bits.
   *
   * @param temperature positive; at 1 nothing is divided
   */
  public static Variable scaled(Variable logits, double temperature) {
    if (!(temperature > 0)) {
      throw new IllegalArgumentException(
          "score: the temperature must be positive, got " + temperature);
    }
    return temperature == 1 ? logits : logits.times(1 / temperature);
  }

  /** The log-probability of every token of every response. */
  public List<float[]> logProbs(List<int[]> prompts, List<int[]> responses, double temperature) {
    batch(prompts, responses); // all of it is checked before any of it is computed
    List<float[]> all = new ArrayList<>(responses.size());
    int from = 0;
    while (from < prompts.size()) {
      int to = from;
      long rows = 0;
      long logits = 0;
      while (to < prompts.size()
          && (to == from || (rows <= ROWS_AT_ONCE && logits <= LOGITS_AT_ONCE))) {
        rows += prompts.get(to).length + responses.get(to).length;
        logits += (long) responses.get(to).length * decoder.config().vocabSize();
        to++;
      }
      part(prompts.subList(from, to), responses.subList(from, to), temperature, all);
      from = to;
    }
    return all;
  }

  private void part(
      List<int[]> prompts, List<int[]> responses, double temperature, List<float[]> all) {
    int[] targets = targets(responses);
    float[] logProbs = new float[0];
    if (targets.length > 0) {
      try (var _ = Autograd.noGrad();
          var _ = workspace.open()) {
        Variable rows = logSoftmax(prompts, responses, temperature);
        Tensor index = Tensor.of(decoder.backend(), Shape.of(targets.length, 1), targets);
        logProbs = rows.gatherLast(index).tensor().toFloats();
      }
    }
    int at = 0;
    for (int[] response : responses) {
      all.add(Arrays.copyOfRange(logProbs, at, at + response.length));
      at += response.length;
    }
  }

  /** Frees the workspace. */
  @Override
  public void close() {
    workspace.close();
  }
}
