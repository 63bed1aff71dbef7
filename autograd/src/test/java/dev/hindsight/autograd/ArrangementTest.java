package dev.hindsight.autograd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sorting, tiling, selecting and Einstein's summation at their edges, and their errors. */
class ArrangementTest {
  private static final Backend CPU = Backends.get("reference");
  private static final double NAN = Double.NaN;

  private static Variable of(Shape shape, double... values) {
    return Variable.constant(Tensor.of(CPU, shape, values));
  }

  private static Variable vector(double... values) {
    return of(Shape.of(values.length), values);
  }

  @Test
  void sortingKeepsTheOrderOfEqualsAndPutsNaNAtTheLargeEnd() {
    Variable x = vector(2, NAN, 1, 2, 1);
    Variable.Sorted rising = x.sort(false);
    assertThat(rising.values().tensor().toDoubles()).containsExactly(1, 1, 2, 2, NAN);
    assertThat(rising.indices().toInts()).containsExactly(2, 4, 0, 3, 1);
    Variable.Sorted falling = x.sort(true);
    assertThat(falling.values().tensor().toDoubles()).containsExactly(NAN, 2, 2, 1, 1);
    assertThat(falling.indices().toInts()).containsExactly(1, 0, 3, 2, 4);
  }

  /** The indices of every row count from its own beginning. */
  @Test
  void sortingRows() {
    Variable.Sorted rising = of(Shape.of(2, 3), 3, 1, 2, 0, 5, 4).sort(false);
    assertThat(rising.values().tensor().toDoubles()).containsExactly(1, 2, 3, 0, 4, 5);
    assertThat(rising.indices().toInts()).containsExactly(1, 2, 0, 0, 2, 1);
  }

  @Test
  void trianglesHideWhatIsNotFinite() {
    Variable x = of(Shape.of(2, 2), 1, Double.POSITIVE_INFINITY, 3, NAN);
    assertThat(x.tril(-1).tensor().toDoubles()).containsExactly(0, 0, 3, 0);
    assertThat(x.triu(2).tensor().toDoubles()).containsExactly(0, 0, 0, 0);
  }

  @Test
  void argmaxTakesTheFirstOfEquals() {
    assertThat(of(Shape.of(2, 3), 1, 5, 5, 7, 0, 7).argmax(1).toInts()).containsExactly(1, 0);
  }

  @Test
  void einsumReadsSpacesAndCapitals() {
    Variable a = of(Shape.of(2, 2), 1, 2, 3, 4);
    assertThat(Variable.einsum(" iJ , Jk -> ik ", a, a).tensor().toDoubles())
        .containsExactly(7, 10, 15, 22);
  }

  @Test
  void einsumErrorsSayWhatDoesNotFit() {
    Variable a = of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    for (List<String> wrong :
        List.of(
            List.of("ij,jk->ik", "has 2 operands, but 1"),
            List.of("i->i", "does not fit"),
            List.of("i...jk->i", "does not fit"),
            List.of("ii->i", "extents 2 and 3"),
            List.of("ij->ik", "axis k of the result is in no operand"),
            List.of("ij->ii", "twice"),
            List.of("i1->i", "\"1\" is no letter"))) {
      assertThatThrownBy(() -> Variable.einsum(wrong.get(0), a))
          .as(wrong.get(0))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("einsum: \"" + wrong.get(0) + "\" of shapes [[2, 3]]")
          .hasMessageContaining(wrong.get(1));
    }
    assertThatThrownBy(() -> Variable.einsum("ij,ij->", a, a.transpose(0, 1)))
        .hasMessageContaining("axis i has extents 2 and 3");
  }

  @Test
  void otherErrorsNameTheOperationAndTheFix() {
    Variable a = of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6);
    Tensor index = Tensor.of(CPU, Shape.of(1, 2), 0, 1);
    assertThatThrownBy(() -> a.gather(0, index)).hasMessageContaining("gather:");
    assertThatThrownBy(() -> a.gather(0, a.tensor())).hasMessageContaining("gather: indices");
    assertThatThrownBy(() -> a.embedding(a.tensor())).hasMessageContaining("embedding: indices");
    assertThatThrownBy(() -> vector(1).embedding(index)).hasMessageContaining("embedding: the");
    assertThatThrownBy(() -> a.indexSelect(0, index)).hasMessageContaining("one axis");
    assertThatThrownBy(() -> Variable.stack(3, a, a)).hasMessageContaining("stack: a new axis 3");
    assertThatThrownBy(() -> a.norm(2, 2)).hasMessageContaining("norm: axis 2");
    Variable f32 = Variable.constant(TensorOps.cast(a.tensor(), DType.F32));
    assertThatThrownBy(() -> Variable.einsum("ij,ij->", a, f32))
        .hasMessageContaining("einsum")
        .hasMessageContaining("cast one of them");
    assertThatThrownBy(() -> a.scatterAdd(0, index, a)).hasMessageContaining("scatterAdd:");
    assertThatThrownBy(() -> a.split(1, 1, 1)).hasMessageContaining("add up to 3");
    assertThatThrownBy(() -> a.repeat(2)).hasMessageContaining("repeat:");
    assertThatThrownBy(() -> a.repeat(1, 1 << 30)).hasMessageContaining("3221225472");
    assertThatThrownBy(() -> a.cumsum(2)).hasMessageContaining("cumsum: axis 2");
    assertThatThrownBy(() -> a.prod(-3)).hasMessageContaining("prod: axis -3");
    assertThatThrownBy(() -> a.flip(2)).hasMessageContaining("flip: axis 2");
    assertThatThrownBy(() -> a.softmax(2)).hasMessageContaining("softmax: axis 2");
    assertThatThrownBy(() -> a.var(0, 2)).hasMessageContaining("var: axis 2");
    assertThatThrownBy(() -> a.klDivergence(vector(1, 2))).hasMessageContaining("klDivergence:");
    assertThatThrownBy(() -> a.sum().jsDivergence(a.sum(), 0.5))
        .hasMessageContaining("jsDivergence: expected two operands");
    assertThatThrownBy(() -> Variable.stack(0)).hasMessageContaining("stack: no parts");
    assertThatThrownBy(() -> Variable.stack(0, a, vector(1))).hasMessageContaining("concat");
    assertThatThrownBy(() -> vector(1).tril(0)).hasMessageContaining("tril");
    assertThatThrownBy(() -> a.var(2, 0)).hasMessageContaining("correction");
    assertThatThrownBy(() -> a.norm(0)).hasMessageContaining("norm: p");
    assertThatThrownBy(() -> a.dropout(1, 0, 0)).hasMessageContaining("dropout: the rate");
    assertThatThrownBy(() -> a.jsDivergence(a, 1)).hasMessageContaining("alpha");
    assertThatThrownBy(() -> a.crossEntropy(Tensor.of(CPU, Shape.of(2), 0, 1), -100, 2))
        .hasMessageContaining("smoothing");
    assertThatThrownBy(() -> a.indexSelect(1, Tensor.of(CPU, Shape.of(1), 3)))
        .isInstanceOf(IndexOutOfBoundsException.class)
        .hasMessageContaining("index 3")
        .hasMessageContaining("[0, 3)");
  }
}
