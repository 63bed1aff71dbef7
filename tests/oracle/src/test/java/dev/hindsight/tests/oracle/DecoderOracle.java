package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * The fused loss, norms, rotary positions and checkpointing. The numbers handed to {@link
 * Bound#composed} count roundings of the largest number, 8 for each library function.
 */
final class DecoderOracle {
  private DecoderOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("linearCrossEntropy", DecoderOracle::linearCrossEntropy),
        new OracleOp("rmsNorm", DecoderOracle::rmsNorm),
        new OracleOp("layerNorm", DecoderOracle::layerNorm),
        new OracleOp("rope", DecoderOracle::rope),
        new OracleOp("checkpoint", DecoderOracle::checkpoint));
  }

  /**
   * Logits of {@code width} products below 9 are off by {@code 9 width (width + 2) u}, and
   * gradients are sums of such rows.
   */
  private static OracleCase linearCrossEntropy(Draw d) {
    int rows = d.oneIn(16) ? 0 : Cases.side(d);
    int classes = Cases.side(d);
    int width = d.extent();
    int[] targets = LossOracle.targets(d, rows, classes);
    double scale = d.pick(1.0, 0.5, -2.0, 1 / 3.0);
    return OracleCase.call(
            d,
            "linearCrossEntropy(" + Arrays.toString(targets) + ", " + scale + ")",
            Cases.real(d, Shape.of(rows, width)),
            Cases.real(d, Shape.of(classes, width)))
        .ours(v -> v[0].linearCrossEntropy(v[1], Cases.ids(v[0], targets), scale).loss())
        .torch(
            t ->
                LossOracle.crossEntropy(torch.linear(t[0], t[1]), targets, -1, 0)
                    .sum()
                    .mul(new Scalar(scale)))
        .within(Bound.composed(30 + 2 * 9 * width * (width + 2)));
  }

  /** A root and a quotient; gradients have a sum over the row in a sum over the row. */
  private static OracleCase rmsNorm(Draw d) {
    TensorSample x = Cases.real(d, Cases.rows(d));
    Shape weight = Shape.of(x.shape().dim(-1));
    double epsilon = d.pick(1e-1, 1e-2, 1e-5);
    return OracleCase.call(d, "rmsNorm(" + epsilon + ")", x, Cases.real(d, weight))
        .ours(v -> v[0].rmsNorm(v[1], epsilon))
        .torch(
            t ->
                torch.rms_norm(
                    t[0],
                    Torch.longs(weight),
                    new TensorOptional(t[1]),
                    new DoubleOptional(epsilon)))
        .within(Bound.composed(30, steepest(x, epsilon, false)));
  }

  /**
   * The largest factor in the gradient of a norm: the inverse deviation of a row times a weight,
   * below 3. Of a row that is constant it is {@code 3 / sqrt(epsilon)}, and then cancels.
   */
  static double steepest(TensorSample x, double epsilon, boolean centred) {
    double[] values = x.values();
    int width = x.shape().dim(-1);
    double smallest = Double.POSITIVE_INFINITY;
    for (int from = 0; from < values.length; from += width) {
      double[] row = Arrays.copyOfRange(values, from, from + width);
      double mean = centred ? Arrays.stream(row).average().orElse(0) : 0;
      smallest =
          Math.min(
              smallest, Arrays.stream(row).map(v -> (v - mean) * (v - mean)).average().orElse(0));
    }
    return Math.max(1, 3 / Math.sqrt(smallest + epsilon));
  }

  private static OracleCase layerNorm(Draw d) {
    TensorSample x = Cases.real(d, Cases.rows(d));
    Shape weight = Shape.of(x.shape().dim(-1));
    double epsilon = d.pick(1e-1, 1e-2, 1e-5);
    return OracleCase.call(
            d, "layerNorm(" + epsilon + ")", x, Cases.real(d, weight), Cases.real(d, weight))
        .ours(v -> v[0].layerNorm(v[1], v[2], epsilon))
        .torch(
            t ->
                torch.layer_norm(
                    t[0],
                    Torch.longs(weight),
                    new TensorOptional(t[1]),
                    new TensorOptional(t[2]),
                    epsilon,
                    false))
        .within(Bound.composed(60, steepest(x, epsilon, true)));
  }

  /** PyTorch has no such op: the half-rotation of Hugging Face's Llama, angles in double. */
  private static OracleCase rope(Draw d) {
    int rows = d.extentOrZero();
    int half = d.oneIn(4) ? d.between(1, 8 * d.size()) : d.between(1, 3);
    int[] positions = d.indices(rows, d.oneIn(2) ? 40 : 4000);
    double theta = d.pick(10.0, 10_000.0, 500_000.0);
    TensorSample x = Cases.real(d, Shape.of(rows, d.between(1, 3), 2 * half));
    return OracleCase.call(d, "rope(" + Arrays.toString(positions) + ", " + theta + ")", x)
        .ours(v -> v[0].rope(Cases.ids(v[0], positions), theta))
        .torch(t -> rope(t[0], positions, half, theta))
        .within(Bound.sums(t -> t[0].add(Torch.concat(-1, halves(t[0], half, 1, 0)))));
  }

  private static Tensor rope(Tensor x, int[] positions, int half, double theta) {
    double[] cos = new double[positions.length * half];
    double[] sin = new double[cos.length];
    for (int i = 0; i < cos.length; i++) {
      double angle = positions[i / half] * Math.pow(theta, -(i % half) / (double) half);
      cos[i] = Math.cos(angle);
      sin[i] = Math.sin(angle);
    }
    Shape broadcast = Shape.of(positions.length, 1, half);
    Tensor c = Torch.constant(x, broadcast, cos);
    Tensor s = Torch.constant(x, broadcast, sin);
    Tensor[] ab = halves(x, half, 0, 1);
    return Torch.concat(-1, ab[0].mul(c).sub(ab[1].mul(s)), ab[1].mul(c).add(ab[0].mul(s)));
  }

  /** The first (0) and second (1) half of each head, in this order. */
  private static Tensor[] halves(Tensor x, int half, int... order) {
    return Arrays.stream(order)
        .mapToObj(i -> x.narrow(-1, (long) i * half, half))
        .toArray(Tensor[]::new);
  }

  /**
   * Of a function whose parts are tried alone: what is checked is that nothing is lost or doubled.
   */
  private static OracleCase checkpoint(Draw d) {
    Shape shape = Cases.shape(d);
    return OracleCase.call(d, "checkpoint", Cases.real(d, shape), Cases.real(d, shape))
        .ours(v -> Autograd.checkpoint(x -> x[0].tanh().mul(x[1]).add(x[0]).add(x[1].square()), v))
        .torch(t -> t[0].tanh().mul(t[1]).add(t[0]).add(t[1].square()))
        .within(Bound.composed(24));
  }
}
