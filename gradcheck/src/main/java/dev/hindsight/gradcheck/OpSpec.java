package dev.hindsight.gradcheck;

import dev.hindsight.autograd.Variable;
import java.util.Arrays;
import java.util.List;
import java.util.function.BinaryOperator;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import net.jqwik.api.Arbitrary;
import org.jspecify.annotations.Nullable;

/**
 * What a test has to know about an op: its name, where it is defined, how often it can be
 * differentiated, and how to draw a case.
 */
public final class OpSpec {
  /** Draws the inputs and arguments of one case. */
  @FunctionalInterface
  public interface Cases {
    /** A case; the spec turns it into an {@link OpCase}. */
    Inputs draw(Draw draw);
  }

  /** What {@link Cases} draws; build it with {@link #call}. */
  public static final class Inputs {
    private final String call;
    private final List<TensorSample> samples;
    private @Nullable Function<Variable[], Variable> function;
    private @Nullable Function<Variable[], Variable> twin;

    private Inputs(String call, List<TensorSample> samples) {
      this.call = call;
      this.samples = samples;
    }

    /** The op itself. */
    public Inputs is(Function<Variable[], Variable> op) {
      function = op;
      return this;
    }

    /** The same function, said in other ops. */
    public Inputs sameAs(Function<Variable[], Variable> other) {
      twin = other;
      return this;
    }
  }

  private final String name;
  private final String domain;
  private final int order;
  private final Cases cases;

  private OpSpec(String name, String domain, int order, Cases cases) {
    this.name = name;
    this.domain = domain;
    this.order = order;
    this.cases = cases;
  }

  /**
   * An op that can be differentiated any number of times.
   *
   * @param name the method's, or the op class's in lower camel case
   * @param domain where it is tried, for people
   */
  public static OpSpec of(String name, String domain, Cases cases) {
    return new OpSpec(name, domain, 2, cases);
  }

  /**
   * An op of one operand, element by element or not, of tensors of every shape and layout.
   *
   * @param twin the same function, said in other ops
   */
  public static OpSpec unary(
      String name, Domain domain, UnaryOperator<Variable> op, UnaryOperator<Variable> twin) {
    return of(
        name,
        domain.toString(),
        d ->
            call(name, d.tensor(d.shape(), domain))
                .is(v -> op.apply(v[0]))
                .sameAs(v -> twin.apply(v[0])));
  }

  /**
   * An op of two operands that broadcast.
   *
   * @param twin the same function, said in other ops
   */
  public static OpSpec binary(
      String name, Domain a, Domain b, BinaryOperator<Variable> op, BinaryOperator<Variable> twin) {
    return of(
        name,
        a.equals(b) ? a.toString() : a + " and " + b,
        d -> {
          ShapePair shapes = d.broadcastable();
          return call(name, d.tensor(shapes.first(), a), d.tensor(shapes.second(), b))
              .is(v -> op.apply(v[0], v[1]))
              .sameAs(v -> twin.apply(v[0], v[1]));
        });
  }

  /** The same op, whose gradient cannot be differentiated again. */
  public OpSpec firstOrderOnly() {
    return new OpSpec(name, domain, 1, cases);
  }

  /** The same op, which has no gradient at all: its result is an index. */
  public OpSpec notDifferentiable() {
    return new OpSpec(name, domain, 0, cases);
  }

  /** The inputs of a call, in the op's order; {@code call} reads as in {@code sum(axis 1)}. */
  public static Inputs call(String call, TensorSample... inputs) {
    return new Inputs(call, Arrays.asList(inputs));
  }

  /** The name in reports, and in the registry. */
  public String name() {
    return name;
  }

  /** Where it is tried. */
  public String domain() {
    return domain;
  }

  /** 0 without a gradient, 1 when the gradient cannot be differentiated again, else 2. */
  public int order() {
    return order;
  }

  /** Random cases, with shrinking. */
  public Arbitrary<OpCase> cases() {
    return Draw.arbitrary(this::draw);
  }

  /**
   * One case, drawn without jqwik, for tests that another engine runs: equal for equal seeds, and
   * over many seeds of every size and layout. It does not shrink.
   */
  public OpCase sample(long seed) {
    return draw(Draw.of(seed));
  }

  OpCase draw(Draw draw) {
    Inputs inputs = cases.draw(draw);
    if (inputs.function == null) {
      throw new IllegalStateException("op spec of " + name + ": a case without is(...)");
    }
    return new OpCase(this, inputs.call, inputs.samples, inputs.function, inputs.twin, draw.seed());
  }

  @Override
  public String toString() {
    return name;
  }
}
