package dev.hindsight.tests.gradients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.GradientProperties;
import dev.hindsight.gradcheck.Layout;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpRegistry;
import dev.hindsight.gradcheck.OpSpec;
import dev.hindsight.gradcheck.TensorSample;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** Guards the symmetries that an op must have whatever its formula is. */
class SymmetryTest {
  private static final Backend CPU = Backends.get("reference");
  private static final Backend VECTOR = Backends.get("vector");

  /** Ops whose value does not change when a number is added to the first input. */
  private static final List<String> SHIFT_INVARIANT =
      List.of("softmax", "logSoftmax", "crossEntropy", "layerNorm", "var", "std", "argmax");

  /** Ops of rows, and which inputs have the rows on axis 0. */
  private static final Map<String, int[]> OF_ROWS =
      Map.of(
          "gelu", new int[] {0},
          "topK", new int[] {0},
          "sort", new int[] {0},
          "rmsNorm", new int[] {0},
          "layerNorm", new int[] {0},
          "swiglu", new int[] {0, 1},
          "klDivergence", new int[] {0, 1},
          "jsDivergence", new int[] {0, 1});

  @Property(tries = 1400)
  void aShiftOfTheLogitsChangesNothing(@ForAll("shiftInvariant") OpCase c) {
    GradientProperties.shiftInvariant(c, CPU, DType.F64);
    GradientProperties.shiftInvariant(c, VECTOR, DType.F32);
  }

  @Property(tries = 1600)
  void rowsDoNotLookAtEachOther(@ForAll("ofRows") OpCase c) {
    int[] inputs = OF_ROWS.get(c.spec().name());
    TensorSample first = c.inputs().getFirst();
    boolean onlyRow = first.shape().rank() < 2; // softmax of a vector: axis 0 is no batch
    if (!onlyRow) {
      GradientProperties.batchPermutable(c, CPU, DType.F64, inputs);
      GradientProperties.batchPermutable(c, VECTOR, DType.F32, inputs);
    }
  }

  /** The properties themselves can fail. */
  @Example
  void anOpWithoutTheSymmetryIsFound() {
    TensorSample x = new TensorSample(Shape.of(6), Layout.CONTIGUOUS, 0.25, -1, 2, 0.5, 1, -0.75);
    OpCase tanh = new OpCase(OpRegistry.get("tanh"), "tanh", List.of(x), v -> v[0].tanh(), null, 1);
    assertThatThrownBy(() -> GradientProperties.shiftInvariant(tanh, CPU, DType.F64))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("tanh: shifted by");
    OpCase sums =
        new OpCase(OpRegistry.get("cumsum"), "cumsum(0)", List.of(x), v -> v[0].cumsum(0), null, 1);
    assertThatThrownBy(() -> GradientProperties.batchPermutable(sums, CPU, DType.F64, 0))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("batch in the order");
  }

  @Example
  void everyNamedOpIsThere() {
    assertThat(SHIFT_INVARIANT).allSatisfy(name -> OpRegistry.get(name));
    assertThat(OF_ROWS.keySet()).allSatisfy(name -> OpRegistry.get(name));
  }

  @Provide
  Arbitrary<OpCase> shiftInvariant() {
    return of(SHIFT_INVARIANT);
  }

  @Provide
  Arbitrary<OpCase> ofRows() {
    return of(OF_ROWS.keySet().stream().sorted().toList());
  }

  private static Arbitrary<OpCase> of(List<String> names) {
    return Arbitraries.of(names.stream().map(OpRegistry::get).toList())
        .withoutEdgeCases()
        .dontShrink()
        .flatMap(OpSpec::cases);
  }
}
