package dev.hindsight.sdpo.dialect;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.sdpo.dialect.PretrainingDocument.Kind;
import dev.hindsight.sdpo.teacher.RepromptTemplate;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PretrainingDocumentsTest {
  private static final int COUNT = 20_000;
  private static final List<PretrainingDocument> DOCUMENTS =
      IntStream.range(0, COUNT).mapToObj(i -> PretrainingDocuments.training(0).get(i)).toList();

  @Test
  void aDocumentIsAFunctionOfSeedAndIndex() {
    PretrainingDocuments again = PretrainingDocuments.training(0);
    for (int i = 99; i >= 0; i--) {
      assertThat(again.get(i)).isEqualTo(DOCUMENTS.get(i));
    }
    assertThat(PretrainingDocuments.training(1).get(0)).isNotEqualTo(DOCUMENTS.get(0));
  }

  /** Shares of the mixture; four standard errors of 30 % in 20,000 are .013. */
  @Test
  void kindsHaveTheirShares() {
    Map<Kind, Integer> counts = new EnumMap<>(Kind.class);
    DOCUMENTS.forEach(document -> counts.merge(document.kind(), 1, Integer::sum));
    Map<Kind, Double> expected =
        Map.of(
            Kind.PLAIN,
            .3,
            Kind.SOLUTION,
            .15,
            Kind.FEEDBACK,
            .3,
            Kind.SOLUTION_AND_FEEDBACK,
            .1,
            Kind.SEVERAL_FEEDBACKS,
            .15);
    expected.forEach(
        (kind, share) ->
            assertThat(Math.abs(counts.get(kind) / (double) COUNT - share)).isLessThan(.013));
  }

  /** The prototype trained on 14.7 million tokens in 640,000 documents: 23.0 each. */
  @Test
  void documentsHaveAboutTwentyThreeTokens() {
    double mean = DOCUMENTS.stream().mapToInt(PretrainingDocument::length).average().orElseThrow();
    assertThat(mean).isBetween(22.5, 24.5);
    assertThat(DOCUMENTS)
        .allMatch(document -> document.prompt().size() <= PretrainingDocuments.MAX_PROMPT_TOKENS);
    assertThat(DOCUMENTS).allMatch(document -> document.target().size() <= 10);
  }

  /** Whether every document is what the reprompt template and the chat format make of its parts. */
  @Test
  void promptsAreThoseOfTheRepromptTemplate() {
    for (PretrainingDocument document : DOCUMENTS.subList(0, 2000)) {
      List<String> prompt = document.prompt();
      List<String> question = prompt.subList(1, questionEnd(prompt));
      int feedbacks = Collections.frequency(prompt, RepromptTemplate.FEEDBACK_HEADING);
      assertThat(prompt.getFirst()).isEqualTo("<bos>");
      assertThat(prompt.getLast()).isEqualTo("<asst>");
      assertThat(document.target().getLast()).isEqualTo("<eos>");
      String message =
          RepromptTemplate.REFERENCE.message(
              String.join(" ", question), solution(prompt), feedback(prompt));
      assertThat(DialectText.split("<bos>" + message + "<asst>")).isEqualTo(prompt);
      switch (document.kind()) {
        case PLAIN, SOLUTION -> assertThat(feedbacks).isZero();
        case FEEDBACK, SOLUTION_AND_FEEDBACK -> assertThat(feedbacks).isEqualTo(1);
        case SEVERAL_FEEDBACKS -> assertThat(feedbacks).isBetween(2, 5);
      }
      assertThat(document.promptIds()).hasSameSizeAs(prompt);
      assertThat(document.targetIds()).endsWith(3);
    }
  }

  @Test
  void solutionsAreTheTarget() {
    for (PretrainingDocument document : DOCUMENTS) {
      Optional<String> solution = solution(document.prompt());
      boolean shown =
          document.kind() == Kind.SOLUTION || document.kind() == Kind.SOLUTION_AND_FEEDBACK;
      assertThat(solution.isPresent()).isEqualTo(shown);
      solution.ifPresent(
          text ->
              assertThat(DialectText.split(text))
                  .isEqualTo(document.target().subList(0, document.target().size() - 1)));
    }
  }

  /** Training documents never ask a held-out question, held-out ones nothing else. */
  @Test
  void theSplitHolds() {
    for (int i = 0; i < 2000; i++) {
      assertThat(heldOut(DOCUMENTS.get(i))).isFalse();
      assertThat(heldOut(PretrainingDocuments.heldOut(0).get(i))).isTrue();
    }
  }

  private static boolean heldOut(PretrainingDocument document) {
    List<String> prompt = document.prompt();
    return DialectQuestion.parse(String.join(" ", prompt.subList(1, questionEnd(prompt))))
        .heldOut();
  }

  private static Optional<String> solution(List<String> prompt) {
    int at = prompt.indexOf(RepromptTemplate.SOLUTION_HEADING);
    return at < 0 ? Optional.empty() : Optional.of(section(prompt, at));
  }

  private static List<String> feedback(List<String> prompt) {
    return IntStream.range(0, prompt.size())
        .filter(i -> prompt.get(i).equals(RepromptTemplate.FEEDBACK_HEADING))
        .mapToObj(i -> section(prompt, i))
        .toList();
  }

  private static String section(List<String> prompt, int heading) {
    int to = heading + 1;
    while (!DialectVocabulary.templateTokens().contains(prompt.get(to))) {
      to++;
    }
    return DialectText.join(prompt.subList(heading + 1, to));
  }

  /** Where the question of a prompt ends. */
  private static int questionEnd(List<String> prompt) {
    int to = 2;
    while (prompt.get(to).length() == 1) {
      to++;
    }
    return to;
  }
}
