package dev.hindsight.tests.gradients;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Workspace;
import dev.hindsight.gradcheck.GradientProperties;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpRegistry;
import dev.hindsight.gradcheck.OpSpec;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/**
 * Guards every gradient of every registered op. Each property draws an op and then a case of it: in
 * the mean 60 cases an op, 40 where a case is dear. A failure names the op and prints a case that
 * was shrunk within it.
 */
class OpGradientsTest {
  private static final int MANY = 3900;
  private static final int SOME = 2600;

  private static final Backend CPU = Backends.get("reference");
  private static final Backend VECTOR = Backends.get("vector");
  private static final Workspace WORKSPACE = new Workspace(CPU);

  private Workspace.Scope scope;

  @BeforeTry
  void openWorkspace() {
    scope = WORKSPACE.open();
  }

  @AfterTry
  void resetWorkspace() {
    scope.close();
  }

  @Property(tries = MANY)
  void gradientsAgreeWithDifferences(@ForAll("cases") OpCase c) {
    GradientProperties.firstOrder(c, CPU);
  }

  @Property(tries = MANY)
  void innerProductsAgreeWithAndWithoutAGraph(@ForAll("secondOrderCases") OpCase c) {
    GradientProperties.innerProduct(c, CPU);
  }

  @Property(tries = SOME)
  void secondGradientsAgreeWithDifferences(@ForAll("secondOrderCases") OpCase c) {
    GradientProperties.secondOrder(c, CPU);
  }

  @Property(tries = MANY)
  void fusedEqualsComposedF64(@ForAll("cases") OpCase c) {
    GradientProperties.fusedEqualsComposed(c, CPU, DType.F64);
  }

  @Property(tries = SOME)
  void fusedEqualsComposedF32(@ForAll("cases") OpCase c) {
    GradientProperties.fusedEqualsComposed(c, CPU, DType.F32);
  }

  /** The backend that people train on; F64 beside it is the reference's. */
  @Property(tries = SOME)
  void fusedEqualsComposedVector(@ForAll("cases") OpCase c) {
    GradientProperties.fusedEqualsComposed(c, VECTOR, DType.F32);
  }

  @Property(tries = SOME)
  void opsEqualTheirTwinsVector(@ForAll("cases") OpCase c) {
    GradientProperties.twinAgrees(c, VECTOR, DType.F32);
  }

  @Property(tries = SOME)
  void inputsHaveTheSameGradientsAlone(@ForAll("cases") OpCase c) {
    GradientProperties.everyInputAlone(c, CPU, DType.F32);
  }

  @Property(tries = MANY)
  void opsEqualTheirTwinsF64(@ForAll("cases") OpCase c) {
    GradientProperties.twinAgrees(c, CPU, DType.F64);
  }

  @Property(tries = SOME)
  void opsEqualTheirTwinsF32(@ForAll("cases") OpCase c) {
    GradientProperties.twinAgrees(c, CPU, DType.F32);
  }

  @Provide
  Arbitrary<OpCase> cases() {
    return casesOf(1);
  }

  @Provide
  Arbitrary<OpCase> secondOrderCases() {
    return casesOf(2);
  }

  /** The op itself does not shrink: another op that fails too would be another finding. */
  private static Arbitrary<OpCase> casesOf(int order) {
    List<OpSpec> specs = OpRegistry.all().stream().filter(spec -> spec.order() >= order).toList();
    return Arbitraries.of(specs).withoutEdgeCases().dontShrink().flatMap(OpSpec::cases);
  }
}
