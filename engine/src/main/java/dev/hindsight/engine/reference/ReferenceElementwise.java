package dev.hindsight.engine.reference;

import dev.hindsight.engine.AdamWStep;
import dev.hindsight.engine.BinaryOp;
import dev.hindsight.engine.HostStorage;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.UnaryOp;
import java.lang.foreign.MemorySegment;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;

/**
 * Elementwise kernels on host tensors with any strides. See {@link dev.hindsight.engine.Backend}.
 */
public final class ReferenceElementwise {
  private ReferenceElementwise() {}

  /** A function of three operands. */
  private interface DoubleTernaryOperator {
    double apply(double a, double b, double c);
  }

  private static void map(Tensor x, Tensor out, DoubleUnaryOperator f) {
    Elements from = Elements.of(x);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.elementwise(x, out); rows.next(); ) {
      for (long i = 0; i < rows.length(); i++) {
        to.set(rows.at(1, i), f.applyAsDouble(from.get(rows.at(0, i))));
      }
    }
  }

  private static void map(Tensor a, Tensor b, Tensor out, DoubleBinaryOperator f) {
    Elements as = Elements.of(a);
    Elements bs = Elements.of(b);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.elementwise(a, b, out); rows.next(); ) {
      for (long i = 0; i < rows.length(); i++) {
        to.set(rows.at(2, i), f.applyAsDouble(as.get(rows.at(0, i)), bs.get(rows.at(1, i))));
      }
    }
  }

  private static void map(Tensor a, Tensor b, Tensor c, Tensor out, DoubleTernaryOperator f) {
    Elements as = Elements.of(a);
    Elements bs = Elements.of(b);
    Elements cs = Elements.of(c);
    Elements to = Elements.of(out);
    for (Rows rows = Rows.elementwise(a, b, c, out); rows.next(); ) {
      for (long i = 0; i < rows.length(); i++) {
        double y = f.apply(as.get(rows.at(0, i)), bs.get(rows.at(1, i)), cs.get(rows.at(2, i)));
        to.set(rows.at(3, i), y);
      }
    }
  }

  /** {@code out = value} everywhere. */
  public static void fill(Tensor out, double value) {
    map(out, out, x -> value);
  }

  /** {@code out = x} with conversion; within one type the bits are kept, those of a NaN too. */
  public static void copy(Tensor x, Tensor out) {
    if (x.dtype() != out.dtype()) {
      map(x, out, v -> v);
      return;
    }
    MemorySegment from = HostStorage.segmentOf(x);
    MemorySegment to = HostStorage.segmentOf(out);
    int bytes = x.dtype().bytes();
    for (Rows rows = Rows.elementwise(x, out); rows.next(); ) {
      long length = rows.length();
      if (length == 0) {
        continue; // an empty row may begin behind the end of an empty storage
      }
      boolean dense =
          length == 1 || (rows.at(0, 1) == rows.at(0, 0) + 1 && rows.at(1, 1) == rows.at(1, 0) + 1);
      long pieces = dense ? 1 : length;
      long size = dense ? length * bytes : bytes;
      for (long i = 0; i < pieces; i++) {
        MemorySegment.copy(from, rows.at(0, i) * bytes, to, rows.at(1, i) * bytes, size);
      }
    }
  }

  /** {@code out = op(x)}. */
  public static void unary(UnaryOp op, Tensor x, Tensor out) {
    map(x, out, v -> ReferenceFunctions.value(op, v));
  }

  /** {@code dx = dy op'(x)}: from {@code x} alone, which is more exact than from a rounded y. */
  public static void unaryBackward(UnaryOp op, Tensor x, Tensor dy, Tensor dx) {
    map(x, dy, dx, (v, d) -> d * ReferenceFunctions.derivative(op, v));
  }

  /** {@code out = op(a, b)}. */
  public static void binary(BinaryOp op, Tensor a, Tensor b, Tensor out) {
    map(a, b, out, (x, y) -> ReferenceFunctions.value(op, x, y));
  }

  /** {@code out = x scale + shift}. */
  public static void affine(Tensor x, double scale, double shift, Tensor out) {
    map(x, out, v -> v * scale + shift);
  }

  /** {@code out = min(max(x, low), high)}; NaN stays NaN. */
  public static void clamp(Tensor x, double low, double high, Tensor out) {
    map(x, out, v -> Math.min(Math.max(v, low), high));
  }

  /** {@code out = condition != 0 ? a : b}; a condition that is NaN holds. */
  public static void where(Tensor condition, Tensor a, Tensor b, Tensor out) {
    map(condition, a, b, out, (c, x, y) -> c != 0 ? x : y);
  }

  /** {@code out += x scale}. */
  public static void addScaled(Tensor x, double scale, Tensor out) {
    map(x, out, out, (v, o) -> o + v * scale);
  }

  /** {@code out += rate (x - out)}. */
  public static void lerp(Tensor x, double rate, Tensor out) {
    map(x, out, out, (v, o) -> o + rate * (v - o));
  }

  /** {@code out = silu(gate) up}. */
  public static void swiglu(Tensor gate, Tensor up, Tensor out) {
    map(gate, up, out, (g, u) -> ReferenceFunctions.value(UnaryOp.SILU, g) * u);
  }

  /** {@code dGate = dy up silu'(gate)}, {@code dUp = dy silu(gate)}. */
  public static void swigluBackward(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp) {
    map(gate, up, dy, dGate, (g, u, d) -> d * u * ReferenceFunctions.derivative(UnaryOp.SILU, g));
    map(gate, dy, dUp, (g, d) -> d * ReferenceFunctions.value(UnaryOp.SILU, g));
  }

  /** One update of {@code parameter}, {@code m} and {@code v} in place; see {@link AdamWStep}. */
  public static void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
    double unbias1 = 1 - Math.pow(step.beta1(), step.step());
    double unbias2 = 1 - Math.pow(step.beta2(), step.step());
    Elements ps = Elements.of(parameter);
    Elements gs = Elements.of(gradient);
    Elements ms = Elements.of(m);
    Elements vs = Elements.of(v);
    for (Rows rows = Rows.elementwise(parameter, gradient, m, v); rows.next(); ) {
      for (long i = 0; i < rows.length(); i++) {
        double p = ps.get(rows.at(0, i));
        double g = gs.get(rows.at(1, i)) * step.gradientScale();
        double mean = step.beta1() * ms.get(rows.at(2, i)) + (1 - step.beta1()) * g;
        double square = step.beta2() * vs.get(rows.at(3, i)) + (1 - step.beta2()) * g * g;
        double move = (mean / unbias1) / (Math.sqrt(square / unbias2) + step.epsilon());
        ps.set(rows.at(0, i), p - step.learningRate() * (step.weightDecay() * p + move));
        ms.set(rows.at(2, i), mean);
        vs.set(rows.at(3, i), square);
      }
    }
  }
}
