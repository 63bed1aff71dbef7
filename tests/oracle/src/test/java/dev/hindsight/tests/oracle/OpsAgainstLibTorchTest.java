package dev.hindsight.tests.oracle;

import dev.hindsight.engine.Backend;
import dev.hindsight.engine.Backends;
import dev.hindsight.engine.DType;
import dev.hindsight.engine.Workspace;
import dev.hindsight.gradcheck.EachOp;
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
 * the {@link Bound} of the op. Each property draws cases of all ops in turn, {@link EachOp#cases}
 * of each.
 */
class OpsAgainstLibTorchTest {
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

  @Property
  @EachOp
  void referenceF64(@ForAll("cases") OracleCase c) {
    compare(c, REFERENCE, DType.F64);
  }

  @Property
  @EachOp
  void referenceF32(@ForAll("cases") OracleCase c) {
    compare(c, REFERENCE, DType.F32);
  }

  @Property
  @EachOp
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
  static void say() throws IOException {
    for (Map.Entry<String, Comparison> done : COMPARISONS.entrySet()) {
      Figures.add(done.getKey() + ": " + done.getValue().summary());
    }
  }
}
