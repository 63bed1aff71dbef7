package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.dialect.DialectError.ArgumentError;
import dev.hindsight.sdpo.dialect.DialectError.MissingEnd;
import dev.hindsight.sdpo.dialect.DialectError.NameError;
import dev.hindsight.sdpo.dialect.DialectError.SyntaxError;
import dev.hindsight.sdpo.dialect.DialectError.WrongAnswer;
import dev.hindsight.sdpo.dialect.FeedbackStyle.Mode;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class FeedbackStyleTest {
  private static final List<DialectError> ERRORS =
      List.of(
          new SyntaxError("[", "("),
          new NameError("max", "lab"),
          new ArgumentError(List.of(4, 9, 2), List.of(6, 6, 6)),
          new WrongAnswer("nis", List.of(9, 4), OptionalLong.of(5), -5),
          new MissingEnd());

  @Test
  void hintsSayWhatWasExpected() {
    assertThat(new FeedbackStyle(Mode.HINT, FeedbackStyle.ALL).text(ERRORS))
        .isEqualTo(
            "SyntaxError: expected [ got ( NameError: max is not defined use lab"
                + " ArgumentError: expected 4 9 2 got 6 6 6"
                + " WrongAnswer: nis 9 4 gave 5 expected -5 SyntaxError: expected end");
  }

  @Test
  void negativeMessagesDoNot() {
    assertThat(new FeedbackStyle(Mode.NEGATIVE, FeedbackStyle.ALL).text(ERRORS))
        .isEqualTo(
            "SyntaxError: unexpected ( NameError: max is not defined"
                + " ArgumentError: unexpected 6 6 6 WrongAnswer: nis 9 4 gave 5"
                + " SyntaxError: expected end");
  }

  @Test
  void reportsTheFirstErrors() {
    assertThat(FeedbackStyle.DEFAULT.text(ERRORS))
        .isEqualTo("SyntaxError: expected [ got ( NameError: max is not defined use lab");
    assertThat(new FeedbackStyle(Mode.HINT, 1).text(ERRORS))
        .isEqualTo("SyntaxError: expected [ got (");
    assertThat(new FeedbackStyle(Mode.NONE, 1).text(ERRORS)).isEmpty();
    assertThat(FeedbackStyle.DEFAULT.text(List.of())).isEmpty();
  }

  @Test
  void refusesWhatMakesNoSense() {
    assertThatThrownBy(() -> new FeedbackStyle(Mode.HINT, 0))
        .hasMessageContaining("maxErrors is 0");
    assertThatThrownBy(() -> Mode.ofName("hints")).hasMessageContaining("[hint, negative, none]");
  }
}
