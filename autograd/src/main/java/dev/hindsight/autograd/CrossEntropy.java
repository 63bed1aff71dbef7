package dev.hindsight.autograd;

import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.ReduceOp;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import org.jspecify.annotations.Nullable;

/**
 * {@code logsumexp(logits[n]) - logits[n, target[n]]}, 0 where the target is negative: {@code
 * logits [N, V]}, {@code targets [N]}.
 */
final class CrossEntropy extends Op {
  private final Saved logits;
  private final Saved targets;
  private final Saved lse;

  private CrossEntropy(Variable logits, Tensor targets, Tensor lse) {
    super(logits);
    this.logits = save(logits);
    this.targets = save(targets);
    this.lse = save(lse);
  }

  static Variable apply(Variable logits, Tensor targets) {
    LayerOps.CrossEntropy y = LayerOps.crossEntropy(logits.tensor(), targets);
    return records(logits)
        ? new CrossEntropy(logits, targets, y.lse()).output(y.loss())
        : Variable.result(y.loss());
  }

  @Override
  boolean givesNewTensors() {
    return true;
  }

  @Override
  protected @Nullable Variable[] backward(Variable dOut) {
    if (!Autograd.isRecording()) {
      return gradients(
          Variable.result(
              LayerOps.crossEntropyBackward(
                  logits.tensor(), targets.tensor(), lse.tensor(), dOut.tensor())));
    }
    Tensor oneHot = oneHot(logits.tensor(), targets.tensor());
    Variable counted = Variable.result(TensorOps.reduce(ReduceOp.SUM, oneHot, 1));
    Variable zero = Variable.result(Masks.scalar(logits.tensor(), 0));
    // ignored rows may be NaN
    Variable x = Variable.where(counted.tensor(), logits.variable(), zero);
    Variable difference = x.softmax().sub(Variable.result(oneHot));
    return gradients(difference.mul(dOut.unsqueeze(1).mul(counted)));
  }

  /** Rows of the identity, and rows of zeros where the target is negative. */
  private static Tensor oneHot(Tensor logits, Tensor targets) {
    int[] classes = targets.toInts();
    int vocabulary = logits.dim(1);
    double[] ones = new double[Math.toIntExact(logits.size())];
    for (int n = 0; n < classes.length; n++) {
      if (classes[n] >= 0) {
        ones[n * vocabulary + classes[n]] = 1;
      }
    }
    return Masks.tensor(logits, logits.shape(), ones);
  }
}
