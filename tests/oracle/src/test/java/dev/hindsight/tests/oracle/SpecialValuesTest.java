package dev.hindsight.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

/**
 * NaN, infinities, zeros of both signs, numbers below the normal range and at the edge of overflow,
 * in every elementwise function and in every pair: values with the signs of zeros, and gradients.
 * Where libtorch and we differ, {@link SpecialValues#DIFFERENCES} says so.
 */
class SpecialValuesTest {

  @Test
  void referenceF64() {
    compare(Backends.get("reference"), DType.F64);
  }

  @Test
  void referenceF32() {
    compare(Backends.get("reference"), DType.F32);
  }

  @Test
  void vectorF32() {
    compare(Backends.get("vector"), DType.F32);
  }

  private static void compare(Backend backend, DType dtype) {
    List<String> unexpected = new ArrayList<>();
    Set<String> met = new TreeSet<>();
    for (OracleCase c : SpecialValues.cases(dtype)) {
      try (PointerScope _ = new PointerScope()) {
        compare(c, backend, dtype, unexpected, met);
      }
    }
    assertThat(unexpected)
        .as("differences from libtorch on %s %s", backend.name(), dtype)
        .isEmpty();
    Set<String> never = new TreeSet<>();
    for (SpecialValues.Difference known : SpecialValues.DIFFERENCES) {
      if (known.isOn(backend.name(), dtype) && !met.contains(known.toString())) {
        never.add(known.toString());
      }
    }
    assertThat(never).as("differences that are listed, but not there").isEmpty();
  }

  private static void compare(
      OracleCase c, Backend backend, DType dtype, List<String> unexpected, Set<String> met) {
    Pass ours = Pass.ours(c, backend, dtype);
    Pass theirs = Pass.torch(c, dtype == DType.F32 ? ScalarType.Float : ScalarType.Double);
    Pass exact = dtype == DType.F64 ? theirs : Pass.torch(c, ScalarType.Double);
    Pass allowed = c.bound().allowed(c, exact, dtype == DType.F32 ? 0x1p-24 : 0x1p-53);
    double tiny = dtype == DType.F32 ? Float.MIN_NORMAL : Double.MIN_NORMAL;
    int inputs = c.inputs().size();
    double[] w = Pass.cotangents(c, ours.value().length);
    for (int i = 0; i < ours.value().length; i++) {
      double[] x = new double[inputs];
      double largest = 1;
      for (int k = 0; k < inputs; k++) {
        x[k] = c.inputs().get(k).values()[i];
        largest = Double.isFinite(x[k]) ? Math.max(largest, Math.abs(x[k])) : largest;
      }
      for (int k = -1; k < inputs; k++) {
        double a = k < 0 ? ours.value()[i] : ours.gradients()[k][i];
        double b = k < 0 ? theirs.value()[i] : theirs.gradients()[k][i];
        double bound = k < 0 ? allowed.value()[i] : allowed.gradients()[k][i];
        // a product with something below the normal range
        double slack = tiny * largest + c.looseness();
        if (!agree(a, b, 2 * bound + slack, k < 0)) {
          String what = k < 0 ? "value" : "gradient " + k;
          double slope = k < 0 ? a : a / w[i];
          SpecialValues.Difference known =
              SpecialValues.find(c.call(), what, backend.name(), dtype, x);
          if (known == null || !known.isOurs(slope)) {
            unexpected.add(
                c.call() + " " + what + " at " + Arrays.toString(x) + ": " + a + ", libtorch " + b);
          } else {
            met.add(known.toString());
          }
        }
      }
    }
  }

  private static boolean agree(double a, double b, double allowed, boolean signOfZero) {
    if (Double.isNaN(a) || Double.isNaN(b)) {
      return Double.isNaN(a) && Double.isNaN(b);
    }
    if (a == 0 && b == 0) {
      return !signOfZero || Double.compare(a, b) == 0;
    }
    return a == b || Math.abs(a - b) <= allowed;
  }
}
