package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.Shape;
import java.util.Arrays;
import java.util.List;

/** Softmax, losses of distributions, and dropout. */
final class LossSpecs {
  private static final Domain REAL = Domain.REAL;

  private LossSpecs() {}

  static List<OpSpec> all() {
    return List.of(
        OpSpec.of("softmax", REAL.toString(), d -> softmax(d, false)),
        OpSpec.of("logSoftmax", REAL.toString(), d -> softmax(d, true)),
        OpSpec.of("crossEntropy", REAL + ", some rows ignored", LossSpecs::crossEntropy),
        OpSpec.of("klDivergence", REAL.toString(), LossSpecs::klDivergence),
        OpSpec.of("jsDivergence", REAL.toString(), LossSpecs::jsDivergence),
        OpSpec.of("dropout", REAL.toString(), LossSpecs::dropout));
  }

  private static OpSpec.Inputs softmax(Draw d, boolean log) {
    Shape lead = d.shape(0, 3, true);
    String name = log ? "logSoftmax" : "softmax";
    if (d.oneIn(3)) {
      int axis = d.between(0, lead.rank());
      int given = d.oneIn(2) ? axis : axis - lead.rank() - 1;
      return OpSpec.call(name + "(" + given + ")", d.tensor(lead.insert(axis, d.extent()), REAL))
          .is(v -> log ? v[0].logSoftmax(given) : v[0].softmax(given))
          .sameAs(v -> normalised(v[0], given, log));
    }
    return OpSpec.call(name, d.tensor(lead.insert(lead.rank(), d.extent()), REAL))
        .is(v -> log ? v[0].logSoftmax() : v[0].softmax())
        .sameAs(v -> normalised(v[0], -1, log));
  }

  private static Variable normalised(Variable x, int axis, boolean log) {
    Variable y = x.sub(x.logSumExp(axis));
    return log ? y : y.exp();
  }

  private static OpSpec.Inputs crossEntropy(Draw d) {
    int rows = d.extentOrZero();
    int classes = d.extent();
    int[] targets = d.indices(rows, classes);
    for (int n = 0; n < rows; n++) {
      targets[n] = d.oneIn(4) ? -1 - d.between(0, 99) : targets[n];
    }
    boolean options = d.oneIn(2);
    int ignored = options ? d.between(-1, classes - 1) : -1;
    double smoothing = options ? d.pick(0.0, 0.125, 1.0) : 0;
    int[] counted = targets.clone();
    double[] weights = new double[rows];
    for (int n = 0; n < rows; n++) {
      counted[n] = counted[n] == ignored ? -1 : counted[n];
      weights[n] = counted[n] < 0 ? 0 : 1;
    }
    return OpSpec.call(
            "crossEntropy("
                + Arrays.toString(targets)
                + (options ? ", ignored " + ignored + ", smoothing " + smoothing + ")" : ")"),
            d.tensor(Shape.of(rows, classes), REAL))
        .is(
            v -> {
              var ids = Constants.indices(v[0], Shape.of(rows), targets);
              return options ? v[0].crossEntropy(ids, ignored, smoothing) : v[0].crossEntropy(ids);
            })
        .sameAs(
            v -> {
              Variable logs = v[0].sub(v[0].logSumExp(-1));
              Variable label =
                  Constants.oneHot(v[0], counted, classes)
                      .times(1 - smoothing)
                      .add(
                          Constants.of(v[0], Shape.of(rows, 1), weights)
                              .times(smoothing / classes));
              return logs.mul(label).sum(-1).squeeze(-1).neg();
            });
  }

  private static OpSpec.Inputs klDivergence(Draw d) {
    Shape shape = d.shape(1, 3, true);
    return OpSpec.call("klDivergence", d.tensor(shape, REAL), d.tensor(shape, REAL))
        .is(v -> v[0].klDivergence(v[1]))
        .sameAs(
            v -> {
              Variable p = v[0].exp();
              return p.mul(v[0]).sum(-1).sub(p.mul(v[1]).sum(-1)).squeeze(-1);
            });
  }

  private static OpSpec.Inputs jsDivergence(Draw d) {
    Shape shape = d.shape(1, 3, true);
    double alpha = d.pick(0.125, 0.5, 0.75);
    return OpSpec.call("jsDivergence(" + alpha + ")", d.tensor(shape, REAL), d.tensor(shape, REAL))
        .is(v -> v[0].jsDivergence(v[1], alpha))
        .sameAs(
            v -> {
              Variable p = v[0].exp();
              Variable q = v[1].exp();
              Variable logM = p.times(1 - alpha).add(q.times(alpha)).log();
              Variable first = p.mul(v[0].sub(logM)).times(1 - alpha);
              return first.add(q.mul(v[1].sub(logM)).times(alpha)).sum(-1).squeeze(-1);
            });
  }

  private static OpSpec.Inputs dropout(Draw d) {
    Shape shape = d.shape();
    double rate = d.pick(0.0, 0.25, 0.5);
    long stream = d.between(0, 9);
    return OpSpec.call(
            "dropout(" + rate + ", " + d.seed() + ", " + stream + ")", d.tensor(shape, REAL))
        .is(v -> v[0].dropout(rate, d.seed(), stream))
        .sameAs(
            v -> {
              Philox random = new Philox(d.seed(), stream);
              double[] kept = new double[Math.toIntExact(shape.size())];
              for (int i = 0; i < kept.length; i++) {
                kept[i] = random.nextFloat() >= rate ? 1 : 0;
              }
              return v[0].div(Constants.scalar(v[0], 1 - rate))
                  .mul(Constants.of(v[0], shape, kept));
            });
  }
}
