package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.ShapePair;
import dev.hindsight.gradcheck.TensorSample;

/**
 * What the oracle draws beyond {@link Draw}: tensors that fill vectors and tiles, and values with
 * all their bits. Half of the tensors keep Draw's values on the grid of 1/512, where few sums are
 * rounded.
 */
final class Cases {
  private static final int WIDE = 40;
  private static final int BITS = 1 << 20;

  /** Three quarters of the distance between grid points, so that distinct values stay distinct. */
  private static final double SPREAD = 0.75 / 512;

  private Cases() {}

  /** Rank 0 to 4, extents of 0 among them; one in four has a last axis of up to 200. */
  static Shape shape(Draw d) {
    return shape(d, 0, 4, true);
  }

  /** The same with a rank in a range. */
  static Shape shape(Draw d, int minRank, int maxRank, boolean zeroAllowed) {
    Shape small = d.shape(minRank, maxRank, zeroAllowed);
    if (small.rank() == 0 || small.rank() == 4 || !d.oneIn(4)) {
      return small;
    }
    return small.with(-1, extent(d));
  }

  /** Up to 200 where the case may be that large. */
  static int extent(Draw d) {
    return d.between(1, WIDE * d.size());
  }

  /** Mostly up to 5, one in four up to 80: enough for a matrix kernel's tiles and remainders. */
  static int side(Draw d) {
    return d.oneIn(4) ? d.between(1, 16 * d.size()) : d.extent();
  }

  /** {@code [..., D]}, D up to 200. */
  static Shape rows(Draw d) {
    Shape lead = d.shape(0, 3, true);
    return lead.insert(lead.rank(), d.oneIn(4) ? extent(d) : d.extent());
  }

  /** Two shapes that broadcast together, neither of which need be the result's. */
  static ShapePair broadcastable(Draw d) {
    Shape target = shape(d);
    if (d.oneIn(3)) {
      return new ShapePair(target, target);
    }
    Shape a = d.oneIn(2) ? target : d.broadcastableTo(target);
    Shape b = d.broadcastableTo(target);
    return d.oneIn(2) ? new ShapePair(a, b) : new ShapePair(b, a);
  }

  /**
   * A tensor in any layout, whose values F32 holds exactly: half of the time grid points, else
   * numbers near them with all bits of a float.
   */
  static TensorSample tensor(Draw d, Shape shape, Domain domain) {
    TensorSample sample = d.tensor(shape, domain);
    if (d.oneIn(2)) {
      return sample;
    }
    double[] values = sample.values();
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (values[i] + (d.between(0, BITS) / (double) BITS - 0.5) * SPREAD);
    }
    return new TensorSample(shape, sample.layout(), values);
  }

  /** {@link #tensor} of the domain that most ops are defined on. */
  static TensorSample real(Draw d, Shape shape) {
    return tensor(d, shape, Domain.REAL);
  }

  /**
   * Half of the time multiples of 1/2 from -2 to 2, so that ties and kinks are met in every case.
   */
  static TensorSample kinked(Draw d, Shape shape) {
    TensorSample x = real(d, shape);
    return d.oneIn(2)
        ? x
        : new TensorSample(shape, x.layout(), Torch.map(x.values(), v -> d.between(-4, 4) / 2.0));
  }

  /** Indices for our side. */
  static Tensor ids(Variable like, Shape shape, int... values) {
    return Tensor.of(like.tensor().backend(), shape, values);
  }

  /** {@code [N]} indices for our side. */
  static Tensor ids(Variable like, int... values) {
    return ids(like, Shape.of(values.length), values);
  }
}
