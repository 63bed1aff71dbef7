package dev.hindsight.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Guards docs/walk-one-question.md: its snippets are the compiled program, its numbers what the
 * program prints on the reference backend. After a deliberate change, copy the page that the test
 * leaves under tests/target.
 */
class WalkOneQuestionTest {
  private static final Path REPOSITORY = Path.of(System.getProperty("hindsight.repository"));

  @Test
  void thePageIsWhatTheProgramPrints() throws Exception {
    WalkPage out = new WalkPage();
    WalkOneQuestion.walk(REPOSITORY.resolve("models"), out);
    Path source =
        REPOSITORY.resolve("tests/src/test/java/dev/hindsight/tests/docs/WalkOneQuestion.java");
    String woven = out.weave(Files.readAllLines(source));
    Path page = REPOSITORY.resolve("docs/walk-one-question.md");
    Path now = REPOSITORY.resolve("tests/target/walk-one-question.md");
    Files.writeString(now, woven);
    assertThat(Files.readString(page))
        .as("docs/walk-one-question.md; as it is now it lies in %s", now)
        .isEqualTo(woven);
  }
}
