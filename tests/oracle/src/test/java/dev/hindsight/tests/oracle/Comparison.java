package dev.hindsight.tests.oracle;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.DType;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Cases on one backend in one type, beside libtorch in that type and in F64, and how near to their
 * bounds they came.
 */
final class Comparison {
  private static final int NAMED = 5;

  private final Backend backend;
  private final DType dtype;
  private final Map<String, Integer> cases = new HashMap<>();

  /** The largest difference of each op from libtorch's F64, as a part of what was allowed. */
  private final Map<String, Double> worst = new HashMap<>();

  Comparison(Backend backend, DType dtype) {
    this.backend = backend;
    this.dtype = dtype;
  }

  /**
   * Computes a case on both sides.
   *
   * @throws AssertionError naming the first element that lies outside of its bound
   */
  void compare(OracleCase c) {
    ScalarType type = dtype == DType.F32 ? ScalarType.Float : ScalarType.Double;
    double u = dtype == DType.F32 ? 0x1p-24 : 0x1p-53;
    Pass ours = Pass.ours(c, backend, dtype);
    Pass theirs = Pass.torch(c, type);
    if (!ours.shape().equals(theirs.shape())) {
      throw new AssertionError(
          c.call()
              + ": our shape is "
              + ours.shape()
              + ", libtorch's "
              + theirs.shape()
              + "; "
              + c);
    }
    Pass exact = dtype == DType.F64 ? theirs : Pass.torch(c, ScalarType.Double);
    Pass allowed = c.bound().allowed(c, exact, u);
    String op = c.op();
    cases.merge(op, 1, Integer::sum);
    // In F64 libtorch may be as far from the truth as we; in F32 its F64 is the truth.
    compare(c, "", ours, exact, allowed, dtype == DType.F64 ? 2 : 1, 0);
    if (dtype == DType.F32) {
      compare(c, "in F32, ", ours, theirs, allowed, 2, c.looseness());
    }
  }

  private void compare(
      OracleCase c,
      String which,
      Pass ours,
      Pass theirs,
      Pass allowed,
      double times,
      double looseness) {
    compare(c, which + "value", ours.value(), theirs.value(), allowed.value(), times, looseness);
    for (int i = 0; i < ours.gradients().length; i++) {
      compare(
          c,
          which + "gradient of input " + i,
          ours.gradients()[i],
          theirs.gradients()[i],
          allowed.gradients()[i],
          times,
          looseness);
    }
  }

  private void compare(
      OracleCase c,
      String what,
      double[] ours,
      double[] theirs,
      double[] bounds,
      double times,
      double looseness) {
    // below the normal range roundings are absolute
    double tiny = looseness + (dtype == DType.F32 ? Float.MIN_NORMAL : Double.MIN_NORMAL);
    for (int i = 0; i < ours.length; i++) {
      double allowed = times * bounds[i] + tiny;
      // the same infinity, or NaN on both sides
      boolean same = ours[i] == theirs[i] || (Double.isNaN(ours[i]) && Double.isNaN(theirs[i]));
      double difference = same ? 0 : Math.abs(ours[i] - theirs[i]);
      if (!(difference <= allowed)) {
        throw new AssertionError(
            String.format(
                Locale.ROOT,
                "%s on %s %s: %s: element %d is %s, libtorch has %s: %.2e apart, %.2e allowed; %s",
                c.call(),
                backend.name(),
                dtype,
                what,
                i,
                ours[i],
                theirs[i],
                difference,
                allowed,
                c));
      }
      if (times == 1 || dtype == DType.F64) {
        worst.merge(c.op(), difference / allowed, Math::max);
      }
    }
  }

  /** How many there were, and the ops that came nearest to their bounds. */
  String summary() {
    String nearest =
        worst.entrySet().stream()
            .sorted(Map.Entry.comparingByValue(Comparator.reverseOrder()))
            .limit(NAMED)
            .map(e -> String.format(Locale.ROOT, "%s %.0f %%", e.getKey(), 100 * e.getValue()))
            .collect(Collectors.joining(", "));
    return String.format(
        Locale.ROOT,
        "%,d cases of %d ops agree with libtorch; nearest to their bounds: %s",
        cases.values().stream().mapToInt(n -> n).sum(),
        cases.size(),
        nearest);
  }
}
