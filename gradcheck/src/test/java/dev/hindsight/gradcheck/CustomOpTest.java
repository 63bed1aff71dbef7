package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Op;
import dev.hindsight.autograd.Saved;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;

/** An op of a user's own, written and tested through the public API alone. */
class CustomOpTest {
  /** {@code x^3}. */
  static final class Cube extends Op {
    private final Saved x;

    private Cube(Variable x) {
      super(x);
      this.x = save(x);
    }

    static Variable apply(Variable x) {
      Tensor t = x.tensor();
      Tensor out = TensorOps.mul(TensorOps.mul(t, t), t);
      return records(x) ? new Cube(x).output(out) : Variable.constant(out);
    }

    @Override
    protected @Nullable Variable[] backward(Variable dOut) {
      return gradients(dOut.mul(x.variable().square()).times(3));
    }
  }

  static final OpSpec CUBE = OpSpec.unary("cube", Domain.REAL, Cube::apply, x -> x.pow(3));

  @Provide
  Arbitrary<OpCase> cubes() {
    return CUBE.cases();
  }

  @Property
  void cubeHasTheRightGradients(@ForAll("cubes") OpCase c) {
    GradientProperties.all(c, Backends.get("reference"));
  }
}
