package dev.hindsight.engine.vector;

import static dev.hindsight.engine.vector.Cases.REFERENCE;
import static dev.hindsight.engine.vector.Cases.VECTOR;
import static dev.hindsight.engine.vector.Cases.assertSameBits;
import static dev.hindsight.engine.vector.Cases.assertWithinUlps;
import static dev.hindsight.engine.vector.Cases.random;
import static dev.hindsight.engine.vector.Cases.spread;
import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.LayerOps;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Threads;
import dev.hindsight.engine.UnaryOp;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Pins the elementwise kernels to the reference: exactly where one operation is rounded once,
 * within the bound that {@link VectorMath} states elsewhere; and guards that an element does not
 * depend on where it stands.
 */
class ElementwiseTest {
  /** Kinks, limits and signs; the reference decides what comes out. */
  private static final float[] SPECIAL = {
    0f,
    -0f,
    1f,
    -1f,
    Float.POSITIVE_INFINITY,
    Float.NEGATIVE_INFINITY,
    Float.NaN,
    0.5f,
    -0.5f,
    30f,
    -30f,
    88f,
    -80f,
    1e-20f,
    -1e-20f,
    1e-3f,
    -1e-3f,
    100f,
    -12f
  };

  /** Bounds of {@link VectorMath}, in ulps. */
  private static double ulps(UnaryOp op) {
    return switch (op) {
      case NEG, ABS, SIGN, SQUARE, SQRT, RECIPROCAL, RELU -> 0;
      case EXP, LOG -> 1;
      case RSQRT, TANH, ERF, LOG1P, EXPM1, SIN, COS -> 2;
      case SIGMOID, SOFTPLUS, SILU -> 3;
      case GELU -> 4;
      // roundings of the argument u, up to 10 where the result is above the floor, times |u|
      case GELU_TANH -> 24;
    };
  }

  private static double backwardUlps(UnaryOp op) {
    return switch (op) {
      case RELU, NEG, ABS, SIGN -> 0;
      default -> 8;
    };
  }

  private static Tensor arguments(Backend backend, boolean positive) {
    float[] values = spread(backend, 7, 12, 3, 331).toFloats();
    for (int i = 0; i < values.length; i++) {
      values[i] = positive ? Math.abs(values[i]) + 1e-3f : values[i];
    }
    System.arraycopy(SPECIAL, 0, values, 100, SPECIAL.length);
    return Tensor.of(backend, Shape.of(3, 331), values);
  }

  @ParameterizedTest
  @EnumSource
  void unary(UnaryOp op) {
    boolean positive = op == UnaryOp.LOG || op == UnaryOp.SQRT || op == UnaryOp.RSQRT;
    assertWithinUlps(
        op.name(),
        TensorOps.unary(op, arguments(VECTOR, positive)),
        TensorOps.unary(op, arguments(REFERENCE, positive)),
        ulps(op),
        switch (op) {
          case GELU -> 0.125; // 2^-24, absolute, where the result is small
          case GELU_TANH -> 2e-4;
          default -> Float.MIN_NORMAL * 64;
        });
  }

  @ParameterizedTest
  @EnumSource
  void unaryBackward(UnaryOp op) {
    boolean positive = op == UnaryOp.LOG || op == UnaryOp.SQRT || op == UnaryOp.RSQRT;
    Function<Backend, Tensor> run =
        backend -> {
          Tensor x =
              positive ? arguments(backend, true).slice(0, 2, 3) : spread(backend, 5, 9, 1, 331);
          Tensor y = TensorOps.unary(op, x);
          return TensorOps.unaryBackward(op, x, y, random(backend, 3, 1, 331));
        };
    // where a derivative passes through zero, its two terms are of size 1
    assertWithinUlps(op.name(), run.apply(VECTOR), run.apply(REFERENCE), backwardUlps(op), 0.5);
  }

  @ParameterizedTest
  @EnumSource
  void binaryWithEveryBroadcast(BinaryOp op) {
    int[][] shapes = {{3, 5, 50}, {50}, {5, 1}, {3, 1, 50}, {1}, {3, 5, 1}};
    for (int[] left : shapes) {
      for (int[] right : shapes) {
        Function<Backend, Tensor> run =
            backend -> TensorOps.binary(op, random(backend, 1, left), random(backend, 2, right));
        assertSameBits(op.name(), run.apply(VECTOR), run.apply(REFERENCE));
      }
    }
  }

  @Test
  void comparisonsAndExtremesOfSpecialValues() {
    for (BinaryOp op : BinaryOp.values()) {
      Function<Backend, Tensor> run =
          backend -> {
            Tensor row = Tensor.of(backend, Shape.of(SPECIAL.length), SPECIAL);
            return TensorOps.binary(op, row, row.unsqueeze(1));
          };
      assertSameBits(op.name(), run.apply(VECTOR), run.apply(REFERENCE));
    }
  }

  @Test
  void stridedOperands() {
    Function<Backend, Tensor> run =
        backend -> {
          Tensor a = random(backend, 1, 40, 7, 30).permute(2, 1, 0);
          Tensor b = random(backend, 2, 30, 9, 50).slice(1, 1, 8).slice(2, 5, 45);
          return TensorOps.where(TensorOps.sub(a, b).slice(1, 0, 1), TensorOps.mul(b, a), a);
        };
    assertSameBits("strides", run.apply(VECTOR), run.apply(REFERENCE));
    Function<Backend, Tensor> gathered =
        backend ->
            TensorOps.add(random(backend, 1, 2500, 3).transpose(0, 1), random(backend, 2, 3, 2500));
    assertSameBits("long rows with gaps", gathered.apply(VECTOR), gathered.apply(REFERENCE));
  }

  @Test
  void scalarArguments() {
    for (int n : new int[] {1, 15, 16, 17, 100_003}) {
      assertWithinUlps(
          "affine",
          TensorOps.affine(random(VECTOR, 1, n), 0.5, -2),
          TensorOps.affine(random(REFERENCE, 1, n), 0.5, -2),
          0,
          0);
      assertSameBits(
          "clamp",
          TensorOps.clamp(random(VECTOR, 1, n), -0.5, 0.25),
          TensorOps.clamp(random(REFERENCE, 1, n), -0.5, 0.25));
    }
  }

  @Test
  void updatesInPlace() {
    Function<Backend, Tensor> run =
        backend -> {
          Tensor out = random(backend, 1, 30, 50);
          TensorOps.addScaled(random(backend, 2, 50, 30).transpose(0, 1), -0.25, out);
          TensorOps.lerp(random(backend, 3, 30, 50), 0.125, out);
          return out;
        };
    // two more roundings than the reference, of terms below 2
    assertWithinUlps("in place", run.apply(VECTOR), run.apply(REFERENCE), 2, 1);
  }

  @Test
  void swigluForwardAndBackward() {
    for (int width : new int[] {5, 16, 128}) {
      Function<Backend, Tensor[]> run =
          backend -> {
            Tensor both = spread(backend, 1, 6, 37, 2 * width);
            Tensor gate = both.slice(1, 0, width);
            Tensor up = both.slice(1, width, 2 * width);
            LayerOps.Pair d = LayerOps.swigluBackward(gate, up, random(backend, 2, 37, width));
            return new Tensor[] {LayerOps.swiglu(gate, up), d.first(), d.second()};
          };
      Tensor[] actual = run.apply(VECTOR);
      Tensor[] expected = run.apply(REFERENCE);
      for (int i = 0; i < 3; i++) {
        assertWithinUlps("swiglu " + i, actual[i], expected[i], 6, 0.5);
      }
    }
  }

  @Test
  void adamWFollowsTheReference() {
    Function<Backend, Tensor[]> run =
        backend -> {
          Tensor p = random(backend, 1, 9001);
          Tensor m = TensorOps.zeros(backend, p.dtype(), p.shape());
          Tensor v = TensorOps.zeros(backend, p.dtype(), p.shape());
          for (int t = 1; t <= 5; t++) {
            Tensor g = random(backend, 10 + t, 9001);
            TensorOps.adamW(p, g, m, v, new AdamWStep(1e-2, 0.9, 0.99, 1e-8, 0.05, t, 0.5));
          }
          return new Tensor[] {p, m, v};
        };
    Tensor[] actual = run.apply(VECTOR);
    Tensor[] expected = run.apply(REFERENCE);
    for (int i = 0; i < 3; i++) {
      // five steps, each with a few roundings of numbers below 1
      assertWithinUlps("adamW " + i, actual[i], expected[i], 16, i == 0 ? 1 : 0.1);
    }
  }

  @Test
  void anElementDoesNotDependOnItsPlace() {
    float[] values = spread(VECTOR, 1, 20, 100).toFloats();
    for (UnaryOp op : UnaryOp.values()) {
      Tensor all = TensorOps.unary(op, Tensor.of(VECTOR, Shape.of(100), values));
      for (int from : new int[] {1, 7, 85, 99}) {
        Tensor part =
            TensorOps.unary(op, Tensor.of(VECTOR, Shape.of(100), values).slice(0, from, 100));
        assertSameBits(op + " from " + from, part, all.slice(0, from, 100));
      }
    }
  }

  @Test
  void bitsDoNotDependOnThreads() {
    int former = Threads.count();
    try {
      Tensor x = spread(VECTOR, 1, 3, 333, 301);
      Threads.set(1);
      Tensor one = TensorOps.add(TensorOps.unary(UnaryOp.TANH, x), x.slice(1, 0, 1));
      Threads.set(4);
      assertSameBits(
          "threads", TensorOps.add(TensorOps.unary(UnaryOp.TANH, x), x.slice(1, 0, 1)), one);
    } finally {
      Threads.set(former);
    }
  }

  @Test
  void nothingIsAFineNumberOfElements() {
    Tensor none = TensorOps.zeros(VECTOR, dev.hindsight.engine.DType.F32, Shape.of(3, 0));
    assertThat(TensorOps.add(none, none).size()).isZero();
    assertThat(TensorOps.add(none, random(VECTOR, 1, 3, 1)).size()).isZero();
  }
}
