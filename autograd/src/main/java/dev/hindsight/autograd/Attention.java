package dev.hindsight.autograd;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Fused scaled dot-product attention over ragged sequences; see {@link Backend#attention}.
 * First-order: {@link ComposedAttention} is the twin that can be differentiated again.
 */
final class Attention extends Op {
  private final Saved q;
  private final Saved k;
  private final Saved v;
  private final Saved out;
  private final Saved lse;
  private final SequenceLayout layout;
  private final double scale;

  private Attention(
      Variable q,
      Variable k,
      Variable v,
      LayerOps.Attention y,
      SequenceLayout layout,
      double scale) {
    super(q, k, v);
    this.q = save(q);
    this.k = save(k);
    this.v = save(v);
    this.out = save(y.out());
    this.lse = save(y.lse());
    this.layout = layout;
    this.scale = scale;
  }

  static Variable apply(Variable q, Variable k, Variable v, SequenceLayout layout, double scale) {
    if (!records(q, k, v)) {
      return Variable.result(
          LayerOps.attentionWithoutGradient(q.tensor(), k.tensor(), v.tensor(), layout, scale));
    }
    LayerOps.Attention y = LayerOps.attention(q.tensor(), k.tensor(), v.tensor(), layout, scale);
    return new Attention(q, k, v, y, layout, scale).output(y.out());
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    Tensor[] d =
        LayerOps.attentionBackward(
            q.tensor(),
            k.tensor(),
            v.tensor(),
            layout,
            scale,
            new LayerOps.Attention(out.tensor(), lse.tensor()),
            dOut.tensor());
    @Nullable Variable[] gradients = new Variable[3];
    for (int i = 0; i < 3; i++) {
      gradients[i] =
          FirstOrderOnly.apply(
              d[i],
              "attention",
              "ComposedAttention.apply",
              q.variable(),
              k.variable(),
              v.variable(),
              dOut);
    }
    return gradients;
  }
}
