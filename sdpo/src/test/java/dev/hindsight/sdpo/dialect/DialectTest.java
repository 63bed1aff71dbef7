package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.hindsight.engine.Philox;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Names, levels, the prior and hand-written dialects. */
class DialectTest {

  @Test
  void thereAreSeventyTwoNamesAndSixForEachOperation() {
    assertThat(Names.all()).hasSize(72).doesNotHaveDuplicates();
    assertThat(Names.all()).doesNotContain("got", "use", "end", "not");
    assertThat(Names.of(Operation.MAX, 0)).isEqualTo("max");
    assertThat(Names.of(Operation.ADD, 1)).isEqualTo("bag");
    assertThat(Names.of(Operation.MAX, 1)).isEqualTo("lab");
    assertThat(Names.of(Operation.FST, 5)).isEqualTo("van");
    HashSet<String> seen = new HashSet<>();
    for (Operation operation : Operation.values()) {
      for (int rank = 0; rank < Names.RANKS; rank++) {
        assertThat(seen.add(Names.of(operation, rank))).isTrue();
      }
    }
    assertThat(seen).hasSameElementsAs(Names.all());
  }

  @Test
  void levelsHaveTheirPunctuation() {
    assertThat(call(Level.B)).isEqualTo("max(4,9,2)");
    assertThat(call(Level.E)).isEqualTo("max(4;9;2)");
    assertThat(call(Level.P)).isEqualTo("max[4;9;2]");
    assertThat(call(Level.M)).isEqualTo("max[2;9;4]");
    assertThat(call(Level.Q)).isEqualTo("max{4|9|2}.");
    assertThat(call(Level.H)).isEqualTo("max{2|9|4}.");
    assertThat(call(Level.X)).isEqualTo("max<2/9/4>!");
  }

  private static String call(Level level) {
    DialectQuestion question = new DialectQuestion(Operation.MAX, 4, 9, 2);
    Dialect dialect = level.dialect(0);
    return DialectText.join(dialect.answer(question)).replace(dialect.name(Operation.MAX), "max");
  }

  @Test
  void levelsSpreadTheNamesOverTheirRanks() {
    for (Level level : Level.values()) {
      int[] ranks = new int[Names.RANKS];
      for (Operation operation : Operation.values()) {
        for (int rank = 0; rank < Names.RANKS; rank++) {
          if (Names.of(operation, rank).equals(level.dialect(3).name(operation))) {
            ranks[rank]++;
          }
        }
      }
      boolean rare = level.compareTo(Level.Q) >= 0;
      assertThat(ranks)
          .containsExactly(rare ? new int[] {0, 0, 0, 4, 4, 4} : new int[] {2, 2, 2, 2, 2, 2});
    }
    Dialect again = Level.Q.dialect(1);
    assertThat(Level.Q.dialect(1)).isEqualTo(again).isNotEqualTo(Level.Q.dialect(2));
    assertThat(Level.ofName("q")).isEqualTo(Level.Q);
    assertThatThrownBy(() -> Level.ofName("Z")).hasMessageContaining("[B, E, P, M, Q, H, X]");
  }

  /** Frequencies of 20,000 draws within four standard errors (at most .0142) of the prior. */
  @Test
  void priorDrawsWithItsProbabilities() {
    Philox random = new Philox(1, 1);
    int draws = 20_000;
    double[] counts = new double[5];
    for (int i = 0; i < draws; i++) {
      Dialect dialect = DialectPrior.draw(random);
      counts[0] += dialect.bracket() == Bracket.CURLY ? 1 : 0;
      counts[1] += dialect.separator() == Separator.COMMA ? 1 : 0;
      counts[2] += dialect.terminator() == Terminator.DOT ? 1 : 0;
      counts[3] += dialect.order() == ArgumentOrder.REVERSED ? 1 : 0;
      counts[4] += dialect.name(Operation.GCD).equals(Names.of(Operation.GCD, 2)) ? 1 : 0;
    }
    double[] expected = {.15, .5, .25, .3, .18};
    for (int i = 0; i < expected.length; i++) {
      assertThat(Math.abs(counts[i] / draws - expected[i])).isLessThan(.0142);
    }
  }

  @Test
  void knowsThePriorProbabilityOfAnAnswer() {
    Dialect dialect = Dialect.of("[", ";", "none", "reversed", Map.of("max", "lab"));
    assertThat(DialectPrior.probabilityOfAnswer(dialect, new DialectQuestion(Operation.MAX, 4, 9)))
        .isCloseTo(.25 * .25 * .6 * .3 * .22, within(1e-15)); // a few roundings of 2e-3
    assertThat(
            DialectPrior.probabilityOfAnswer(dialect, new DialectQuestion(Operation.MAX, 4, 9, 4)))
        .isCloseTo(.25 * .25 * .6 * .22, within(1e-15));
  }

  @Test
  void readsAHandWrittenDialect() {
    Dialect dialect = Dialect.of("<", "/", "!", "reversed", Map.of("max", "lab", "min", "max"));
    assertThat(dialect.name(Operation.MAX)).isEqualTo("lab");
    assertThat(dialect.name(Operation.MIN)).isEqualTo("max");
    assertThat(dialect.name(Operation.ADD)).isEqualTo("add");
    assertThat(dialect.operation("max")).contains(Operation.MIN);
    assertThat(dialect.operation("min")).isEmpty();
    assertThat(DialectText.join(dialect.answer(new DialectQuestion(Operation.MIN, 4, 9, 2))))
        .isEqualTo("max<2/9/4>!");
  }

  @Test
  void saysWhatIsWrongWithAHandWrittenDialect() {
    assertThatThrownBy(() -> Dialect.of("]", ";", "none", "as-asked", Map.of()))
        .hasMessage("Dialect: bracket ']' does not exist, expected '(' or '[' or '{' or '<'");
    assertThatThrownBy(() -> Dialect.of("[", ":", "none", "as-asked", Map.of()))
        .hasMessageContaining("separator ':' does not exist, expected ','");
    assertThatThrownBy(() -> Dialect.of("[", ";", "", "as-asked", Map.of()))
        .hasMessageContaining("terminator '' does not exist, expected 'none' or '.' or '!'");
    assertThatThrownBy(() -> Dialect.of("[", ";", "none", "forward", Map.of()))
        .hasMessageContaining("order 'forward' does not exist, expected 'as-asked' or 'reversed'");
    assertThatThrownBy(() -> Dialect.of("[", ";", "none", "as-asked", Map.of("pow", "lab")))
        .hasMessageContaining("operation 'pow' does not exist");
    assertThatThrownBy(() -> Dialect.of("[", ";", "none", "as-asked", Map.of("max", "largest")))
        .hasMessageContaining("name 'largest' is not in the vocabulary");
    assertThatThrownBy(() -> Dialect.of("[", ";", "none", "as-asked", Map.of("max", "min")))
        .hasMessageContaining("name 'min' stands for two operations");
    List<String> tooFew = Collections.nCopies(3, "add");
    assertThatThrownBy(
            () ->
                new Dialect(
                    Bracket.ROUND,
                    Separator.COMMA,
                    Terminator.NONE,
                    ArgumentOrder.AS_ASKED,
                    tooFew))
        .hasMessageContaining("3 names, expected one for each of the 12");
  }

  @Test
  void operationsHaveTheirValues() {
    assertThat(value("add 4 9 2")).isEqualTo(15);
    assertThat(value("sub 4 9")).isEqualTo(-5);
    assertThat(value("mul 4 9 2")).isEqualTo(72);
    assertThat(value("div 9 4")).isEqualTo(2);
    assertThat(value("mod 9 4")).isEqualTo(1);
    assertThat(value("max 4 9 2")).isEqualTo(9);
    assertThat(value("min 4 9 2")).isEqualTo(2);
    assertThat(value("cat 4 9 2")).isEqualTo(492);
    assertThat(value("gcd 8 4 6")).isEqualTo(2);
    assertThat(value("avg 4 9 2")).isEqualTo(5);
    assertThat(value("rng 4 9 2")).isEqualTo(7);
    assertThat(value("fst 4 9 2")).isEqualTo(4);
    assertThat(Operation.SUB.apply(9, 4, 7)).hasValue(-2);
    assertThat(Operation.DIV.apply(9, 2, 2)).hasValue(2);
    assertThat(Operation.MOD.apply(9, 0)).isEmpty();
    assertThatThrownBy(() -> Operation.ADD.apply()).hasMessageContaining("no arguments");
  }

  private static long value(String question) {
    return DialectQuestion.parse(question).value();
  }
}
