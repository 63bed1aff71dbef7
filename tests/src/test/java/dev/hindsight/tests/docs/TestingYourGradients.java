package dev.hindsight.tests.docs;

import dev.hindsight.autograd.GradCheck;
import dev.hindsight.autograd.Op;
import dev.hindsight.autograd.Saved;
import dev.hindsight.autograd.Variable;
import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import dev.hindsight.engine.TensorOps;
import dev.hindsight.gradcheck.Domain;
import dev.hindsight.gradcheck.GradientProperties;
import dev.hindsight.gradcheck.OpCase;
import dev.hindsight.gradcheck.OpSpec;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Shrinkable;
import org.jspecify.annotations.Nullable;

/** The program behind docs/testing-your-gradients.md; see {@link WalkPage}. */
final class TestingYourGradients {
  private TestingYourGradients() {}

  static final class Cube extends Op {
    private final Saved x;

    private Cube(Variable x) {
      super(x);
      this.x = save(x);
    }

    static Variable apply(Variable x) {
      Tensor t = x.tensor();
      Tensor out = TensorOps.mul(TensorOps.mul(t, t), t);
      return records(x) ? new Cube(x).output(out) : Variable.constant(out);
    }

    @Override
    protected @Nullable Variable[] backward(Variable dOut) {
      return gradients(dOut.mul(x.variable().square()).times(3));
    }
  }

  static final class WrongCube extends Op {
    private final Saved x;

    private WrongCube(Variable x) {
      super(x);
      this.x = save(x);
    }

    static Variable apply(Variable x) {
      Tensor t = x.tensor();
      Tensor out = TensorOps.mul(TensorOps.mul(t, t), t);
      return records(x) ? new WrongCube(x).output(out) : Variable.constant(out);
    }

    @Override
    protected @Nullable Variable[] backward(Variable dOut) {
      return gradients(dOut.mul(x.variable().square()));
    }
  }

  static void walk(WalkPage out) {
    // | # Testing your gradients
    // |
    // | A wrong gradient rarely crashes: training just goes worse. The module `gradcheck` finds
    // | it, with random tensors of every shape and layout, and tells which element is wrong. It
    // | needs jqwik 1.9.3 and JUnit 5, and works on any function of `Variable`s: your own op, a
    // | loss, a whole model. Each output below is printed by the code above it: the build
    // | compiles this page and runs it.
    // |
    // | `./mvnw -Dmaven.test.skip=true -pl gradcheck -am install`, with `JAVA_HOME` at a JDK 25,
    // | puts it into your Maven repository as `dev.hindsight:hindsight-gradcheck:0.1.0-SNAPSHOT`.
    // | Beside it a test needs `net.jqwik:jqwik:1.9.3` and, if there are JUnit Jupiter tests too,
    // | `junit-bom` 5.13 or later in `dependencyManagement`, so that the versions of JUnit agree.
    // | Classes here are in `dev.hindsight.engine`, `.autograd` and `.gradcheck`; `@Nullable` is
    // | JSpecify's and may be left away. The vector backend needs the JVM's option
    // | `--add-modules jdk.incubator.vector`; the reference backend, which checks gradients here,
    // | needs nothing.
    // |
    // | ## An op
    // |
    // | An op of your own extends `Op`: `apply` computes and records, `backward` turns the
    // | gradient of the output into those of the inputs. Written in differentiable operations it
    // | can be differentiated again. This one is x^3.
    // |@source Cube
    Backend cpu = Backends.get("reference");
    Tensor at = Tensor.of(cpu, Shape.of(3), 1.0, -2.0, 0.5);
    GradCheck.of("cube", v -> Cube.apply(v[0]), at).all();
    out.println("cube is right at 1, -2 and 0.5");
    // | `GradCheck` compares, in F64, the gradient with central differences (to a relative
    // | 1e-6), the products <w, J u> and <J^T w, u> for random w and u (to 1e-10), and the
    // | second gradient with differences of the first (to 1e-5).
    // |
    // | ## A wrong one
    // |
    // | The same, with the factor 3 forgotten. The error says how many elements are wrong, which
    // | is the worst, what the op says and what differences say, and the shapes, strides and
    // | seed to repeat it.
    // |@source WrongCube
    try {
      GradCheck.of("wrong cube", v -> WrongCube.apply(v[0]), at.slice(0, 1, 3)).firstOrder();
    } catch (AssertionError e) {
      out.println(wrapped(e.getMessage()));
    }
    // | ## Any shape
    // |
    // | One point proves little. An `OpSpec` says how to draw a case. `OpSpec.unary` and
    // | `OpSpec.binary` do for functions of one and two operands; they draw every shape (rank 0
    // | to 4, extents of 0 among them, pairs that broadcast) and every layout (contiguous,
    // | offset, with gaps, transposed), with values of a `Domain`. The last argument is a twin:
    // | the same function, said in other operations.
    OpSpec cube = OpSpec.unary("cube", Domain.REAL, Cube::apply, x -> x.pow(3));
    for (int seed = 0; seed < 100; seed++) {
      GradientProperties.all(cube.sample(seed), cpu);
    }
    out.println("100 cases of cube hold");
    // | As a test with jqwik, which draws, counts and shrinks, that is:
    // |
    // |     static final OpSpec CUBE =
    // |         OpSpec.unary("cube", Domain.REAL, Cube::apply, x -> x.pow(3));
    // |
    // |     @Provide
    // |     Arbitrary<OpCase> cubes() {
    // |       return CUBE.cases();
    // |     }
    // |
    // |     @Property
    // |     void cubeHasTheRightGradients(@ForAll("cubes") OpCase c) {
    // |       GradientProperties.all(c, Backends.get("reference"));
    // |     }
    // |
    // | Other ops draw what they need from a `Draw`, in plain code, and bind it. This one sums
    // | over an axis; `call` is what a failure prints:
    OpSpec total =
        OpSpec.of(
            "total",
            "all reals",
            d -> {
              Shape shape = d.shape(1, 4, true);
              int axis = d.axis(shape);
              return OpSpec.call("total(" + axis + ")", d.tensor(shape, Domain.REAL))
                  .is(v -> v[0].sum(axis))
                  .sameAs(v -> v[0].mean(axis).times(shape.dim(axis)));
            });
    out.println("a case: " + total.sample(1));
    // | A case that fails is shrunk: towards extents of 1, contiguous tensors and values of few
    // | digits, for the same random choices otherwise. The wrong cube above ends like this:
    OpSpec wrong = OpSpec.unary("wrong cube", Domain.REAL, WrongCube::apply, x -> x.pow(3));
    Shrinkable<OpCase> found = wrong.cases().generator(1000).next(new Random(9));
    out.println(wrapped("found:  " + found.value()));
    Optional<Shrinkable<OpCase>> smaller = Optional.of(found);
    while (smaller.isPresent()) {
      found = smaller.get();
      smaller = found.shrink().filter(s -> fails(s.value(), cpu)).findFirst();
    }
    out.println(wrapped("shrunk: " + found.value()));
    // | ## Ready properties
    // |
    // | | `GradientProperties` | what must hold |
    // | |---|---|
    // | | `firstOrder` | the gradient agrees with central differences |
    // | | `innerProduct` | <w, J u> = <J^T w, u> |
    // | | `secondOrder` | the gradient of the gradient agrees with differences |
    // | | `linearInCotangent` | the vector-Jacobian product is linear |
    // | | `fusedEqualsComposed` | with and without a graph of the gradient; F32 and F64 |
    // | | `twinAgrees` | value and gradient equal those of another implementation |
    // | | `everyInputAlone` | an input has the same gradient when it alone needs one |
    // | | `all` | all of the above |
    // | | `shiftInvariant` | a number added to the logits changes nothing |
    // | | `batchPermutable` | rows in another order give results in that order |
    // | | `symmetric` | any other symmetry: f(change(x)) = undo(f(x)) |
    // |
    // | Without an `OpSpec`, `@ForAll Shape`, `@ForAll ShapePair`, `@ForAll ShapeGroup` and
    // | `@ForAll @Values(...) TensorSample` draw the parts: `@Values(from = 0.25, to = 4)` for a
    // | logarithm, `awayFromKinks = true` for a function with corners, `distinct = true` for a
    // | maximum, `special = true` for NaN, infinities, zeros of both signs and the ends of the
    // | range of floats.
    // |
    // | Where a function has a corner, differences straddle it and mean nothing: draw away from
    // | kinks, and write down in a test of its own what the gradient there is. Where values get
    // | large, so do the errors of differences: a domain from -3 to 3 shows a curve as well as
    // | one to 1,000. A fused op that cannot be differentiated twice is declared with
    // | `firstOrderOnly()`.
    // |
    // | [Adding an op](adding-an-op.md) to Hindsight itself takes three files; [the
    // | operations](operations.md) lists what is there.
    out.end();
  }

  private static boolean fails(OpCase c, Backend cpu) {
    try {
      GradientProperties.all(c, cpu);
      return false;
    } catch (AssertionError e) {
      return true;
    }
  }

  /** A long message at some 100 characters a line. */
  private static String wrapped(String message) {
    return message.replaceAll("(.{60,100}) ", "$1\n");
  }
}
