package dev.hindsight.sdpo.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Guards that no row is lost in silence and that errors name the line. */
class JsonRowsTest {
  @TempDir Path folder;

  private static JsonRows.Items<String> parse(String text, boolean skip) {
    return JsonRows.parse(text, "f", skip, (row, attempts) -> attempts.add(r -> r.text("a"), row));
  }

  @Test
  void linesAndAListAreTheSame() {
    String lines = "{\"a\":\"x\"}\n\n{\"a\":\"y\", \"b\":[1,{}]}\r\n";
    String list = " [{\"a\":\"x\"},\n {\"a\":\"y\",\n \"b\":[]}\n]\n";
    assertThat(parse(lines, false).items()).containsExactly("x", "y");
    assertThat(parse(list, false).items()).containsExactly("x", "y");
    assertThat(parse("", false).items()).isEmpty();
    assertThat(parse("[]", false).items()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '!',
      quoteCharacter = '`',
      textBlock =
          """
          {"a":"x"}|{"b":1}                 ! f:2: a is missing, expected text
          {"a":"x"}||{"a":" "}              ! f:3: a is blank, expected text
          {"a":3}                           ! f:1: a is 3, expected text
          {"a":null}                        ! f:1: a is null, expected text
          {"a":"x"}|{"a":"y"                ! f:2: expected one JSON object a line
          {"a":"x"} {"a":"y"}               ! f:1: expected one JSON object a line
          {"a":"x","a":"y"}                 ! f:1: expected one JSON object a line
          "x"                               ! f:1: expected a JSON object, got "x"
          [{"a":"x"},|{"a":7}]              ! f:2: a is 7, expected text
          [{"a":"x"},|3]                    ! f:2: expected a JSON object, got 3
          [{"a":"x"},|{"a":]                ! f:2: expected one JSON object a line, or one list
          [{"a":"x"}|                       ! f:2: expected one JSON object a line, or one list
          [{"a":"x"}]|{"a":"y"}             ! f:2: text after the end of the list
          """)
  void errorsNameTheLineAndWhatWasExpected(String text, String message) {
    assertThatThrownBy(() -> parse(text.replace('|', '\n'), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(message.strip());
  }

  @Test
  void wrongRowsAreCountedAndLeftOutOnlyWhenAsked() {
    String text = "{\"a\":1}\n{\"a\":\"x\"}\nnonsense\n{\"a\":\"y\"}\n";
    assertThatThrownBy(() -> parse(text, false))
        .hasMessage(
            "f:1: a is 1, expected text (and 1 more wrong); mend it, or leave wrong rows out with"
                + " skip_wrong_rows: true");
    JsonRows.Items<String> read = parse(text, true);
    assertThat(read.items()).containsExactly("x", "y");
    assertThat(read.leftOut()).hasSize(2);
    assertThat(read.leftOut().get(1)).startsWith("f:3: ");
  }

  @Test
  void filesAreUtf8WithOrWithoutAMark() throws IOException {
    Path file = folder.resolve("f.jsonl");
    JsonRows.Visitor<String> visitor = (row, attempts) -> attempts.add(r -> r.text("a"), row);
    Files.writeString(file, "\uFEFF{\"a\":\"ä\"}");
    assertThat(JsonRows.read(file, false, visitor).items()).containsExactly("ä");
    Files.write(file, "{\"a\":\"ä\"}".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> JsonRows.read(file, false, visitor))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("not UTF-8");
    assertThatThrownBy(() -> JsonRows.read(folder.resolve("none"), false, visitor))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("does not exist");
  }
}
