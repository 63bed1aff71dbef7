package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Tensor;
import org.jspecify.annotations.Nullable;

/** {@code silu(gate) up} (Shazeer, 2020), element by element. */
final class Swiglu extends Op {
  private final Saved gate;
  private final Saved up;

  private Swiglu(Variable gate, Variable up) {
    super(gate, up);
    this.gate = save(gate);
    this.up = save(up);
  }

  static Variable apply(Variable gate, Variable up) {
    Tensor out = LayerOps.swiglu(gate.tensor(), up.tensor());
    return records(gate, up) ? new Swiglu(gate, up).output(out) : Variable.result(out);
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    if (!Autograd.isRecording()) {
      LayerOps.Pair d = LayerOps.swigluBackward(gate.tensor(), up.tensor(), dOut.tensor());
      return gradients(Variable.result(d.first()), Variable.result(d.second()));
    }
    Variable g = gate.variable();
    Variable s = g.sigmoid();
    Variable silu = g.mul(s);
    Variable slope = s.add(silu).sub(silu.mul(s));
    return gradients(
        needs(0) ? dOut.mul(up.variable()).mul(slope) : null, needs(1) ? dOut.mul(silu) : null);
  }
}
