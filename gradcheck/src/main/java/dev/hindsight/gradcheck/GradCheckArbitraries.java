package dev.hindsight.gradcheck;

import dev.hindsight.engine.Shape;
import java.util.Set;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.providers.ArbitraryProvider;
import net.jqwik.api.providers.TypeUsage;

/**
 * What {@code @ForAll} draws for {@link Shape} (rank 0 to 4, extents of 0 among them), {@link
 * ShapePair} and {@link ShapeGroup} (broadcastable) and {@link TensorSample} (any layout; see
 * {@link Values}). jqwik finds it by itself.
 */
public final class GradCheckArbitraries implements ArbitraryProvider {

  @Override
  public boolean canProvideFor(TypeUsage target) {
    return target.isOfType(Shape.class)
        || target.isOfType(ShapePair.class)
        || target.isOfType(ShapeGroup.class)
        || target.isOfType(TensorSample.class);
  }

  @Override
  public Set<Arbitrary<?>> provideFor(TypeUsage target, SubtypeProvider subtypes) {
    if (target.isOfType(Shape.class)) {
      return Set.of(Draw.arbitrary(Draw::shape));
    }
    if (target.isOfType(ShapePair.class)) {
      return Set.of(Draw.arbitrary(Draw::broadcastable));
    }
    if (target.isOfType(ShapeGroup.class)) {
      return Set.of(Draw.arbitrary(Draw::broadcastableGroup));
    }
    return Set.of(
        target
            .findAnnotation(Values.class)
            .map(GradCheckArbitraries::tensors)
            .orElseGet(() -> Draw.arbitrary(d -> d.tensor(d.shape(), Domain.REAL))));
  }

  private static Arbitrary<TensorSample> tensors(Values values) {
    Domain domain =
        new Domain(values.from(), values.to(), values.awayFromKinks(), values.distinct());
    return Draw.arbitrary(
        d -> {
          Shape shape = d.shape(values.minRank(), values.maxRank(), values.emptyAllowed());
          return values.special() ? d.special(shape) : d.tensor(shape, domain);
        });
  }
}
