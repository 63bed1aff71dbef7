package dev.hindsight.tests.docs;

import dev.hindsight.autograd.Autograd;
import dev.hindsight.autograd.GradCheck;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import java.util.Arrays;

/** The program behind docs/gradients-by-hand.md; see {@link WalkPage}. */
final class GradientsByHand {
  private GradientsByHand() {}

  private static Variable number(Backend cpu, double value) {
    return Variable.leaf(Tensor.of(cpu, Shape.SCALAR, value));
  }

  private static String text(Tensor t) {
    return Arrays.toString(t.toDoubles());
  }

  static void walk(WalkPage out) {
    // | # Gradients by hand
    // |
    // | A gradient says how much a result changes when an input does. Hindsight computes
    // | gradients by walking back from the result: every operation knows how to turn the
    // | gradient of its output into gradients of its inputs. The examples on this page are so
    // | small that you can check every number with a pencil. Each output is printed by the code
    // | above it: the build compiles this page, runs it, and fails when a digit differs.
    // |
    // | ## One neuron
    // |
    // | A *leaf* is a variable whose gradient you want. Operations run at once, and remember how
    // | they were made. Here z = w x + b, and y = z squared.
    Backend cpu = Backends.get("reference");
    Variable w = number(cpu, 0.5);
    Variable x = number(cpu, 4);
    Variable b = number(cpu, -1);
    Variable z = w.mul(x).add(b);
    Variable y = z.square();
    out.println("z = " + z.item() + ", y = " + y.item());
    // | Backwards: dy/dz = 2 z = 2. The sum hands that on to both of its terms, so dy/db = 2.
    // | The product hands on the gradient times the other factor: dy/dw = 2 x = 8, and dy/dx = 2
    // | w = 1.
    y.backward();
    out.println("dy/dw = " + w.gradient().item());
    out.println("dy/dx = " + x.gradient().item());
    out.println("dy/db = " + b.gradient().item());
    // | ## A value that is used twice
    // |
    // | Where a variable has several uses, what comes back from them adds up. For y = x x + x
    // | the product sends x to each of its two factors, the sum sends 1: together 2 x + 1, which
    // | is 7 at x = 3.
    Variable twice = number(cpu, 3);
    twice.mul(twice).add(twice).backward();
    out.println("dy/dx = " + twice.gradient().item());
    // | Gradients of a leaf also add up over backward passes, so that a batch may come in parts.
    // | A second pass over x x + x makes 14; `clearGradient` starts again.
    twice.mul(twice).add(twice).backward();
    out.println("after a second pass: " + twice.gradient().item());
    twice.clearGradient();
    // | ## Broadcasting
    // |
    // | Adding a bias of shape [3] to each row of a [2, 3] matrix uses every element of the bias
    // | twice. Its gradient is the sum over the rows: 2 everywhere.
    Variable rows = Variable.leaf(Tensor.of(cpu, Shape.of(2, 3), 1.0, 2.0, 3.0, 4.0, 5.0, 6.0));
    Variable bias = Variable.leaf(Tensor.of(cpu, Shape.of(3), 0.1, 0.2, 0.3));
    rows.add(bias).sum().backward();
    out.println("of the rows: " + text(rows.gradient()));
    out.println("of the bias: " + text(bias.gradient()));
    // | ## A matrix product
    // |
    // | For Y = A B and a loss with gradient G by Y, the gradients are G B^T by A and A^T G by
    // | B. With the loss sum(Y) every element of G is 1: each row of dA holds the sums of B's
    // | rows, 5 + 6 and 7 + 8; each column of dB the sums of A's columns, 1 + 3 and 2 + 4.
    Variable a = Variable.leaf(Tensor.of(cpu, Shape.of(2, 2), 1.0, 2.0, 3.0, 4.0));
    Variable c = Variable.leaf(Tensor.of(cpu, Shape.of(2, 2), 5.0, 6.0, 7.0, 8.0));
    a.matmul(c).sum().backward();
    out.println("dA = " + text(a.gradient()));
    out.println("dB = " + text(c.gradient()));
    // | ## Is it right?
    // |
    // | A gradient can be checked without knowing the formula: change an input a little, and
    // | look at how much the result changes. For y = (w x + b)^2 at w = 0.5, with a step of
    // | 1/1024 to both sides:
    double h = 1.0 / 1024;
    double above = Math.pow((0.5 + h) * 4 - 1, 2);
    double below = Math.pow((0.5 - h) * 4 - 1, 2);
    out.println("(" + above + " - " + below + ") / (2 h) = " + (above - below) / (2 * h));
    // | That is dy/dw from above. `GradCheck` does this for every element of every input, for
    // | second gradients, too, and throws an error that names the worst element if they
    // | disagree. [Testing your gradients](testing-your-gradients.md) goes on from here.
    GradCheck.of(
            "neuron", v -> v[0].mul(v[1]).add(v[2]).square(), w.tensor(), x.tensor(), b.tensor())
        .all();
    out.println("checked");
    // | ## The gradient of a gradient
    // |
    // | With `createGraph` the gradient is itself a variable with a way back. Of x^3 at x = 2:
    // | the first derivative is 3 x^2 = 12, the second 6 x = 12, the third 6.
    Variable t = number(cpu, 2);
    Variable first = Autograd.gradient(t.pow(3), new Variable[] {t}, null, true)[0];
    Variable second = Autograd.gradient(first, new Variable[] {t}, null, true)[0];
    Variable third = Autograd.gradient(second, new Variable[] {t}, null, false)[0];
    out.println(first.item() + ", " + second.item() + ", " + third.item());
    // | ## Learning
    // |
    // | Two points of the line y = 2 x + 1: at x = 1 and 2 it is 3 and 5. A model m x + q that
    // | starts at m = q = 0 predicts 0 for both: its mean squared error is (9 + 25) / 2 = 17.
    // | The gradient by m is the mean of 2 (0 - 3) 1 and 2 (0 - 5) 2, which is -13; by q the
    // | mean of -6 and -10: -8. A step of a tenth against the gradient makes m = 1.3 and q =
    // | 0.8, and the next error (0.9^2 + 1.6^2) / 2 = 1.685.
    Variable inputs = Variable.constant(Tensor.of(cpu, Shape.of(2), 1.0, 2.0));
    Variable targets = Variable.constant(Tensor.of(cpu, Shape.of(2), 3.0, 5.0));
    Variable m = number(cpu, 0);
    Variable q = number(cpu, 0);
    for (int step = 0; step < 4; step++) {
      Variable loss = inputs.mul(m).add(q).sub(targets).square().mean();
      loss.backward();
      out.printf("m %.4f  q %.4f  error %.4f", m.item(), q.item(), loss.item());
      out.printf("  dm %.4f  dq %.4f%n", m.gradient().item(), q.gradient().item());
      for (Variable parameter : new Variable[] {m, q}) {
        TensorOps.addScaled(parameter.gradient(), -0.1, parameter.tensor());
        parameter.clearGradient();
      }
    }
    // | That is all there is to training. A transformer has more numbers, and a better rule for
    // | the step (`AdamW`), but its gradients come back through the same walk: [one question,
    // | from its text to the weight update](walk-one-question.md).
    out.end();
  }
}
