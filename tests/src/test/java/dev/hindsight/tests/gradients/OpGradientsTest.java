package dev.hindsight.tests.gradients;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Workspace;
import dev.hindsight.gradcheck.EachOp;
import dev.hindsight.gradcheck.GradientProperties;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpRegistry;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;

/**
 * Guards every gradient of every registered op: each property draws cases of all ops in turn,
 * {@link EachOp#cases} of each. A failure names the op and prints a case that was shrunk within it.
 */
class OpGradientsTest {
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

  @Property
  @EachOp
  void gradientsAgreeWithDifferences(@ForAll("cases") OpCase c) {
    GradientProperties.firstOrder(c, CPU);
  }

  @Property
  @EachOp(order = 2)
  void innerProductsAgreeWithAndWithoutAGraph(@ForAll("secondOrderCases") OpCase c) {
    GradientProperties.innerProduct(c, CPU);
  }

  @Property
  @EachOp(order = 2)
  void secondGradientsAgreeWithDifferences(@ForAll("secondOrderCases") OpCase c) {
    GradientProperties.secondOrder(c, CPU);
  }

  @Property
  @EachOp
  void fusedEqualsComposedF64(@ForAll("cases") OpCase c) {
    GradientProperties.fusedEqualsComposed(c, CPU, DType.F64);
  }

  @Property
  @EachOp
  void fusedEqualsComposedF32(@ForAll("cases") OpCase c) {
    GradientProperties.fusedEqualsComposed(c, CPU, DType.F32);
  }

  /** The backend that people train on; F64 beside it is the reference's. */
  @Property
  @EachOp
  void fusedEqualsComposedVector(@ForAll("cases") OpCase c) {
    GradientProperties.fusedEqualsComposed(c, VECTOR, DType.F32);
  }

  @Property
  @EachOp
  void opsEqualTheirTwinsVector(@ForAll("cases") OpCase c) {
    GradientProperties.twinAgrees(c, VECTOR, DType.F32);
  }

  @Property
  @EachOp
  void inputsHaveTheSameGradientsAlone(@ForAll("cases") OpCase c) {
    GradientProperties.everyInputAlone(c, CPU, DType.F32);
  }

  @Property
  @EachOp
  void gradientsAreLinearInTheCotangent(@ForAll("cases") OpCase c) {
    GradientProperties.linearInCotangent(c, CPU, DType.F64);
  }

  @Property
  @EachOp
  void opsEqualTheirTwinsF64(@ForAll("cases") OpCase c) {
    GradientProperties.twinAgrees(c, CPU, DType.F64);
  }

  @Property
  @EachOp
  void opsEqualTheirTwinsF32(@ForAll("cases") OpCase c) {
    GradientProperties.twinAgrees(c, CPU, DType.F32);
  }

  @Provide
  Arbitrary<OpCase> cases() {
    return OpRegistry.inTurn(0);
  }

  @Provide
  Arbitrary<OpCase> secondOrderCases() {
    return OpRegistry.inTurn(2);
  }
}
