package dev.hindsight.sdpo.teacher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Guards the exact white space of both flavours: a single newline more or less is another prompt.
 */
class RepromptTemplateTest {

  /** Golden J: prompt "Q?", solution "A!", feedback "E"; length and first half of the SHA-256. */
  @ParameterizedTest
  @CsvSource({
    "reference, true, false, 64, 6258168b9cb47b09",
    "reference, false, true, 111, 76ef9188884ea230",
    "reference, true, true, 133, 51216b1121f69686",
    "trl, true, false, 67, 2d6bef4dcb35eb6a",
    "trl, false, true, 114, d12fd4c43fb12711",
    "trl, true, true, 138, bd07e59c58525c30",
  })
  void matchesTheReferenceByteForByte(
      String flavour, boolean solution, boolean feedback, int length, String sha256Prefix)
      throws Exception {
    RepromptTemplate template =
        flavour.equals("trl") ? RepromptTemplate.TRL : RepromptTemplate.REFERENCE;
    String message =
        template.message(
            "Q?",
            solution ? Optional.of("A!") : Optional.empty(),
            feedback ? List.of("E") : List.of());
    assertThat(message).hasSize(length);
    byte[] digest =
        MessageDigest.getInstance("SHA-256").digest(message.getBytes(StandardCharsets.UTF_8));
    assertThat(HexFormat.of().formatHex(digest)).startsWith(sha256Prefix);
  }

  @Test
  void withoutSolutionAndFeedbackTheMessageIsTheQuestion() {
    assertThat(RepromptTemplate.TRL.message("Q?", Optional.empty(), List.of())).isEqualTo("Q?");
  }

  @Test
  void severalPiecesOfFeedbackMakeSeveralSections() {
    assertThat(RepromptTemplate.REFERENCE.message("Q?", Optional.empty(), List.of("old", "new")))
        .isEqualTo(
            "Q?\nThe following is feedback from your unsuccessful earlier attempt:\n\nold"
                + "\nThe following is feedback from your unsuccessful earlier attempt:\n\nnew"
                + "\n\nCorrectly solve the original question.");
  }

  /** A response may hold anything, the placeholders included. */
  @Test
  void neverFillsInWhatWasFilledIn() {
    assertThat(
            RepromptTemplate.REFERENCE.message(
                "{solution}", Optional.of("{feedback_raw}"), List.of("{prompt}")))
        .startsWith("{solution}\n")
        .contains("\n\n{feedback_raw}\n")
        .contains("\n\n{prompt}\n");
  }

  @Test
  void refusesTemplatesThatLoseAPart() {
    assertThatThrownBy(
            () ->
                new RepromptTemplate(
                    "{prompt}{solution}", "{successful_previous_attempt}", "{feedback_raw}"))
        .hasMessageContaining(
            "the reprompt '{prompt}{solution}' must hold {prompt}, {solution}, {feedback}");
    assertThatThrownBy(
            () ->
                new RepromptTemplate(
                    "{prompt}{solution}{feedback}",
                    "{successful_previous_attempt} {successful_previous_attempt}",
                    "{feedback_raw}"))
        .hasMessageContaining("solution section");
  }
}
