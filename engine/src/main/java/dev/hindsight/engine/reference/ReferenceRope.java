package dev.hindsight.engine.reference;

import dev.hindsight.engine.Tensor;

/** Rotary position embedding (Su et al., 2021) of host tensors, half-rotation form. */
public final class ReferenceRope {
  private ReferenceRope() {}

  /** See {@link dev.hindsight.engine.Backend#rope}. */
  public static void rope(Tensor x, Tensor positions, double theta, boolean inverse, Tensor out) {
    int half = x.dim(2) / 2;
    Elements from = Elements.of(x);
    Elements at = Elements.of(positions);
    Elements to = Elements.of(out);
    for (int n = 0; n < x.dim(0); n++) {
      double position = at.get(positions.offset() + n * positions.stride(0));
      for (int i = 0; i < half; i++) {
        double angle = position * Math.pow(theta, -(double) i / half);
        double cos = Math.cos(angle);
        double sin = inverse ? -Math.sin(angle) : Math.sin(angle);
        for (int h = 0; h < x.dim(1); h++) {
          long first = x.offset() + n * x.stride(0) + h * x.stride(1) + i * x.stride(2);
          long outFirst = out.offset() + n * out.stride(0) + h * out.stride(1) + i * out.stride(2);
          double a = from.get(first);
          double b = from.get(first + half * x.stride(2));
          to.set(outFirst, a * cos - b * sin);
          to.set(outFirst + half * out.stride(2), b * cos + a * sin);
        }
      }
    }
  }
}
