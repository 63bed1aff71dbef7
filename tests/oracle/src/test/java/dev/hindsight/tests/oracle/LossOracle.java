package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.gradcheck.Draw;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * Softmax, losses of distributions, and dropout. The numbers handed to {@link Bound#composed} count
 * roundings of the largest number: each library function 8, a difference of values up to 3 another
 * 6 in an exponent.
 */
final class LossOracle {
  /** PyTorch's reduction of a loss to nothing. */
  private static final long NONE = 0;

  private static final long IGNORED = -100;

  private LossOracle() {}

  static List<OracleOp> all() {
    return List.of(
        new OracleOp("softmax", d -> softmax(d, false)),
        new OracleOp("logSoftmax", d -> softmax(d, true)),
        new OracleOp("crossEntropy", LossOracle::crossEntropy),
        new OracleOp("klDivergence", LossOracle::klDivergence),
        new OracleOp("jsDivergence", LossOracle::jsDivergence),
        new OracleOp("dropout", LossOracle::dropout));
  }

  /** {@code exp(x - max) / sum}: 2 (6 + 8) and the quotient. */
  private static OracleCase softmax(Draw d, boolean log) {
    Shape rows = Cases.rows(d);
    boolean last = d.oneIn(2);
    int axis = last ? -1 : d.axis(rows);
    Shape shape = last || rows.dim(axis) > 0 ? rows : rows.with(axis, 1);
    return OracleCase.call(
            d, (log ? "logSoftmax(" : "softmax(") + (last ? ")" : axis + ")"), Cases.real(d, shape))
        .ours(
            v ->
                log
                    ? last ? v[0].logSoftmax() : v[0].logSoftmax(axis)
                    : last ? v[0].softmax() : v[0].softmax(axis))
        .torch(t -> log ? t[0].log_softmax(axis) : t[0].softmax(axis))
        .within(Bound.composed(30));
  }

  /** Any negative target is ignored by ours; PyTorch has one number for that. */
  static int[] targets(Draw d, int rows, int classes) {
    int[] targets = d.indices(rows, classes);
    for (int n = 0; n < rows; n++) {
      targets[n] = d.oneIn(4) ? -1 - d.between(0, 99) : targets[n];
    }
    return targets;
  }

  /** {@code [N]} losses; those of targets that are negative or {@code ignored} are 0. */
  static Tensor crossEntropy(Tensor logits, int[] targets, int ignored, double smoothing) {
    int[] theirs =
        Arrays.stream(targets).map(t -> t < 0 || t == ignored ? (int) IGNORED : t).toArray();
    return torch.cross_entropy_loss(
        logits, Torch.ids(theirs), new TensorOptional(), NONE, IGNORED, smoothing);
  }

  private static OracleCase crossEntropy(Draw d) {
    int rows = d.oneIn(16) ? 0 : Cases.side(d);
    int classes = d.oneIn(4) ? Cases.extent(d) : d.extent();
    int[] targets = targets(d, rows, classes);
    boolean options = d.oneIn(2);
    int ignored = options ? d.between(-1, classes - 1) : -1;
    double smoothing = options ? d.pick(0.0, 0.1, 0.5, 1.0) : 0;
    return OracleCase.call(
            d,
            "crossEntropy("
                + Arrays.toString(targets)
                + (options ? ", " + ignored + ", " + smoothing + ")" : ")"),
            Cases.real(d, Shape.of(rows, classes)))
        .ours(
            v ->
                options
                    ? v[0].crossEntropy(Cases.ids(v[0], targets), ignored, smoothing)
                    : v[0].crossEntropy(Cases.ids(v[0], targets)))
        .torch(t -> crossEntropy(t[0], targets, ignored, smoothing))
        .within(Bound.composed(30));
  }

  /** Terms below {@code e^3 6}, whose largest errors are those of exp, 8 u, and of the products. */
  private static OracleCase klDivergence(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    return OracleCase.call(d, "klDivergence", Cases.real(d, shape), Cases.real(d, shape))
        .ours(v -> v[0].klDivergence(v[1]))
        .torch(t -> torch.kl_div(t[1], t[0], NONE, true).sum(-1))
        .within(Bound.composed(12, 6 * Math.exp(3)));
  }

  private static OracleCase jsDivergence(Draw d) {
    Shape shape = Cases.shape(d, 1, 4, true);
    double alpha = d.pick(0.125, 0.5, 0.75, 0.1);
    return OracleCase.call(
            d, "jsDivergence(" + alpha + ")", Cases.real(d, shape), Cases.real(d, shape))
        .ours(v -> v[0].jsDivergence(v[1], alpha))
        .torch(
            t -> {
              Tensor m =
                  t[0].exp()
                      .mul(new Scalar(1 - alpha))
                      .add(t[1].exp().mul(new Scalar(alpha)))
                      .log();
              Tensor first = torch.kl_div(m, t[0], NONE, true).mul(new Scalar(1 - alpha));
              return first.add(torch.kl_div(m, t[1], NONE, true).mul(new Scalar(alpha))).sum(-1);
            })
        .within(Bound.composed(40, 6 * Math.exp(3)));
  }

  /** PyTorch draws other numbers: which elements stay is ours, how they are scaled is not. */
  private static OracleCase dropout(Draw d) {
    Shape shape = Cases.shape(d);
    double rate = d.pick(0.0, 0.1, 0.5, 0.9);
    long stream = d.between(0, 9);
    return OracleCase.call(
            d, "dropout(" + rate + ", " + d.seed() + ", " + stream + ")", Cases.real(d, shape))
        .ours(v -> v[0].dropout(rate, d.seed(), stream))
        .torch(
            t -> {
              Variable ones =
                  Variable.constant(TensorOps.full(Backends.get("reference"), DType.F64, shape, 1));
              double[] kept =
                  Torch.map(
                      ones.dropout(rate, d.seed(), stream).tensor().toDoubles(),
                      v -> v == 0 ? 0 : 1);
              return t[0].mul(Torch.constant(t[0], shape, kept)).div(new Scalar(1 - rate));
            })
        .within(Bound.elementwise());
  }
}
