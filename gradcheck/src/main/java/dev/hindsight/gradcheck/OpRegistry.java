package dev.hindsight.gradcheck;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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
    all.addAll(MatrixSpecs.all());
    all.addAll(ShapeSpecs.all());
    all.addAll(IndexSpecs.all());
    all.addAll(DecoderSpecs.all());
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
