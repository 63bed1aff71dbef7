package dev.hindsight.transformer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hindsight.engine.Philox;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WordTokenizerTest {
  static final WordTokenizer TOKENIZER =
      tokenizer(
          "add",
          "ad",
          "pad",
          "Solve it now.",
          "max",
          "1",
          "2",
          "3",
          "[",
          "]",
          "<",
          ">",
          ";",
          "-",
          "Error:",
          ".",
          "!");

  static WordTokenizer tokenizer(String... words) {
    List<String> vocabulary = new ArrayList<>(WordTokenizer.CONTROLS);
    vocabulary.addAll(List.of(words));
    return new WordTokenizer(vocabulary);
  }

  private static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    for (int id : TOKENIZER.encodeControl(text)) {
      words.add(TOKENIZER.token(id));
    }
    return words;
  }

  @Test
  void takesTheLongestWord() {
    assertThat(words("add[1;23]")).containsExactly("add", "[", "1", ";", "2", "3", "]");
    assertThat(words(" ad\n\tadd ")).containsExactly("ad", "add");
    assertThat(words("max Solve it now. 3")).containsExactly("max", "Solve it now.", "3");
    assertThat(words("<bos>max<asst>")).containsExactly("<bos>", "max", "<asst>");
    assertThat(words("")).isEmpty();
  }

  /** Text from outside must not be able to write a control token. */
  @Test
  void plainTextHasNoControlTokens() {
    assertThat(TOKENIZER.encode("<pad>"))
        .containsExactly(TOKENIZER.id("<"), TOKENIZER.id("pad"), TOKENIZER.id(">"));
    assertThat(TOKENIZER.encodeControl("<pad>")).containsExactly(TOKENIZER.pad());
    assertThatThrownBy(() -> TOKENIZER.encode("max <eos>"))
        .hasMessageContaining("begins 'eos>' at character 5");
  }

  /** Any tokens in any order: text of a rollout becomes a prompt again, and must stay the same. */
  @Test
  void decodedTextEncodesToTheSameTokens() {
    Philox random = new Philox(1, 1);
    for (int round = 0; round < 2000; round++) {
      int[] tokens = TestModels.tokens(random.nextInt(12), TOKENIZER.size(), random);
      String text = TOKENIZER.decode(tokens);
      assertThat(TOKENIZER.encodeControl(text)).as(text).isEqualTo(tokens);
    }
    assertThat(TOKENIZER.decode(TOKENIZER.encode("max [ 1 ; 2 3 ] !"))).isEqualTo("max[1;23]!");
    assertThat(TOKENIZER.decode(TOKENIZER.encode("max 2 Error: 3 1"))).isEqualTo("max 2 Error:31");
    assertThat(TOKENIZER.decode(14, 6, 15)).isEqualTo("< pad>");
  }

  @Test
  void vocabulariesAreChecked() {
    assertThatThrownBy(() -> new WordTokenizer(List.of("<bos>", "x")))
        .hasMessageContaining("must begin with [<pad>, <bos>, <asst>, <eos>]");
    assertThatThrownBy(() -> tokenizer("a", "a")).hasMessageContaining("'a' stands twice");
    assertThatThrownBy(() -> tokenizer("a", " ")).hasMessageContaining("word 5 is blank");
    assertThatThrownBy(() -> TOKENIZER.id("nope")).hasMessageContaining("'nope'");
    assertThatThrownBy(() -> TOKENIZER.token(21)).hasMessageContaining("ids are 0 to 20");
  }
}
