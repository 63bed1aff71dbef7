package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.ComposedAttention;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** The fused loss, norms, rotary positions, attention, and checkpointing. */
final class DecoderSpecs {
  private static final Domain REAL = Domain.REAL;

  private DecoderSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of(
                "linearCrossEntropy",
                REAL + ", some rows ignored",
                DecoderSpecs::linearCrossEntropy)
            .firstOrderOnly(),
        OpSpec.of("rmsNorm", REAL.toString(), DecoderSpecs::rmsNorm),
        OpSpec.of("layerNorm", REAL.toString(), DecoderSpecs::layerNorm),
        OpSpec.of("rope", REAL.toString(), DecoderSpecs::rope),
        OpSpec.of(
                "attention",
                REAL.toString(),
                d -> attention(d, "attention", Variable::attention, ComposedAttention::apply))
            .firstOrderOnly(),
        OpSpec.of(
            "composedAttention",
            REAL.toString(),
            d -> attention(d, "composedAttention", ComposedAttention::apply, Variable::attention)),
        OpSpec.of(
            "checkpoint",
            REAL.toString(),
            d -> {
              Shape shape = d.shape();
              return OpSpec.call("checkpoint", d.tensor(shape, REAL), d.tensor(shape, REAL))
                  .is(v -> Autograd.checkpoint(DecoderSpecs::block, v))
                  .sameAs(DecoderSpecs::block);
            }));
  }

  private static Variable block(Variable[] v) {
    return v[0].tanh().mul(v[1]).add(v[0]).add(v[1].square());
  }

  private static TensorSample rows(Draw d) {
    Shape lead = d.shape(0, 3, true);
    return d.tensor(lead.insert(lead.rank(), d.extent()), REAL);
  }

  private static OpSpec.Inputs linearCrossEntropy(Draw d) {
    int rows = d.extentOrZero();
    int classes = d.extent();
    int width = d.extent();
    int[] targets = d.indices(rows, classes);
    for (int n = 0; n < rows; n++) {
      targets[n] = d.oneIn(4) ? -1 : targets[n];
    }
    double scale = d.pick(1.0, 0.5, 2.0, -2.0);
    return OpSpec.call(
            "linearCrossEntropy(" + Arrays.toString(targets) + ", " + scale + ")",
            d.tensor(Shape.of(rows, width), REAL),
            d.tensor(Shape.of(classes, width), REAL))
        .is(
            v ->
                v[0].linearCrossEntropy(
                        v[1], Constants.indices(v[0], Shape.of(rows), targets), scale)
                    .loss())
        .sameAs(
            v ->
                v[0].linear(v[1])
                    .crossEntropy(Constants.indices(v[0], Shape.of(rows), targets))
                    .sum()
                    .times(scale));
  }

  private static OpSpec.Inputs rmsNorm(Draw d) {
    TensorSample x = rows(d);
    Shape weight = Shape.of(x.shape().dim(-1));
    double epsilon = d.pick(1e-1, 1e-2);
    return OpSpec.call("rmsNorm(" + epsilon + ")", x, d.tensor(weight, REAL))
        .is(v -> v[0].rmsNorm(v[1], epsilon))
        .sameAs(v -> v[0].div(v[0].square().mean(-1).plus(epsilon).sqrt()).mul(v[1]));
  }

  private static OpSpec.Inputs layerNorm(Draw d) {
    TensorSample x = rows(d);
    Shape weight = Shape.of(x.shape().dim(-1));
    double epsilon = d.pick(1e-1, 1e-2);
    return OpSpec.call(
            "layerNorm(" + epsilon + ")", x, d.tensor(weight, REAL), d.tensor(weight, REAL))
        .is(v -> v[0].layerNorm(v[1], v[2], epsilon))
        .sameAs(
            v -> {
              Variable centred = v[0].sub(v[0].mean(-1));
              Variable deviation = centred.square().mean(-1).plus(epsilon).sqrt();
              return centred.div(deviation).mul(v[1]).add(v[2]);
            });
  }

  private static OpSpec.Inputs rope(Draw d) {
    int rows = d.extentOrZero();
    int half = d.between(1, 2);
    int[] positions = d.indices(rows, 40);
    double theta = d.pick(10.0, 10_000.0);
    return OpSpec.call(
            "rope(" + Arrays.toString(positions) + ", " + theta + ")",
            d.tensor(Shape.of(rows, d.between(1, 2), 2 * half), REAL))
        .is(v -> v[0].rope(Constants.indices(v[0], Shape.of(rows), positions), theta))
        .sameAs(
            v -> {
              double[] cos = new double[rows * half];
              double[] sin = new double[rows * half];
              for (int i = 0; i < cos.length; i++) {
                double angle = positions[i / half] * Math.pow(theta, -(i % half) / (double) half);
                cos[i] = Math.cos(angle);
                sin[i] = Math.sin(angle);
              }
              Shape broadcast = Shape.of(rows, 1, half);
              Variable c = Constants.of(v[0], broadcast, cos);
              Variable s = Constants.of(v[0], broadcast, sin);
              Variable a = v[0].slice(-1, 0, half);
              Variable b = v[0].slice(-1, half, 2 * half);
              return Variable.concat(-1, a.mul(c).sub(b.mul(s)), b.mul(c).add(a.mul(s)));
            });
  }

  private interface AttentionOp {
    Variable apply(Variable q, Variable k, Variable v, SequenceLayout layout, double scale);
  }

  /**
   * Ragged sequences in any order, some without queries or keys, rows of nobody between them, keys
   * of a cache before them, and keys that two of them read.
   */
  private static OpSpec.Inputs attention(Draw d, String name, AttentionOp op, AttentionOp twin) {
    int sequences = d.between(1, 2);
    boolean causal = d.oneIn(2);
    int[] queryStart = new int[sequences];
    int[] queryLength = new int[sequences];
    int[] keyStart = new int[sequences];
    int[] keyLength = new int[sequences];
    int queryRows = 0;
    int keyRows = 0;
    for (int s : d.permutation(sequences)) {
      queryLength[s] = d.between(0, Math.min(3, d.size()));
      keyLength[s] = causal ? queryLength[s] + d.between(0, 2) : d.between(0, 4);
      queryStart[s] = queryRows + (d.oneIn(4) ? 1 : 0);
      keyStart[s] = d.oneIn(6) ? 0 : keyRows + (d.oneIn(4) ? 1 : 0);
      queryRows = queryStart[s] + queryLength[s];
      keyRows = Math.max(keyRows, keyStart[s] + keyLength[s]);
    }
    queryRows += d.oneIn(4) ? 1 : 0;
    SequenceLayout layout =
        new SequenceLayout(queryStart, queryLength, keyStart, keyLength, causal);
    int keyHeads = d.between(1, 2);
    int width = d.between(1, 3);
    double scale = d.pick(0.5, 1.0);
    Shape keys = Shape.of(keyRows, keyHeads, width);
    String call =
        String.format(
            Locale.ROOT,
            "%s(queries %s + %s, keys %s + %s, %s, scale %s)",
            name,
            Arrays.toString(queryStart),
            Arrays.toString(queryLength),
            Arrays.toString(keyStart),
            Arrays.toString(keyLength),
            causal ? "causal" : "full",
            scale);
    return OpSpec.call(
            call,
            d.tensor(Shape.of(queryRows, keyHeads * d.between(1, 2), width), Domain.between(-2, 2)),
            d.tensor(keys, Domain.between(-2, 2)),
            d.tensor(keys, Domain.REAL))
        .is(v -> op.apply(v[0], v[1], v[2], layout, scale))
        .sameAs(v -> twin.apply(v[0], v[1], v[2], layout, scale));
  }
}
