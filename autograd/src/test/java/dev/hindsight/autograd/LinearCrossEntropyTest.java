package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.engine.Workspace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The fused loss against {@code linear(weight).crossEntropy(targets).sum().times(scale)}: the same
 * bits, whatever the size of its chunks, and never the logits of all rows.
 */
class LinearCrossEntropyTest {
  private static final int ROWS = 13;
  private static final int WIDTH = 20;
  private static final int CLASSES = 37;
  private static final double SCALE = 1.0 / 11;

  private final Backend reference = Backends.get("reference");

  private static Tensor wave(Backend backend, DType dtype, int phase, int... dims) {
    Shape shape = Shape.of(dims);
    double[] values = new double[(int) shape.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = Math.sin(phase + 1.7 * i);
    }
    return TensorOps.cast(Tensor.of(backend, shape, values), dtype);
  }

  private static Tensor targets(Backend backend, int rows) {
    int[] classes = new int[rows];
    for (int n = 0; n < rows; n++) {
      classes[n] = n % 6 == 4 ? -1 : (n * 7) % CLASSES;
    }
    return Tensor.of(backend, Shape.of(rows), classes);
  }

  /** Hidden states that are an intermediate and a weight that is a leaf, as in a decoder. */
  private record Run(double loss, double[] losses, double[] dWeight, double[] dInput) {
    static Run of(Backend backend, DType dtype, int rowsAtOnce) {
      Variable input = Variable.leaf(wave(backend, dtype, 1, ROWS, WIDTH));
      Variable weight = Variable.leaf(wave(backend, dtype, 2, CLASSES, WIDTH));
      Variable hidden = input.times(0.5);
      Tensor targets = targets(backend, ROWS);
      Variable loss;
      Tensor losses;
      if (rowsAtOnce == 0) {
        Variable rows = hidden.linear(weight).crossEntropy(targets);
        losses = rows.tensor();
        loss = rows.sum().times(SCALE);
      } else {
        Variable.LinearCrossEntropy y =
            LinearCrossEntropy.apply(hidden, weight, targets, SCALE, rowsAtOnce);
        losses = y.losses();
        loss = y.loss();
      }
      loss.backward();
      return new Run(
          loss.item(),
          losses.toDoubles(),
          weight.gradient().toDoubles(),
          input.gradient().toDoubles());
    }
  }

  @ParameterizedTest
  @CsvSource({"reference, F64", "reference, F32", "vector, F32"})
  void hasTheBitsOfTheComposedOps(String backend, DType dtype) {
    Run composed = Run.of(Backends.get(backend), dtype, 0);
    for (int rowsAtOnce : new int[] {1, 4, 6, ROWS, 1000}) {
      Run fused = Run.of(Backends.get(backend), dtype, rowsAtOnce);
      assertThat(fused.loss).as("%d rows", rowsAtOnce).isEqualTo(composed.loss);
      assertThat(fused.losses).containsExactly(composed.losses);
      assertThat(fused.dWeight).containsExactly(composed.dWeight);
      assertThat(fused.dInput).containsExactly(composed.dInput);
    }
  }

  /** The upstream gradient multiplies afterwards: one more rounding of each element. */
  @Test
  void scalesWithTheGradientOfItsLossAndAddsToWhatIsThere() {
    Variable weight = Variable.leaf(wave(reference, DType.F64, 2, CLASSES, WIDTH));
    Variable hidden = Variable.leaf(wave(reference, DType.F64, 1, ROWS, WIDTH));
    Tensor targets = targets(reference, ROWS);
    hidden.linearCrossEntropy(weight, targets, 1).loss().backward();
    double[] once = weight.gradient().toDoubles();
    double[] onceHidden = hidden.gradient().toDoubles();
    Variable y = hidden.linearCrossEntropy(weight, targets, 1).loss().times(3);
    Autograd.backward(y, null, true); // what was computed must survive a pass over it
    Autograd.backward(y, null, false);
    double[] seven = weight.gradient().toDoubles();
    double[] sevenHidden = hidden.gradient().toDoubles();
    for (int i = 0; i < seven.length; i++) {
      assertThat(seven[i]).isCloseTo(7 * once[i], org.assertj.core.api.Assertions.within(1e-14));
    }
    for (int i = 0; i < sevenHidden.length; i++) {
      assertThat(sevenHidden[i])
          .isCloseTo(7 * onceHidden[i], org.assertj.core.api.Assertions.within(1e-14));
    }
  }

  /** The weight is also the embedding: both contributions arrive. */
  @Test
  void tiedWeightsGetBothGradients() {
    double[][] found = new double[2][];
    for (int fused = 0; fused < 2; fused++) {
      Variable table = Variable.leaf(wave(reference, DType.F64, 3, CLASSES, WIDTH));
      Tensor ids = Tensor.of(reference, Shape.of(4), 5, 0, 5, 36);
      Tensor next = Tensor.of(reference, Shape.of(4), 0, 5, 36, -1);
      Variable h = table.gatherRows(ids);
      (fused == 1
              ? h.linearCrossEntropy(table, next, 1).loss()
              : h.linear(table).crossEntropy(next).sum())
          .backward();
      found[fused] = table.gradient().toDoubles();
    }
    assertThat(found[1]).containsExactly(found[0]);
  }

  @Test
  void holdsTheLogitsOfSomeRowsOnly() {
    int rows = 1024;
    int classes = 32_768; // all logits: 134 MB
    Variable hidden = Variable.leaf(TensorOps.zeros(reference, DType.F32, Shape.of(rows, 1)));
    Variable weight = Variable.leaf(TensorOps.zeros(reference, DType.F32, Shape.of(classes, 1)));
    Tensor targets = TensorOps.zeros(reference, DType.I32, Shape.of(rows));
    try (Workspace workspace = new Workspace(reference)) {
      double loss;
      try (var _ = workspace.open()) {
        Variable y = hidden.linearCrossEntropy(weight, targets, 1.0 / rows).loss();
        y.backward();
        loss = y.item();
      }
      assertThat(loss).isCloseTo(Math.log(classes), org.assertj.core.api.Assertions.within(1e-5));
      assertThat(workspace.capacity()).isLessThan(40_000_000L);
    }
  }

  @Test
  void namesItsSecondOrderTwin() {
    Variable h = Variable.leaf(wave(reference, DType.F64, 1, 3, WIDTH));
    Variable w = Variable.leaf(wave(reference, DType.F64, 2, CLASSES, WIDTH));
    Variable y = h.linearCrossEntropy(w, targets(reference, 3), 1).loss();
    Variable[] inputs = {h, w};
    for (Variable g : Autograd.gradient(y, inputs, null, true)) {
      for (Variable input : inputs) {
        assertThatThrownBy(() -> Autograd.gradient(g.sum(), new Variable[] {input}, null, true))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessageContaining("linearCrossEntropy: the fused op is first-order only")
            .hasMessageContaining("linear(weight).crossEntropy(targets)");
      }
    }
  }

  @Test
  void saysWhatDoesNotFit() {
    Variable h = Variable.leaf(wave(reference, DType.F32, 1, 3, 4));
    Variable w = Variable.leaf(wave(reference, DType.F32, 2, 5, 6));
    Tensor targets = TensorOps.zeros(reference, DType.I32, Shape.of(3));
    assertThatThrownBy(() -> h.linearCrossEntropy(w, targets, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "linearCrossEntropy: hidden states [N, C], a weight [V, C] and targets I32[N] are"
                + " needed, got F32[3, 4], F32[5, 6] and I32[3]");
  }
}
