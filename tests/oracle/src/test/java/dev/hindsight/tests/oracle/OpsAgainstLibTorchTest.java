package dev.hindsight.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Workspace;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.AfterTry;
import net.jqwik.api.lifecycle.BeforeTry;
import org.bytedeco.javacpp.PointerScope;

/**
 * Guards every registered op against libtorch: values, and gradients for random cotangents, within
 * the {@link Bound} of the op. Each property tries at least 60 cases of each op.
 */
class OpsAgainstLibTorchTest {
  /** 60 an op for 120 ops; {@link #everyOpHadItsCases} fails when there are more. */
  private static final int TRIES = 7200;

  private static final int CASES = 60;

  private static final Backend REFERENCE = Backends.get("reference");
  private static final Backend VECTOR = Backends.get("vector");
  private static final Workspace WORKSPACE = new Workspace(REFERENCE);

  /** Each property's comparisons by its label. */
  private static final Map<String, Comparison> COMPARISONS = new TreeMap<>();

  private Workspace.Scope scope;
  private PointerScope pointers;

  @BeforeTry
  void openScopes() {
    scope = WORKSPACE.open();
    pointers = new PointerScope();
  }

  @AfterTry
  void closeScopes() {
    pointers.close();
    scope.close();
  }

  @Property(tries = TRIES)
  void referenceF64(@ForAll("cases") OracleCase c) {
    compare(c, REFERENCE, DType.F64);
  }

  @Property(tries = TRIES)
  void referenceF32(@ForAll("cases") OracleCase c) {
    compare(c, REFERENCE, DType.F32);
  }

  @Property(tries = TRIES)
  void vectorF32(@ForAll("cases") OracleCase c) {
    compare(c, VECTOR, DType.F32);
  }

  private static void compare(OracleCase c, Backend backend, DType dtype) {
    COMPARISONS
        .computeIfAbsent(backend.name() + " " + dtype, _ -> new Comparison(backend, dtype))
        .compare(c);
  }

  @Provide
  Arbitrary<OracleCase> cases() {
    return OracleTable.inTurn();
  }

  @AfterContainer
  static void everyOpHadItsCases() throws IOException {
    for (Map.Entry<String, Comparison> done : COMPARISONS.entrySet()) {
      assertThat(done.getValue().fewestCases())
          .as("cases of each op in %s: raise TRIES", done.getKey())
          .isGreaterThanOrEqualTo(CASES);
      Figures.add(done.getKey() + ": " + done.getValue().summary());
    }
  }
}
