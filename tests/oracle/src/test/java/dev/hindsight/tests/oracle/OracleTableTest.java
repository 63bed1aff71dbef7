package dev.hindsight.tests.oracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.gradcheck.OpRegistry;
import dev.hindsight.gradcheck.OpSpec;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import net.jqwik.api.Example;

/** Guards the table: an op that is not in it would never be compared, and nobody would know. */
class OracleTableTest {
  @Example
  void everyOpIsComparedOrExempt() {
    Set<String> missing = registered();
    missing.removeAll(OracleTable.all().keySet());
    missing.removeAll(OracleTable.EXEMPT.keySet());
    assertThat(missing)
        .as("ops of gradcheck's OpRegistry without an entry in the oracle's tables")
        .isEmpty();
  }

  @Example
  void everyEntryIsAnOpAndIsNotExempt() {
    Set<String> unknown = new TreeSet<>(OracleTable.all().keySet());
    unknown.addAll(OracleTable.EXEMPT.keySet());
    unknown.removeAll(registered());
    assertThat(unknown).as("entries of the oracle that are no ops").isEmpty();
    Set<String> both = new TreeSet<>(OracleTable.all().keySet());
    both.retainAll(OracleTable.EXEMPT.keySet());
    assertThat(both).as("ops that are compared and exempt").isEmpty();
  }

  private static Set<String> registered() {
    return OpRegistry.all().stream()
        .map(OpSpec::name)
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
