package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Shape;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Einstein's summation, beside the sum over the whole index space. */
final class EinsumSpecs {
  /** What is tried: equation, and the same with the ellipsis as letters and the result said. */
  private static final String[][] EQUATIONS = {
    {"ij,jk->ik", "ij,jk->ik"},
    {"bij,bjk->bik", "bij,bjk->bik"},
    {"bqhd,bkhd->bhqk", "bqhd,bkhd->bhqk"},
    {"ij,jk,kl->il", "ij,jk,kl->il"},
    {"ij,jk,kl,lm->mi", "ij,jk,kl,lm->mi"},
    {"ij,kj", "ij,kj->ik"},
    {"i,j->ji", "i,j->ji"},
    {"i,i", "i,i->"},
    {"ij,ij->", "ij,ij->"},
    {"ij,i->j", "ij,i->j"},
    {"ij", "ij->ij"},
    {"ba", "ba->ab"},
    {"abc->cab", "abc->cab"},
    {"ijk->j", "ijk->j"},
    {"ii->i", "ii->i"},
    {"ii", "ii->"},
    {"iji,kj->ik", "iji,kj->ik"},
    {"ij,jk,ik->i", "ij,jk,ik->i"},
    {"Ab,bA", "Ab,bA->"},
    {"zB->Bz", "zB->Bz"},
    {"...ij,...jk->...ik", "YZij,YZjk->YZik"},
    {"...i,i", "YZi,i->YZ"},
    {"...ij->...ji", "Zij->Zji"},
    {"...i,...i->", "YZi,Zi->"},
    {"i...,...->...i", "iZ,YZ->YZi"},
  };

  private EinsumSpecs() {}

  static List<OpSpec> all() {
    return List.of(OpSpec.of("einsum", Domain.REAL.toString(), EinsumSpecs::einsum));
  }

  private static OpSpec.Inputs einsum(Draw d) {
    String[] equation = d.pick(EQUATIONS);
    String[] sides = equation[1].split("->", -1);
    String[] operands = sides[0].split(",");
    Map<Character, Integer> extents = new HashMap<>();
    TensorSample[] inputs = new TensorSample[operands.length];
    for (int i = 0; i < inputs.length; i++) {
      int[] dims = new int[operands[i].length()];
      for (int axis = 0; axis < dims.length; axis++) {
        char letter = operands[i].charAt(axis);
        int extent =
            extents.computeIfAbsent(
                letter, l -> d.oneIn(16) ? 0 : d.between(1, Math.min(3, d.size())));
        // an axis of an ellipsis may be stretched
        dims[axis] = letter >= 'Y' && letter <= 'Z' && d.oneIn(3) ? 1 : extent;
      }
      inputs[i] = d.tensor(Shape.of(dims), Domain.between(-2, 2));
    }
    return OpSpec.call("einsum(\"" + equation[0] + "\")", inputs)
        .is(v -> Variable.einsum(equation[0], v))
        .sameAs(v -> wholeSpace(operands, sides[1], v));
  }

  /** Every operand broadcast to one axis a letter, multiplied, and summed. */
  private static Variable wholeSpace(String[] operands, String result, Variable[] v) {
    List<Character> letters = new ArrayList<>();
    for (String operand : operands) {
      for (char c : operand.toCharArray()) {
        if (!letters.contains(c)) {
          letters.add(c);
        }
      }
    }
    Variable product = Constants.scalar(v[0], 1);
    for (int i = 0; i < v.length; i++) {
      product = product.mul(spread(v[i], operands[i], letters));
    }
    for (int axis = letters.size() - 1; axis >= 0; axis--) {
      if (result.indexOf(letters.get(axis)) < 0) {
        product = product.sum(axis).squeeze(axis);
        letters.remove(axis);
      }
    }
    int[] order = new int[result.length()];
    for (int i = 0; i < order.length; i++) {
      order[i] = letters.indexOf(result.charAt(i));
    }
    return product.permute(order);
  }

  private static Variable spread(Variable x, String labels, List<Character> letters) {
    StringBuilder left = new StringBuilder(labels);
    Variable y = x;
    for (int i = 0; i < left.length(); i++) { // a letter twice: times the identity, summed
      int j = left.toString().lastIndexOf(left.charAt(i));
      if (j > i) {
        int n = y.dim(i);
        int[] dims = new int[left.length()];
        Arrays.fill(dims, 1);
        dims[i] = n;
        dims[j] = n;
        int[] ids = IntStream.range(0, n).toArray();
        y = y.mul(Constants.oneHot(x, ids, n).reshape(Shape.of(dims))).sum(j).squeeze(j);
        left.deleteCharAt(j);
      }
    }
    int[] order = new int[left.length()];
    int next = 0;
    for (char c : letters) {
      int at = left.indexOf(String.valueOf(c));
      if (at >= 0) {
        order[next++] = at;
      }
    }
    y = y.permute(order);
    for (int axis = 0; axis < letters.size(); axis++) {
      if (left.indexOf(String.valueOf(letters.get(axis))) < 0) {
        y = y.unsqueeze(axis);
      }
    }
    return y;
  }
}
