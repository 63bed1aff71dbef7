package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.ComposedAttention;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Ragged attention with grouped queries: PyTorch's {@code scaled_dot_product_attention}, one
 * sequence at a time.
 */
final class AttentionOracle {
  private interface Op {
    Variable apply(Variable q, Variable k, Variable v, SequenceLayout layout, double scale);
  }

  private AttentionOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("attention", d -> attention(d, "attention", Variable::attention)),
        new OracleOp(
            "composedAttention", d -> attention(d, "composedAttention", ComposedAttention::apply)));
  }

  /** Sequences may be empty, rows of nobody lie between them, keys of a cache before them. */
  private static OracleCase attention(Draw d, String name, Op op) {
    int sequences = d.between(1, 3);
    boolean causal = d.oneIn(2);
    boolean large = d.oneIn(4);
    int longest = large ? 8 * d.size() : Math.min(3, d.size());
    int[] queryStart = new int[sequences];
    int[] queryLength = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] keyLength = new int[sequences];
    int queryRows = 0;
    int keyRows = 0;
    for (int s = 0; s < sequences; s++) {
      queryLength[s] = d.between(0, longest);
      keyLength[s] = queryLength[s] + d.between(causal ? 0 : 1, large ? longest : 2);
      queryStart[s] = queryRows + (d.oneIn(4) ? 1 : 0);
      keyStart[s] = keyRows + (d.oneIn(4) ? 1 : 0);
      queryRows = queryStart[s] + queryLength[s];
      keyRows = keyStart[s] + keyLength[s];
    }
    queryRows += d.oneIn(4) ? 1 : 0;
    SequenceLayout layout =
        new SequenceLayout(queryStart, queryLength, keyStart, keyLength, causal);
    int keyHeads = d.between(1, 2);
    int heads = keyHeads * d.between(1, 3);
    int width = large ? d.between(1, 40) : d.between(1, 3);
    double scale = d.oneIn(2) ? d.pick(0.5, 1.0) / Math.max(1, width / 4) : 1 / Math.sqrt(width);
    Shape keys = Shape.of(keyRows, keyHeads, width);
    Domain near = Domain.between(-2, 2);
    int rows = queryRows;
    return OracleCase.call(
            d,
            String.format(
                Locale.ROOT,
                "%s(queries %s + %s, keys %s + %s, %s, scale %s)",
                name,
                Arrays.toString(queryStart),
                Arrays.toString(queryLength),
                Arrays.toString(keyStart),
                Arrays.toString(keyLength),
                causal ? "causal" : "full",
                scale),
            Cases.tensor(d, Shape.of(rows, heads, width), near),
            Cases.tensor(d, keys, near),
            Cases.real(d, keys))
        .ours(v -> op.apply(v[0], v[1], v[2], layout, scale))
        .torch(t -> attention(t, layout, scale, rows, heads / keyHeads))
        .within(bound(width, scale));
  }

  /**
   * A score is a sum of {@code width} products below 4, times the scale: it is off by {@code e = 4
   * width (width + 2) scale u}, a weight by a relative {@code 2 e + 16 u} and less than 4 width
   * scale more for what exponents lose, and a gradient is a weight times a difference of such sums.
   */
  private static Bound bound(int width, double scale) {
    double score = 4 * width * scale;
    double error = score * Math.min(width + 2, 6 * Math.sqrt(width));
    return Bound.composed(2 * (error + score) + 30);
  }

  private static Tensor attention(
      Tensor[] t, SequenceLayout layout, double scale, int rows, int group) {
    Tensor nobody = Torch.zeros(t[0], rows, t[0].size(1), t[0].size(2));
    List<Tensor> parts = new ArrayList<>();
    int row = 0;
    for (int s = 0; s < layout.sequences(); s++) {
      int start = layout.queryStart()[s];
      int queries = layout.queryLength()[s];
      parts.add(nobody.narrow(0, row, start - row));
      row = start + queries;
      if (queries > 0) {
        Tensor k = t[1].narrow(0, layout.keyStart()[s], layout.keyLength()[s]);
        Tensor v = t[2].narrow(0, layout.keyStart()[s], layout.keyLength()[s]);
        parts.add(sequence(t[0].narrow(0, start, queries), k, v, layout.causal(), scale, group));
      }
    }
    parts.add(nobody.narrow(0, row, rows - row));
    return Torch.concat(0, parts.toArray(Tensor[]::new));
  }

  /** {@code [time, heads, width]} there and back to PyTorch's {@code [1, heads, time, width]}. */
  private static Tensor sequence(
      Tensor q, Tensor k, Tensor v, boolean causal, double scale, int group) {
    long queries = q.size(0);
    long keys = k.size(0);
    TensorOptional mask = new TensorOptional();
    // its own causal mask begins at the first key, ours ends at the last
    boolean square = causal && queries == keys;
    if (causal && !square) {
      double[] bias = new double[Math.toIntExact(queries * keys)];
      for (int i = 0; i < queries; i++) {
        for (int j = 0; j < keys; j++) {
          bias[Math.toIntExact(i * keys + j)] =
              j <= keys - queries + i ? 0 : Double.NEGATIVE_INFINITY;
        }
      }
      mask = new TensorOptional(Torch.constant(q, Shape.of((int) queries, (int) keys), bias));
    }
    return torch
        .scaled_dot_product_attention(
            heads(q), heads(k), heads(v), mask, 0, square, new DoubleOptional(scale), group > 1)
        .squeeze(0L)
        .transpose(0, 1);
  }

  private static Tensor heads(Tensor x) {
    return x.transpose(0, 1).unsqueeze(0);
  }
}
