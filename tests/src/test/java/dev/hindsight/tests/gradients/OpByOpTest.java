package dev.hindsight.tests.gradients;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Workspace;
import dev.hindsight.gradcheck.GradientProperties;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpRegistry;
import dev.hindsight.gradcheck.OpSpec;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guards the same as {@link OpGradientsTest} and {@link OpMemoryTest}, with one test an op and the
 * same number of cases for each: none goes short by chance, a failure bears the op's name, and the
 * mutation check runs the tests of the op whose code it changed. It does not shrink; the other two
 * do.
 */
class OpByOpTest {
  /** All 50 pass a mistake that shows in one case of five once in 70,000 times. */
  private static final int CASES =
      Math.ceilDiv(50 * Integer.getInteger("hindsight.test.cases", 200), 200);

  private static final Backend CPU = Backends.get("reference");
  private static final Backend VECTOR = Backends.get("vector");
  private static final Workspace WORKSPACE = new Workspace(CPU);

  static Stream<String> ops() {
    return OpRegistry.all().stream().map(OpSpec::name);
  }

  @ParameterizedTest
  @MethodSource("ops")
  void agreesWithDifferences(String op) {
    eachCase(
        op,
        c -> {
          GradientProperties.firstOrder(c, CPU);
          if (c.spec().order() > 1) {
            GradientProperties.innerProduct(c, CPU);
            GradientProperties.secondOrder(c, CPU);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("ops")
  void agreesWithItselfAndItsTwin(String op) {
    eachCase(
        op,
        c -> {
          for (DType dtype : new DType[] {DType.F64, DType.F32}) {
            GradientProperties.fusedEqualsComposed(c, CPU, dtype);
            GradientProperties.everyInputAlone(c, CPU, dtype);
            GradientProperties.linearInCotangent(c, CPU, dtype);
            GradientProperties.twinAgrees(c, CPU, dtype);
          }
          GradientProperties.fusedEqualsComposed(c, VECTOR, DType.F32);
          GradientProperties.twinAgrees(c, VECTOR, DType.F32);
        });
  }

  @ParameterizedTest
  @MethodSource("ops")
  void readsItsMemoryBeforeItGoesBack(String op) {
    cases(op).limit(CASES / 2).forEach(c -> OpMemoryTest.compare(c, CPU, DType.F64));
  }

  private static void eachCase(String op, Consumer<OpCase> check) {
    cases(op)
        .forEach(
            c -> {
              try (Workspace.Scope _ = WORKSPACE.open()) {
                check.accept(c);
              }
            });
  }

  private static Stream<OpCase> cases(String op) {
    OpSpec spec = OpRegistry.get(op);
    long first = (long) CASES * Long.getLong("hindsight.test.seed", 0L);
    return Stream.iterate(first, seed -> seed + 1).limit(CASES).map(spec::sample);
  }
}
