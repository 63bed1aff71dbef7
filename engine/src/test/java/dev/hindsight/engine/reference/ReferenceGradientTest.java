package dev.hindsight.engine.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Philox;
import dev.hindsight.engine.SequenceLayout;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.UnaryOp;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Guards that each backward kernel of the truth is the derivative of its forward kernel: for random
 * directions v and weights w, {@code <w, f(x + hv) - f(x - hv)> / 2h = <J^T w, v>}.
 *
 * <p>With h = 1e-5 the quotient is off by some h^2 = 1e-10 times third derivatives of the order of
 * one to a hundred, and by 1e-16 / h = 1e-11 for rounding: 1e-7 of the terms' size is ample, and a
 * wrong term is off by its own size.
 */
class ReferenceGradientTest {
  private static final double H = 1e-5;
  private static final double TOLERANCE = 1e-7;

  private final Backend backend = Backends.get("reference");
  private final Philox random = new Philox(42, 0);

  private Tensor random(int... dims) {
    return random(Shape.of(dims));
  }

  private Tensor random(Shape shape) {
    double[] values = new double[Math.toIntExact(shape.size())];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextGaussian();
    }
    return Tensor.of(backend, shape, values);
  }

  private Tensor empty(Tensor like) {
    return TensorOps.empty(backend, DType.F64, like.shape());
  }

  private static double dot(Tensor a, Tensor b) {
    double[] x = a.toDoubles();
    double[] y = b.toDoubles();
    double sum = 0;
    for (int i = 0; i < x.length; i++) {
      sum += x[i] * y[i];
    }
    return sum;
  }

  private static Tensor moved(Tensor x, Tensor direction, double by) {
    Tensor y = TensorOps.copyOf(x);
    TensorOps.addScaled(direction, by, y);
    return y;
  }

  /** {@code gradient} is what the backward kernel made of {@code w}, the gradient of the output. */
  private void check(String label, UnaryOperator<Tensor> f, Tensor x, Tensor w, Tensor gradient) {
    for (int repeat = 0; repeat < 3; repeat++) {
      Tensor v = random(x.shape());
      double ahead = dot(w, f.apply(moved(x, v, H)));
      double behind = dot(w, f.apply(moved(x, v, -H)));
      double size = 1 + Math.sqrt(dot(w, w) * dot(v, v));
      assertThat(dot(gradient, v))
          .as(label)
          .isCloseTo((ahead - behind) / (2 * H), within(TOLERANCE * size));
    }
  }

  @ParameterizedTest
  @EnumSource(UnaryOp.class)
  void unary(UnaryOp op) {
    Tensor x = random(4, 5);
    switch (op) {
      case SQRT, RSQRT, LOG, RECIPROCAL ->
          x = TensorOps.affine(TensorOps.unary(UnaryOp.ABS, x), 1, 0.5);
      case LOG1P -> x = TensorOps.unary(UnaryOp.ABS, x);
      default -> {} // no element within H of a kink, for this seed
    }
    Tensor w = random(4, 5);
    Tensor y = TensorOps.unary(op, x);
    check(op.name(), t -> TensorOps.unary(op, t), x, w, TensorOps.unaryBackward(op, x, y, w));
  }

  @Test
  void softmaxAndLogSoftmax() {
    Tensor x = random(3, 7);
    Tensor w = random(3, 7);
    check("softmax", LayerOps::softmax, x, w, LayerOps.softmaxBackward(LayerOps.softmax(x), w));
    check(
        "logSoftmax",
        LayerOps::logSoftmax,
        x,
        w,
        LayerOps.logSoftmaxBackward(LayerOps.logSoftmax(x), w));
  }

  @Test
  void crossEntropy() {
    Tensor x = random(3, 7);
    Tensor targets = Tensor.of(backend, Shape.of(3), 2, -1, 6);
    Tensor w = random(3);
    Tensor lse = LayerOps.crossEntropy(x, targets).lse();
    check(
        "crossEntropy",
        t -> LayerOps.crossEntropy(t, targets).loss(),
        x,
        w,
        LayerOps.crossEntropyBackward(x, targets, lse, w));
  }

  @Test
  void rmsNorm() {
    Tensor x = random(3, 7);
    Tensor weight = random(7);
    Tensor w = random(3, 7);
    Tensor dx = empty(x);
    Tensor dWeight = empty(weight);
    Tensor rstd = LayerOps.rmsNorm(x, weight, 0.1).rstd();
    LayerOps.rmsNormBackward(x, weight, rstd, w, dx, dWeight);
    check("x", t -> LayerOps.rmsNorm(t, weight, 0.1).out(), x, w, dx);
    check("weight", t -> LayerOps.rmsNorm(x, t, 0.1).out(), weight, w, dWeight);
  }

  @Test
  void layerNorm() {
    Tensor x = random(3, 7);
    Tensor weight = random(7);
    Tensor bias = random(7);
    Tensor w = random(3, 7);
    Tensor dx = empty(x);
    Tensor dWeight = empty(weight);
    Tensor dBias = empty(bias);
    LayerOps.LayerNorm y = LayerOps.layerNorm(x, weight, bias, 0.1);
    LayerOps.layerNormBackward(x, weight, y, w, dx, dWeight, dBias);
    check("x", t -> LayerOps.layerNorm(t, weight, bias, 0.1).out(), x, w, dx);
    check("weight", t -> LayerOps.layerNorm(x, t, bias, 0.1).out(), weight, w, dWeight);
    check("bias", t -> LayerOps.layerNorm(x, weight, t, 0.1).out(), bias, w, dBias);
  }

  @Test
  void rope() {
    Tensor x = random(3, 2, 6);
    Tensor positions = Tensor.of(backend, Shape.of(3), 0, 5, 1000);
    Tensor w = random(3, 2, 6);
    check(
        "rope",
        t -> LayerOps.rope(t, positions, 1e4, false),
        x,
        w,
        LayerOps.rope(w, positions, 1e4, true));
  }

  @Test
  void swiglu() {
    Tensor gate = random(4, 5);
    Tensor up = random(4, 5);
    Tensor w = random(4, 5);
    LayerOps.Pair d = LayerOps.swigluBackward(gate, up, w);
    check("gate", t -> LayerOps.swiglu(t, up), gate, w, d.first());
    check("up", t -> LayerOps.swiglu(gate, t), up, w, d.second());
  }

  @Test
  void attention() {
    SequenceLayout cached =
        new SequenceLayout(
            new int[] {0, 4}, new int[] {3, 2}, new int[] {5, 0}, new int[] {6, 4}, true);
    for (SequenceLayout layout : new SequenceLayout[] {SequenceLayout.packed(4, 2, 5), cached}) {
      Tensor q = random(11, 4, 3);
      Tensor k = random(11, 2, 3);
      Tensor v = random(11, 2, 3);
      Tensor w = random(11, 4, 3);
      LayerOps.Attention y = LayerOps.attention(q, k, v, layout, 0.7);
      Tensor[] d = LayerOps.attentionBackward(q, k, v, layout, 0.7, y, w);
      check("q", t -> LayerOps.attention(t, k, v, layout, 0.7).out(), q, w, d[0]);
      check("k", t -> LayerOps.attention(q, t, v, layout, 0.7).out(), k, w, d[1]);
      check("v", t -> LayerOps.attention(q, k, t, layout, 0.7).out(), v, w, d[2]);
    }
  }
}
