package dev.hindsight.tests.oracle;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomGenerator;

/** Every op of gradcheck's registry beside libtorch's, or the reason why it is not. */
final class OracleTable {
  private static final int GENERATED_AT_ONCE = 1000;

  private OracleTable() {}

  /** Why PyTorch has no op and no composition of ops that would check it. */
  static final Map<String, String> EXEMPT = Map.of();

  /** The entries by the names of the registry, families together. */
  static Map<String, OracleOp> all() {
    List<OracleOp> all = new ArrayList<>();
    all.addAll(ElementwiseOracle.all());
    all.addAll(PairOracle.all());
    all.addAll(ReductionOracle.all());
    all.addAll(StatisticsOracle.all());
    all.addAll(MatrixOracle.all());
    all.addAll(EinsumOracle.all());
    all.addAll(ShapeOracle.all());
    all.addAll(ArrangementOracle.all());
    all.addAll(IndexOracle.all());
    all.addAll(LossOracle.all());
    all.addAll(DecoderOracle.all());
    all.addAll(AttentionOracle.all());
    Map<String, OracleOp> byName = new LinkedHashMap<>();
    for (OracleOp op : all) {
      if (byName.put(op.name(), op) != null) {
        throw new IllegalStateException("oracle table: " + op.name() + " is there twice");
      }
    }
    return byName;
  }

  /**
   * Cases of one op after another, as gradcheck's registry has them; a case shrinks within its op.
   */
  static Arbitrary<OracleCase> inTurn() {
    List<RandomGenerator<OracleCase>> generators =
        all().values().stream().map(op -> op.cases().generator(GENERATED_AT_ONCE)).toList();
    AtomicInteger next = new AtomicInteger();
    return Arbitraries.fromGenerator(
        random ->
            generators.get(Math.floorMod(next.getAndIncrement(), generators.size())).next(random));
  }
}
