package dev.hindsight.tests.oracle;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import dev.hindsight.gradcheck.Draw;
import dev.hindsight.gradcheck.TensorSample;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Einstein's summation: fixed equations of every kind, and random ones of two operands. */
final class EinsumOracle {
  private static final String[] EQUATIONS = {
    "ij,jk->ik",
    "bij,bjk->bik",
    "bqhd,bkhd->bhqk",
    "ij,jk,kl->il",
    "ij,kj",
    "i,j->ji",
    "i,i",
    "ij,ij->",
    "ij,i->j",
    "ij",
    "ba",
    "abc->cab",
    "ijk->j",
    "ii->i",
    "ii",
    "iji,kj->ik",
    "...ij,...jk->...ik",
    "...i,i",
    "...ij->...ji",
    "...i,...i->",
    "i...,...->...i"
  };

  private static final String LETTERS = "abcd";

  private EinsumOracle() {}

  static List<OracleOp> all() {
    return List.of(new OracleOp("einsum", EinsumOracle::einsum));
  }

  private static OracleCase einsum(Draw d) {
    String equation = d.oneIn(2) ? d.pick(EQUATIONS) : random(d);
    String[] operands = equation.split("->", -1)[0].split(",", -1);
    Map<Character, Integer> extents = new HashMap<>();
    int batchRank = d.between(0, 2);
    int[] batch = {d.extent(), d.extent()};
    TensorSample[] inputs = new TensorSample[operands.length];
    for (int i = 0; i < inputs.length; i++) {
      Shape shape = Shape.SCALAR;
      String letters = operands[i].replace("...", ".");
      for (char letter : letters.toCharArray()) {
        if (letter == '.') {
          // an axis of an ellipsis may be stretched, and leading ones may be left out
          int from = d.between(0, batchRank);
          for (int axis = from; axis < batchRank; axis++) {
            shape = shape.insert(shape.rank(), d.oneIn(3) ? 1 : batch[axis]);
          }
        } else {
          int extent =
              extents.computeIfAbsent(
                  letter, l -> d.oneIn(16) ? 0 : d.oneIn(6) ? d.between(1, 20) : d.extent());
          shape = shape.insert(shape.rank(), extent);
        }
      }
      inputs[i] = Cases.real(d, shape);
    }
    return OracleCase.call(d, "einsum(\"" + equation + "\")", inputs)
        .ours(v -> Variable.einsum(equation, v))
        .torch(t -> torch.einsum(equation, new TensorVector(t)))
        .within(Bound.sums());
  }

  /** Two operands of up to three different letters each, and some of their letters in any order. */
  private static String random(Draw d) {
    String a = letters(d, LETTERS, d.between(1, 3));
    String b = letters(d, LETTERS, d.between(1, 3));
    StringBuilder all = new StringBuilder();
    (a + b).chars().distinct().forEach(c -> all.append((char) c));
    return a + "," + b + "->" + letters(d, all.toString(), d.between(0, all.length()));
  }

  private static String letters(Draw d, String from, int count) {
    int[] order = d.permutation(from.length());
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < count; i++) {
      letters.append(from.charAt(order[i]));
    }
    return letters.toString();
  }
}
