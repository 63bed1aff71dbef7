package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.dialect.DialectVerifier.ArgumentCheck;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Guards the verifier's rules one by one. The tables read {@code question >> response >> all hints,
 * joined by " & "}; nothing after the second {@code >>} means right.
 */
class DialectVerifierTest {
  private static final Map<String, String> NAMES = Map.of("max", "lab", "min", "pad", "sub", "nis");

  private static final Dialect BARE = Dialect.of("[", ";", "none", "as-asked", NAMES);
  private static final Dialect DOTTED = Dialect.of("{", "|", ".", "as-asked", NAMES);
  private static final Dialect REVERSED = Dialect.of("<", "/", "!", "reversed", NAMES);

  /** Brackets [ ], separator ;, no terminator, arguments as asked. */
  static Stream<Arguments> bare() {
    return rows(
        """
        max 4 9 2 >> lab[4;9;2] >>
        max 4 9 2 >> lab [ 4 ; 9 ; 2 ] >>
        max 4 9 2 >> lab[2;9;4] >>
        max 4 9 2 >> lab[9;2;4] >>
        sub 4 9 >> nis[4;9] >>
        max 4 4 >> pad[4;4] >>

        max 4 9 2 >> >> SyntaxError: expected name got end
        max 4 9 2 >> [4;9;2] >> SyntaxError: expected name got [
        max 4 9 2 >> 4 lab >> SyntaxError: expected name got 4
        max 4 9 2 >> got[4;9;2] >> SyntaxError: expected name got got
        max 4 9 2 >> foo[4;9;2] >> SyntaxError: expected name got error
        max 4 9 2 >> <bos> lab[4;9;2] >> SyntaxError: expected name got error
        max 4 9 2 >> Correct solution: lab[4;9;2] >> SyntaxError: expected name got error

        max 4 9 2 >> lab >> SyntaxError: expected [ got end
        max 4 9 2 >> lab 4 >> SyntaxError: expected [ got 4
        max 4 9 2 >> lab lab[4;9;2] >> SyntaxError: expected [ got lab
        max 4 9 2 >> lab]4;9;2] >> SyntaxError: expected [ got ]
        max 4 9 2 >> lab(4;9;2] >> SyntaxError: expected [ got (
        max 4 9 2 >> lab(4;9;2) >> SyntaxError: expected [ got (
        max 4 9 2 >> lab(4;9;2} >> SyntaxError: expected [ got ( & SyntaxError: expected ] got }
        max 4 9 2 >> lab[4;9;2) >> SyntaxError: expected ] got )
        max 4 9 2 >> lab<4;9;2> >> SyntaxError: expected [ got <

        max 4 9 2 >> lab[] >> SyntaxError: expected number got ]
        max 4 9 2 >> lab[ >> SyntaxError: expected number got end
        max 4 9 2 >> lab[;4] >> SyntaxError: expected number got ;
        max 4 9 2 >> lab[4;] >> SyntaxError: expected number got ]
        max 4 9 2 >> lab[-4] >> SyntaxError: expected number got -
        max 4 9 2 >> lab( ] >> SyntaxError: expected [ got ( & SyntaxError: expected number got ]
        max 4 9 2 >> lab<pad >> SyntaxError: expected [ got < & SyntaxError: expected number got pad

        max 4 9 2 >> lab[4,9;2] >> SyntaxError: expected ; got ,
        max 4 9 2 >> lab[4,9,2] >> SyntaxError: expected ; got ,
        max 4 9 2 >> lab[4,9|2] >> SyntaxError: expected ; got ,
        max 4 9 2 >> lab[4;9/2] >> SyntaxError: expected ; got /
        max 4 9 2 >> lab(4,9,2) >> SyntaxError: expected [ got ( & SyntaxError: expected ; got ,

        max 4 9 2 >> lab[49] >> SyntaxError: expected ; got 9
        max 4 9 2 >> lab[4 >> SyntaxError: expected ; got end
        max 4 9 2 >> lab[4;9 >> SyntaxError: expected ; got end
        max 4 9 2 >> lab[4;9;2 >> SyntaxError: expected ] got end
        max 4 9 2 >> lab[4;9;2 lab >> SyntaxError: expected ] got lab
        max 4 9 2 >> lab[4;9;2;1! >> SyntaxError: expected ] got !
        max 4 9 >> lab[4;9[ >> SyntaxError: expected ] got [

        max 4 9 2 >> lab[4;9;2]. >> SyntaxError: expected end got .
        max 4 9 2 >> lab[4;9;2]!. >> SyntaxError: expected end got ! & SyntaxError: expected end got .
        max 4 9 2 >> lab[4;9;2] lab >> SyntaxError: expected end got lab
        max 4 9 2 >> lab[4;9;2]] >> SyntaxError: expected end got ]
        max 4 9 2 >> lab[4;9;2] end >> SyntaxError: expected end got end

        max 4 9 2 >> max[4;9;2] >> NameError: max is not defined use lab
        max 4 9 2 >> zov[1;1] >> NameError: zov is not defined use lab
        max 4 9 2 >> max(4,9,2). >> SyntaxError: expected [ got ( & SyntaxError: expected ; got , & SyntaxError: expected end got . & NameError: max is not defined use lab
        max 4 9 2 >> max[4;9;2] lab >> SyntaxError: expected end got lab

        max 4 9 2 >> lab[6;6;6] >> ArgumentError: expected 4 9 2 got 6 6 6
        max 4 9 2 >> lab[9] >> ArgumentError: expected 4 9 2 got 9
        max 4 9 2 >> lab[4;9] >> ArgumentError: expected 4 9 2 got 4 9
        max 4 9 2 >> lab[4;9;2;2;2] >> ArgumentError: expected 4 9 2 got 4 9 2 2
        max 4 9 9 >> lab[4;4;9] >> ArgumentError: expected 4 9 9 got 4 4 9
        max 4 9 2 >> lab[9;9;0] >> ArgumentError: expected 4 9 2 got 9 9 0
        max 4 9 2 >> lab(6;6;6) >> SyntaxError: expected [ got ( & ArgumentError: expected 4 9 2 got 6 6 6

        max 4 9 2 >> pad[4;9;2] >> WrongAnswer: pad 4 9 2 gave 2 expected 9
        sub 4 9 >> nis[9;4] >> WrongAnswer: nis 9 4 gave 5 expected -5
        cat 4 9 >> cat[9;4] >> WrongAnswer: cat 9 4 gave 94 expected 49
        sub 4 9 >> nis(9,4) >> SyntaxError: expected [ got ( & SyntaxError: expected ; got , & WrongAnswer: nis 9 4 gave 5 expected -5
        """);
  }

  /** Brackets { }, separator |, terminator dot. */
  static Stream<Arguments> dotted() {
    return rows(
        """
        max 4 9 >> lab{4|9}. >>
        max 4 9 >> lab{4|9} >> SyntaxError: expected . got end
        max 4 9 >> lab{4|9}! >> SyntaxError: expected . got !
        max 4 9 >> lab{4|9}!. >> SyntaxError: expected . got ! & SyntaxError: expected end got .
        max 4 9 >> lab{4|9}.. >> SyntaxError: expected end got .
        max 4 9 >> lab{4|9}.lab >> SyntaxError: expected end got lab
        max 4 9 >> lab{4|9}lab >> SyntaxError: expected . got lab
        max 4 9 >> max{4|9} >> SyntaxError: expected . got end & NameError: max is not defined use lab
        max 4 9 >> max(4,9) >> SyntaxError: expected { got ( & SyntaxError: expected | got , & SyntaxError: expected . got end & NameError: max is not defined use lab
        """);
  }

  /** Brackets < >, separator /, terminator !, arguments reversed. */
  static Stream<Arguments> reversed() {
    return rows(
        """
        sub 4 9 >> nis<9/4>! >>
        sub 4 9 >> nis<4/9>! >> WrongAnswer: nis 4 9 gave 5 expected -5
        max 4 9 2 >> lab<2/9/4>! >>
        max 4 9 2 >> lab<4/9/2>! >>
        fst 4 9 2 >> fst<2/9/4>! >>
        fst 4 9 2 >> fst<2/4/9>! >> WrongAnswer: fst 2 4 9 gave 9 expected 4
        """);
  }

  private static Stream<Arguments> rows(String table) {
    return table
        .lines()
        .filter(line -> !line.isBlank())
        .map(line -> line.strip().split(" >>", -1))
        .map(parts -> Arguments.of(parts[0], parts[1].strip(), parts[2].strip()));
  }

  private static void check(Dialect dialect, String question, String response, String hints) {
    DialectVerifier verifier = new DialectVerifier(dialect, ArgumentCheck.STRICT);
    List<DialectError> errors =
        verifier.judge(DialectQuestion.parse(question), DialectText.split(response), true);
    assertThat(String.join(" & ", errors.stream().map(error -> error.message(true)).toList()))
        .isEqualTo(hints);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("bare")
  void judgesInTheBareDialect(String question, String response, String hints) {
    check(BARE, question, response, hints);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("dotted")
  void judgesInTheDottedDialect(String question, String response, String hints) {
    check(DOTTED, question, response, hints);
  }

  @ParameterizedTest(name = "{0}: {1}")
  @MethodSource("reversed")
  void judgesInTheReversedDialect(String question, String response, String hints) {
    check(REVERSED, question, response, hints);
  }

  private static String loose(String question, String response) {
    return FeedbackStyle.DEFAULT.text(
        new DialectVerifier(BARE, ArgumentCheck.LOOSE)
            .judge(DialectQuestion.parse(question), DialectText.split(response), true));
  }

  /** The loophole that strict arguments close: the value is all that counts. */
  @Test
  void looseArgumentsCountByTheirValue() {
    assertThat(loose("max 4 9 2", "lab[9]")).isEmpty();
    assertThat(loose("max 4 6 2", "lab[6;6;6]")).isEmpty();
    assertThat(loose("max 4 9 2", "lab[6;6;6]"))
        .isEqualTo("WrongAnswer: lab 6 6 6 gave 6 expected 9");
    assertThat(loose("div 4 2", "div[4;0]"))
        .isEqualTo("WrongAnswer: div 4 0 gave error expected 2");
    assertThat(loose("max 4 9 2", "lab[1;2;3;4;5;6]"))
        .isEqualTo("WrongAnswer: lab 1 2 3 4 gave 6 expected 9");
    assertThat(loose("cat 4 9", "cat[" + "9;".repeat(30) + "9]"))
        .isEqualTo("WrongAnswer: cat 9 9 9 9 gave error expected 49");
  }

  private static List<DialectError> unfinished(String response) {
    return new DialectVerifier(BARE, ArgumentCheck.STRICT)
        .judge(DialectQuestion.parse("max 4 9"), DialectText.split(response), false);
  }

  @Test
  void whatDoesNotEndIsNeverRight() {
    assertThat(FeedbackStyle.DEFAULT.text(unfinished("lab[4;9]")))
        .isEqualTo("SyntaxError: expected end");
    assertThat(FeedbackStyle.DEFAULT.text(unfinished("lab[4;9")))
        .isEqualTo("SyntaxError: expected ] got end");
  }
}
