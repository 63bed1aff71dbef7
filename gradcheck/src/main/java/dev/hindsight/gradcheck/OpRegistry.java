package dev.hindsight.gradcheck;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomGenerator;

/**
 * Every differentiable op of autograd with its domain, its order, and how to draw cases of it: the
 * list that gradient tests, conformance tests and documents walk over. An op that is missing here
 * fails a test by name.
 */
public final class OpRegistry {
  private static final Map<String, OpSpec> SPECS = new LinkedHashMap<>();

  static {
    List<OpSpec> all = new ArrayList<>();
    all.addAll(ElementwiseSpecs.all());
    all.addAll(PairSpecs.all());
    all.addAll(ReductionSpecs.all());
    all.addAll(StatisticsSpecs.all());
    all.addAll(MatrixSpecs.all());
    all.addAll(EinsumSpecs.all());
    all.addAll(ShapeSpecs.all());
    all.addAll(ArrangementSpecs.all());
    all.addAll(IndexSpecs.all());
    all.addAll(DecoderSpecs.all());
    all.addAll(LossSpecs.all());
    for (OpSpec spec : all) {
      if (SPECS.put(spec.name(), spec) != null) {
        throw new IllegalStateException("op registry: " + spec.name() + " is there twice");
      }
    }
  }

  private OpRegistry() {}

  /** All ops, families together. */
  public static List<OpSpec> all() {
    return List.copyOf(SPECS.values());
  }

  /** The ops that can be differentiated so often: 0, 1 or 2 times. */
  public static List<OpSpec> ofOrder(int order) {
    return SPECS.values().stream().filter(spec -> spec.order() >= order).toList();
  }

  /**
   * Cases of the ops of {@link #ofOrder}, one op after another: with n times as many tries as there
   * are ops, each has n cases. A case shrinks within its op, as another op that fails too would be
   * another finding.
   */
  public static Arbitrary<OpCase> inTurn(int order) {
    List<RandomGenerator<OpCase>> generators =
        ofOrder(order).stream().map(spec -> spec.cases().generator(1000)).toList();
    AtomicInteger next = new AtomicInteger();
    return Arbitraries.fromGenerator(
        random ->
            generators.get(Math.floorMod(next.getAndIncrement(), generators.size())).next(random));
  }

  /**
   * The op of that name.
   *
   * @throws IllegalArgumentException when there is none
   */
  public static OpSpec get(String name) {
    OpSpec spec = SPECS.get(name);
    if (spec == null) {
      throw new IllegalArgumentException("op registry: there is no op called " + name);
    }
    return spec;
  }
}
