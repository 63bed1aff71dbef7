package dev.hindsight.autograd;

import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.ArrayList;
import java.util.List;

/**
 * The global L2 norm of gradients and the factor that clips it. The factor goes to the optimiser's
 * step, so that clipping costs no pass over the gradients.
 *
 * @param norm the norm before clipping; not finite when a gradient is not
 * @param scale factor on every gradient: {@code min(1, maximum / norm)}
 */
public record GradientNorm(double norm, double scale) {

  /**
   * The norm of all gradients that are present, squares summed in double precision in the order of
   * the parameters, and the factor that brings it down to {@code maximum}.
   *
   * @param maximum largest norm to let through; infinity clips nothing
   */
  public static GradientNorm clip(Iterable<Variable> parameters, double maximum) {
    if (!(maximum > 0)) {
      throw new IllegalArgumentException(
          "gradient norm: the maximum must be positive, got " + maximum);
    }
    List<Tensor> gradients = new ArrayList<>();
    for (Variable p : parameters) {
      Tensor g = p.gradient();
      if (g != null) {
        gradients.add(g);
      }
    }
    double norm = Math.sqrt(TensorOps.sumOfSquares(gradients));
    return new GradientNorm(norm, norm > maximum ? maximum / norm : 1);
  }

  /** Whether every gradient is finite: a step with others would spoil the weights. */
  public boolean isFinite() {
    return Double.isFinite(norm);
  }
}
