package dev.hindsight.tests.conformance;

import dev.hindsight.engine.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Rotary embedding: the angle is computed in double, so that far positions turn right, too. */
@ParameterizedClass(name = "{0}", allowZeroInvocations = true)
@MethodSource("dev.hindsight.tests.conformance.Subject#stream")
class RopeConformanceTest {
  @Parameter Subject subject;

  /** {@code a cos - b sin}: sine and cosine, a product and a sum are rounded. */
  @Test
  @Covers("rope")
  void everyHeadExtent() {
    int rows = 7;
    int[] where = {0, 1, 2, 17, 1000, 131_071, 1_000_003};
    for (int half : Values.LANE_BOUNDARIES) {
      for (int heads : new int[] {1, 3}) {
        for (Layout layout : Layout.values()) {
          for (boolean inverse : new boolean[] {false, true}) {
            Shape shape = Shape.of(rows, heads, 2 * half);
            double[] x = Values.uniform(half, shape);
            Trial trial = new Trial(subject, "rope of %s %s", layout, shape);
            Operand in = trial.in(shape, layout, x);
            Operand positions = trial.indices(Shape.of(rows), layout, where);
            Operand out = trial.out(shape);
            trial
                .run((b, at) -> b.rope(at.of(in), at.of(positions), 1e4, inverse, at.of(out)))
                .within(
                    out,
                    (i, want) -> {
                      int channel = i % (2 * half);
                      int pair = i - channel + (channel + half) % (2 * half);
                      return 3 * subject.roundoff() * (Math.abs(x[i]) + Math.abs(x[pair]));
                    });
          }
        }
      }
    }
  }

  /** Packed projections: heads of q lie between those of k and v in one wide row. */
  @Test
  @Covers("rope")
  void headsInsideAWiderRow() {
    Shape wide = Shape.of(5, 6, 16);
    Trial trial = new Trial(subject, "rope of heads inside a wider row");
    Operand in = trial.in(wide, Values.uniform(1, wide)).view(t -> t.slice(1, 2, 4));
    Operand positions = trial.indices(Shape.of(5), Layout.CONTIGUOUS, 3, 1, 4, 1, 5);
    Operand out = trial.out(Shape.of(5, 2, 16));
    trial
        .run((b, at) -> b.rope(at.of(in), at.of(positions), 5e5, false, at.of(out)))
        .within(out, (i, want) -> 3 * subject.roundoff() * 4);
  }
}
