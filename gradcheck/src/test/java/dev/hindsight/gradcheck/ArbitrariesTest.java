package dev.hindsight.gradcheck;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Shape;
import dev.hindsight.engine.Tensor;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Guards what {@code @ForAll} draws: that it is what it says, and that the rare kinds occur. */
class ArbitrariesTest {
  private static final Backend CPU = Backends.get("reference");

  @Property(tries = 200)
  void samplesBecomeTheSameTensorInEveryLayout(@ForAll TensorSample sample) {
    Tensor t = sample.tensor(CPU, DType.F64);
    assertThat(t.shape()).isEqualTo(sample.shape());
    assertThat(t.toDoubles()).containsExactly(sample.values());
    // dyadic values of few digits: F32 holds them exactly
    assertThat(sample.tensor(CPU, DType.F32).toDoubles()).containsExactly(sample.values());
  }

  @Property(tries = 200)
  void pairsBroadcast(@ForAll ShapePair pair) {
    assertThat(Shape.broadcast("test", pair.first(), pair.second()).rank()).isLessThanOrEqualTo(4);
  }

  @Property(tries = 200)
  void groupsBroadcast(@ForAll ShapeGroup group) {
    assertThat(group.shapes()).hasSizeBetween(2, 4);
    Shape all = group.shapes().getFirst();
    for (Shape shape : group.shapes()) {
      all = Shape.broadcast("test", all, shape);
    }
    assertThat(all.rank()).isLessThanOrEqualTo(4);
  }

  @Property(tries = 200)
  void specialFloatsAreTheSameInBothTypes(@ForAll @Values(special = true) TensorSample sample) {
    assertThat(sample.tensor(CPU, DType.F32).toDoubles()).containsExactly(sample.values());
  }

  @Example
  void everySpecialFloatOccurs() {
    Draw draw = new Draw(5, 5, false, false);
    Set<Double> seen = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      for (double x : draw.special(Shape.of(16)).values()) {
        seen.add(x);
      }
    }
    assertThat(seen)
        .contains(Double.NaN, Double.NEGATIVE_INFINITY, Double.POSITIVE_INFINITY, 0.0, -0.0)
        .contains((double) Float.MIN_VALUE, (double) -Float.MAX_VALUE);
  }

  @Property(tries = 200)
  void valuesStayInTheirDomain(
      @ForAll @Values(from = 0.5, to = 2, awayFromKinks = true, distinct = true, minRank = 1)
          TensorSample sample) {
    assertThat(sample.shape().rank()).isBetween(1, 4);
    Set<Double> seen = new HashSet<>();
    for (double x : sample.values()) {
      assertThat(x).isBetween(0.5, 2.0);
      double fromGrid = Math.abs(x * 512 - Math.rint(x * 512));
      boolean plain = x * 8 == Math.rint(x * 8) && x * 4 != Math.rint(x * 4);
      assertThat(plain || fromGrid == 0.5).as("%s is away from kinks", x).isTrue();
      assertThat(seen.add(x)).as("%s is there once", x).isTrue();
    }
  }

  @Property(tries = 100)
  void emptyExtentsCanBeLeftOut(@ForAll @Values(emptyAllowed = false) TensorSample sample) {
    assertThat(sample.values()).isNotEmpty();
  }

  /** 2,000 draws: a kind with a share of one in a hundred is missed with odds of 2e-9. */
  @Example
  void everyRankEveryLayoutAndEmptyShapesOccur() {
    boolean[] ranks = new boolean[5];
    EnumSet<Layout> layouts = EnumSet.noneOf(Layout.class);
    int empty = 0;
    int strided = 0;
    for (int seed = 0; seed < 2000; seed++) {
      Draw draw = new Draw(seed, 1 + seed % 5, true, false);
      TensorSample sample = draw.tensor(draw.shape(), Domain.REAL);
      ranks[sample.shape().rank()] = true;
      layouts.add(sample.layout());
      empty += sample.shape().size() == 0 ? 1 : 0;
      strided += sample.tensor(CPU, DType.F64).isContiguous() ? 0 : 1;
    }
    assertThat(ranks).containsOnly(true);
    assertThat(layouts).containsExactlyInAnyOrder(Layout.values());
    assertThat(empty).isGreaterThan(50);
    assertThat(strided).isGreaterThan(200);
  }

  /** Size 1, contiguous, plain: what shrinking ends in can be read at a glance. */
  @Example
  void theSmallestCaseIsReadable() {
    Draw draw = new Draw(11, 1, false, true);
    TensorSample sample = draw.tensor(draw.shape(2, 2, false), Domain.REAL);
    assertThat(sample.toString()).matches("\\[1, 1] \\{-?\\d\\.\\d{1,2}}");
  }

  @Example
  void oneSeedDrawsOneCase() {
    for (OpSpec spec : OpRegistry.all()) {
      OpCase first = spec.draw(new Draw(5, 4, true, false));
      OpCase second = spec.draw(new Draw(5, 4, true, false));
      assertThat(first.toString()).isEqualTo(second.toString()).startsWith(spec.name());
      assertThat(Arrays.asList(first.tensors(CPU, DType.F64))).isNotEmpty();
      assertThat(spec.sample(5).toString()).isEqualTo(spec.sample(5).toString());
    }
  }
}
