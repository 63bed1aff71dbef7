package dev.hindsight.sdpo.choice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.sdpo.choice.ChoiceQuestion.Option;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards the reading of SciKnowEval's format: filters, and errors that name line and field. */
class SciKnowEvalTest {
  private static String row(String domain, String level, String type, String question) {
    boolean four = type.equals("mcq-4-choices");
    return """
        {"prompt": {"default": "p"}, "question": "%s", "answer": "", "type": "%s", "domain": "%s", \
        "details": {"level": "%s", "task": "t", "subtask": "s", "source": "x"}, "answerKey": "B", \
        "choices": {"text": %s, "label": %s}}
        """
        .formatted(
            question,
            type,
            domain,
            level,
            four ? "[\"u\", \"v\", \"w\", \"x\"]" : "[\"yes\", \"no\"]",
            four ? "[\"A\", \"B\", \"C\", \"D\"]" : "[\"A\", \"B\"]");
  }

  private static final String ROWS =
      row("Chemistry", "L3", "mcq-4-choices", "one")
          + row("Biology", "L3", "mcq-2-choices", "two")
          + row("Chemistry", "L1", "mcq-4-choices", "three")
          + row("Chemistry", "L3", "mcq-2-choices", "four")
          // a row of another type may lack what a choice needs
          + "{\"question\": \"five\", \"type\": \"true_or_false\", \"domain\": \"Physics\","
          + " \"details\": {\"level\": \"L3\"}, \"choices\": {\"text\": [], \"label\": []}}\n";

  private static List<String> asked(ChoiceFilter filter) {
    return SciKnowEval.parse(ROWS, "f", filter, false).items().stream()
        .map(ChoiceQuestion::question)
        .toList();
  }

  @Test
  void filtersAreThePapersUnlessSaidOtherwise() {
    assertThat(asked(ChoiceFilter.PAPER)).containsExactly("one", "two", "four");
    assertThat(asked(new ChoiceFilter(List.of("Chemistry"), List.of("L3"), List.of())))
        .containsExactly("one", "four");
    assertThat(asked(new ChoiceFilter(List.of(), List.of("L1", "L3"), List.of("mcq-4-choices"))))
        .containsExactly("one", "three");
    assertThatThrownBy(() -> asked(new ChoiceFilter(List.of("chemistry"), List.of(), List.of())))
        .hasMessageContaining("no question passes environment.domains, levels and types")
        .hasMessageContaining("Chemistry L3 mcq-4-choices=1");
  }

  @Test
  void aRowIsReadWhole() {
    ChoiceQuestion q = SciKnowEval.parse(ROWS, "f", ChoiceFilter.PAPER, false).items().get(1);
    assertThat(q)
        .isEqualTo(
            new ChoiceQuestion(
                "line-2", "two", List.of(new Option("A", "yes"), new Option("B", "no")), "B"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          "answerKey": "B" ! "answerKey": "E"  ! f:1: the answer is 'E', expected one of the options' labels [A, B, C, D]
          "answerKey": "B" ! "answerKey": ""   ! f:1: answerKey is blank, expected text
          "B", "C"         ! "B", "B"          ! f:1: labels of the options are [A, B, B, D], expected two or more
          ["u", "v", "w"   ! ["u", "w"         ! f:1: choices: text has 3 options and label 4 labels
          "u", "v"         ! "u", 5            ! f:1: choices: text[1] is 5, expected text
          "choices"        ! "options"         ! f:1: choices is missing, expected an object
          "level"          ! "lvl"             ! f:1: details: level is missing, expected text
          "domain"         ! "field"           ! f:1: domain is missing, expected text
          "question"       ! "q"               ! f:1: question is missing, expected text
          """)
  void wrongRowsNameLineAndField(String from, String to, String message) {
    String text = row("Chemistry", "L3", "mcq-4-choices", "one").replace(from.strip(), to.strip());
    assertThatThrownBy(() -> SciKnowEval.parse(text, "f", ChoiceFilter.PAPER, false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message.strip());
  }

  @Test
  void wrongRowsThatDoNotPassTheFilterDoNoHarm() {
    String wrong = row("Physics", "L3", "mcq-4-choices", "bad").replace("\"B\", \"C\"", "\"B\"");
    ChoiceFilter chemistry = new ChoiceFilter(List.of("Chemistry"), List.of("L3"), List.of());
    assertThat(SciKnowEval.parse(wrong + ROWS, "f", chemistry, false).items()).hasSize(2);
    var skipping = SciKnowEval.parse(wrong + ROWS, "f", ChoiceFilter.PAPER, true);
    assertThat(skipping.items()).hasSize(3);
    assertThat(skipping.leftOut()).hasSize(1);
  }
}
