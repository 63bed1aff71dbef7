package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.engine.Philox;
import dev.hindsight.transformer.Document;
import dev.hindsight.transformer.WordTokenizer;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Guards that the model's tokenizer and this environment read texts the same way. */
class DialectTokenizerTest {
  private static final WordTokenizer TOKENIZER = new WordTokenizer(DialectVocabulary.tokens());

  /**
   * "pad" is a name and "<" a bracket: a policy that writes them must not seem to write a control
   * token.
   */
  @Test
  void aNameInAngleBracketsIsNoControlToken() {
    int[] response = DialectVocabulary.ids(List.of("lab", "<", "pad", ">"));
    assertThat(DialectText.split(TOKENIZER.decode(response)))
        .containsExactly("lab", "<", "pad", ">");
  }

  /** What a policy sampled reaches the verifier as the tokens that it is, whatever they are. */
  @Test
  void theVerifierReadsWhatThePolicyWrote() {
    Philox random = new Philox(3, 3);
    for (int i = 0; i < 20_000; i++) {
      int[] response = new int[random.nextInt(15)];
      for (int t = 0; t < response.length; t++) {
        response[t] = random.nextInt(TOKENIZER.size());
      }
      List<String> tokens = Arrays.stream(response).mapToObj(TOKENIZER::token).toList();
      assertThat(DialectText.split(TOKENIZER.decode(response))).isEqualTo(tokens);
      assertThat(TOKENIZER.encodeControl(DialectText.join(tokens))).isEqualTo(response);
    }
  }

  @Test
  void documentsAreWhatTheTokenizerMakesOfTheirTexts() {
    DialectDocumentSource source = new DialectDocumentSource(0, 128, 64);
    List<Document> batch = source.batch(3);
    assertThat(batch).hasSize(128);
    assertThat(source.heldOut()).hasSize(64);
    for (int i = 0; i < batch.size(); i++) {
      PretrainingDocument document = PretrainingDocuments.training(0).get(3 * 128 + i);
      assertThat(batch.get(i).prompt())
          .isEqualTo(TOKENIZER.encodeControl(DialectText.join(document.prompt())));
      assertThat(batch.get(i).target())
          .isEqualTo(TOKENIZER.encodeControl(DialectText.join(document.target())));
    }
  }
}
