package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DialectTextTest {

  @Test
  void theVocabularyBeginsWithTheControlTokens() {
    List<String> tokens = DialectVocabulary.tokens();
    assertThat(tokens).hasSize(120).doesNotHaveDuplicates();
    assertThat(tokens.subList(0, 4)).containsExactly("<pad>", "<bos>", "<asst>", "<eos>");
    assertThat(DialectVocabulary.id("<eos>")).isEqualTo(3);
    assertThat(tokens.subList(4, 7))
        .containsExactly(
            "Correct solution:",
            "The following is feedback from your unsuccessful earlier attempt:",
            "Correctly solve the original question.");
    assertThatThrownBy(() -> DialectVocabulary.id("foo")).hasMessageContaining("token 'foo'");
  }

  @Test
  void splitsCallsWithAndWithoutSpaces() {
    List<String> expected = List.of("lab", "[", "9", ";", "4", ";", "7", "]");
    assertThat(DialectText.split("lab[9;4;7]")).isEqualTo(expected);
    assertThat(DialectText.split(" lab [ 9 ;4; 7 ]\n")).isEqualTo(expected);
    assertThat(DialectText.join(expected)).isEqualTo("lab[9;4;7]");
  }

  @Test
  void writesNumbersDigitByDigit() {
    assertThat(DialectText.split("gave -49 expected 5"))
        .containsExactly("gave", "-", "4", "9", "expected", "5");
  }

  @Test
  void keepsWhatIsNoTokenInOnePiece() {
    assertThat(DialectText.split("labmax é\uD83D\uDE00:<eos>"))
        .containsExactly("labmax", "é", "\uD83D\uDE00", ":", "<eos>");
  }

  /**
   * "pad" is a name and "<" a bracket: written together they would be read as the control token.
   */
  @Test
  void keepsBracketsAndNamesFromFormingControlTokens() {
    assertThat(DialectText.join(List.of("<", "pad", ">"))).isEqualTo("< pad>");
  }

  /** What a collapsing policy writes must reach the verifier as the tokens that it is. */
  @Test
  void splittingUndoesJoiningForAnyTokens() {
    Philox random = new Philox(9, 9);
    List<String> vocabulary = DialectVocabulary.tokens();
    for (int i = 0; i < 20_000; i++) {
      List<String> tokens = new ArrayList<>();
      for (int n = random.nextInt(15); n > 0; n--) {
        tokens.add(vocabulary.get(random.nextInt(vocabulary.size())));
      }
      assertThat(DialectText.split(DialectText.join(tokens))).isEqualTo(tokens);
    }
  }
}
