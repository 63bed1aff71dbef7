package dev.hindsight.autograd;

import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Einstein's summation: {@code "bij,bjk->bik"}. Operands are joined from left to right, each pair
 * by one matrix product over the letters that nobody needs later. Without an arrow the result has
 * the letters that occur once, in alphabetical order, as in NumPy. An ellipsis stands for further
 * axes, aligned at the last, which broadcast.
 */
final class Einsum {
  /** Labels of the axes of an ellipsis, counted from the last: no letters. */
  private static final char ELLIPSIS = '\u0100';

  /** An operand and the label of each of its axes. */
  private record Term(Variable x, List<Character> labels) {}

  private final String equation;
  private final Variable[] operands;

  private Einsum(String equation, Variable[] operands) {
    this.equation = equation;
    this.operands = operands;
  }

  static Variable apply(String equation, Variable... operands) {
    return new Einsum(equation, operands).run();
  }

  private Variable run() {
    String text = equation.replace(" ", "");
    int arrow = text.indexOf("->");
    String[] inputs = (arrow < 0 ? text : text.substring(0, arrow)).split(",", -1);
    if (operands.length == 0 || inputs.length != operands.length) {
      throw wrong("it has " + inputs.length + " operands, but " + operands.length + " were given");
    }
    for (Variable x : operands) {
      if (x.tensor().dtype() != operands[0].tensor().dtype()) {
        throw wrong(
            "types " + operands[0].tensor() + " and " + x.tensor() + " differ; cast one of them");
      }
    }
    List<Term> terms = new ArrayList<>();
    List<Character> all = new ArrayList<>();
    int ellipsis = 0;
    for (int i = 0; i < inputs.length; i++) {
      List<Character> labels = labels(inputs[i], operands[i].shape());
      ellipsis = Math.max(ellipsis, (int) labels.stream().filter(l -> l >= ELLIPSIS).count());
      all.addAll(labels);
      terms.add(diagonal(new Term(operands[i], labels)));
    }
    requireExtents(terms);
    List<Character> result =
        arrow < 0 ? implicit(all, ellipsis) : expand(text.substring(arrow + 2), ellipsis);
    requireResult(result, terms);
    Term joined = terms.getFirst();
    for (int i = 1; i < terms.size(); i++) {
      Set<Character> later = new LinkedHashSet<>(result);
      terms.subList(i + 1, terms.size()).forEach(t -> later.addAll(t.labels));
      joined = join(joined, terms.get(i), later);
    }
    return arranged(summed(joined, new LinkedHashSet<>(result)), result);
  }

  // ---------------------------------------------------------------- reading

  private List<Character> labels(String text, Shape shape) {
    int letters = text.replace("...", "").length();
    boolean open = text.contains("...");
    if (open ? letters > shape.rank() : letters != shape.rank()) {
      throw wrong("\"" + text + "\" does not fit an operand of shape " + shape);
    }
    return expand(text, shape.rank() - letters);
  }

  private List<Character> expand(String text, int ellipsis) {
    List<Character> labels = new ArrayList<>();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (text.startsWith("...", i) && labels.stream().noneMatch(l -> l >= ELLIPSIS)) {
        for (int axis = ellipsis; axis > 0; axis--) {
          labels.add((char) (ELLIPSIS + axis));
        }
        i += 2;
      } else if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z') {
        labels.add(c);
      } else {
        throw wrong("\"" + c + "\" is no letter; axes have letters, or one ellipsis ...");
      }
    }
    return labels;
  }

  private static List<Character> implicit(List<Character> all, int ellipsis) {
    List<Character> result = new ArrayList<>();
    for (int axis = ellipsis; axis > 0; axis--) {
      result.add((char) (ELLIPSIS + axis));
    }
    all.stream()
        .filter(l -> l < ELLIPSIS && all.indexOf(l) == all.lastIndexOf(l))
        .sorted()
        .forEach(result::add);
    return result;
  }

  private void requireExtents(List<Term> terms) {
    for (Term a : terms) {
      for (Term b : terms) {
        for (Character l : a.labels) {
          int at = b.labels.indexOf(l);
          int x = a.x.dim(a.labels.indexOf(l));
          if (at >= 0 && x != b.x.dim(at) && !(l >= ELLIPSIS && (x == 1 || b.x.dim(at) == 1))) {
            throw wrong(
                (l >= ELLIPSIS ? "an axis of the ellipsis" : "axis " + l)
                    + " has extents "
                    + x
                    + " and "
                    + b.x.dim(at));
          }
        }
      }
    }
  }

  private void requireResult(List<Character> result, List<Term> terms) {
    for (int i = 0; i < result.size(); i++) {
      Character l = result.get(i);
      if (result.indexOf(l) != i) {
        throw wrong("axis " + l + " occurs twice in the result");
      }
      if (terms.stream().noneMatch(t -> t.labels.contains(l))) {
        throw wrong("axis " + l + " of the result is in no operand");
      }
    }
  }

  private IllegalArgumentException wrong(String what) {
    List<Shape> shapes = new ArrayList<>();
    for (Variable x : operands) {
      shapes.add(x.shape());
    }
    return new IllegalArgumentException(
        "einsum: \"" + equation + "\" of shapes " + shapes + ": " + what);
  }

  // -------------------------------------------------------------- computing

  /** A letter that occurs twice in one operand takes its diagonal. */
  private Term diagonal(Term term) {
    Variable x = term.x;
    List<Character> labels = new ArrayList<>(term.labels);
    for (int i = 0; i < labels.size(); i++) {
      int j = labels.lastIndexOf(labels.get(i));
      while (j > i) {
        int n = x.dim(i);
        if (n != x.dim(j)) {
          throw wrong("axis " + labels.get(i) + " has extents " + n + " and " + x.dim(j));
        }
        // element (k, k) of n x n is element k (n + 1) of the flat axis
        Variable last = toEnd(toEnd(x, i), j - 1);
        Shape lead = last.shape().drop(-1).drop(-1);
        Tensor at =
            Tensor.of(
                x.tensor().backend(),
                Shape.of(n),
                IntStream.range(0, n).map(k -> k * (n + 1)).toArray());
        x = last.reshape(lead.insert(lead.rank(), n * n)).indexSelect(-1, at);
        labels.add(labels.get(i));
        labels.remove(j);
        labels.remove(i);
        j = labels.lastIndexOf(labels.get(i));
      }
    }
    return new Term(x, labels);
  }

  private static Variable toEnd(Variable x, int axis) {
    int rank = x.shape().rank();
    return x.permute(
        IntStream.concat(IntStream.range(0, rank).filter(i -> i != axis), IntStream.of(axis))
            .toArray());
  }

  /** The sum over the axes that are not in {@code kept}. */
  private static Term summed(Term term, Set<Character> kept) {
    Variable x = term.x;
    List<Character> labels = new ArrayList<>(term.labels);
    for (int i = labels.size() - 1; i >= 0; i--) {
      if (!kept.contains(labels.get(i))) {
        x = x.sum(i).squeeze(i);
        labels.remove(i);
      }
    }
    return new Term(x, labels);
  }

  /**
   * The product of two terms, summed over what only they have and nobody needs later: {@code
   * [batch, own of a, shared] x [batch, shared, own of b]}.
   */
  private static Term join(Term left, Term right, Set<Character> later) {
    Set<Character> both = new LinkedHashSet<>(left.labels);
    both.retainAll(right.labels);
    Set<Character> keep = new LinkedHashSet<>(both);
    keep.addAll(later);
    Term a = summed(left, keep);
    Term b = summed(right, keep);
    List<Character> batch = both.stream().filter(later::contains).toList();
    List<Character> contracted = both.stream().filter(l -> !later.contains(l)).toList();
    List<Character> rows = a.labels.stream().filter(l -> !both.contains(l)).toList();
    List<Character> columns = b.labels.stream().filter(l -> !both.contains(l)).toList();
    if (contracted.stream().anyMatch(l -> l >= ELLIPSIS)) {
      // an ellipsis that the result does not have may broadcast: keep it, and sum it afterwards
      Set<Character> longer = new LinkedHashSet<>(later);
      contracted.stream().filter(l -> l >= ELLIPSIS).forEach(longer::add);
      return summed(join(left, right, longer), later);
    }
    Variable x = matrix(a, batch, rows, contracted);
    Variable y = matrix(b, batch, contracted, columns);
    Variable product = x.matmul(y);
    Shape shape = product.shape().drop(-1).drop(-1);
    List<Character> labels = new ArrayList<>(batch);
    for (Character l : rows) {
      shape = shape.insert(shape.rank(), a.x.dim(a.labels.indexOf(l)));
      labels.add(l);
    }
    for (Character l : columns) {
      shape = shape.insert(shape.rank(), b.x.dim(b.labels.indexOf(l)));
      labels.add(l);
    }
    return new Term(product.reshape(shape), labels);
  }

  /** {@code [batch..., rows together, columns together]}. */
  private static Variable matrix(
      Term term, List<Character> batch, List<Character> rows, List<Character> columns) {
    List<Character> order = new ArrayList<>(batch);
    order.addAll(rows);
    order.addAll(columns);
    Variable x = arranged(term, order);
    int[] dims = new int[batch.size() + 2];
    Arrays.fill(dims, 1);
    for (int i = 0; i < order.size(); i++) {
      int group = i < batch.size() ? i : batch.size() + (i < batch.size() + rows.size() ? 0 : 1);
      dims[group] *= x.dim(i);
    }
    return x.reshape(Shape.of(dims));
  }

  private static Variable arranged(Term term, List<Character> order) {
    return term.x.permute(order.stream().mapToInt(term.labels::indexOf).toArray());
  }
}
