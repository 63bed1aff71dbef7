package dev.hindsight.sdpo.loss;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The golden case of the specification: five tokens, one position. Its numbers come from plain
 * float64 arithmetic on the paper's formulas, gradients checked against central differences.
 */
final class Golden {
  static final double[] Z = {2.0, 1.0, 0.0, -1.0, 0.5};
  static final double[] U = {1.0, 2.3, 1.6, 0.2, 1.1};
  static final double[] P = {.5630212318, .2071239361, .0761966379, .0280311766, .1256270176};

  private Golden() {}

  /** A backend and a type, and how exact they must be. */
  record Arithmetic(String name, Backend backend, DType dtype, double loss, double gradient) {
    @Override
    public String toString() {
      return name + " " + dtype;
    }
  }

  /**
   * F64 as the specification asks. F32: the losses are sums of at most 6 terms p (log p - log q),
   * each below 2 in size, whose logs carry an error of at most 4 ulp of 3 (2^-22 each) from softmax
   * and logsumexp over 5 logits: below 6 * 4 * 2^-22 * 2 = 1.2e-5; the same holds for gradients.
   */
  static Stream<Arithmetic> arithmetics() {
    List<Arithmetic> all = new ArrayList<>();
    Backend reference = Backends.get("reference");
    all.add(new Arithmetic("reference", reference, DType.F64, 1e-10, 1e-8));
    for (Backends.Provider provider : Backends.providers()) {
      if (provider.unavailable().isEmpty() && provider.priority() >= 0) {
        Backend backend = Backends.get(provider.name());
        all.add(new Arithmetic(provider.name(), backend, DType.F32, 1.2e-5, 1.2e-5));
      }
    }
    return all.stream();
  }

  /** A loss at one position and its gradient with respect to the student's logits. */
  record Result(double loss, double[] gradient) {}

  /** The loss of one row of student logits under a teacher's. */
  static Result of(Arithmetic a, TokenLoss loss, double[] z, double @Nullable [] u, int sampled) {
    return of(a, loss, z, u, sampled, 0, null);
  }

  /**
   * As above, where the sampled token's log-ratio now against the start of the update is {@code
   * logRatio}.
   */
  static Result of(
      Arithmetic a,
      TokenLoss loss,
      double[] z,
      double @Nullable [] u,
      int sampled,
      double logRatio,
      @Nullable Double advantage) {
    Variable logits = Variable.leaf(row(a, z));
    Variable logP = logits.logSoftmax();
    Tensor y = Tensor.of(a.backend(), Shape.of(1, 1), sampled);
    TokenRows rows =
        new TokenRows(
            logP,
            u == null ? null : Variable.constant(row(a, u)).logSoftmax(),
            y,
            logP.detach().gatherLast(y).plus(-logRatio),
            advantage == null ? null : Variable.constant(row(a, advantage)));
    Variable value = loss.perToken(rows);
    value.sum().backward();
    return new Result(value.item(), logits.gradient().toDoubles());
  }

  static Tensor row(Arithmetic a, double... values) {
    Tensor row = Tensor.of(a.backend(), Shape.of(1, values.length), values);
    return TensorOps.cast(row, a.dtype());
  }
}
