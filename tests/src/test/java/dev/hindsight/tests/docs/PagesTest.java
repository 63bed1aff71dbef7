package dev.hindsight.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import dev.hindsight.gradcheck.OpRegistry;
import dev.hindsight.gradcheck.OpSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/**
 * Guards the pages that come from programs: their snippets are compiled, their numbers what the
 * program prints on the reference backend. After a deliberate change, copy the page that the test
 * leaves under tests/target.
 */
class PagesTest {
  private static final Path REPOSITORY = Path.of(System.getProperty("hindsight.repository"));

  @Test
  void oneQuestion() throws Exception {
    WalkPage out = new WalkPage(WalkOneQuestion.class);
    WalkOneQuestion.walk(REPOSITORY.resolve("models"), out);
    compare("walk-one-question.md", weave(out, WalkOneQuestion.class));
  }

  @Test
  void gradientsByHand() throws Exception {
    WalkPage out = new WalkPage(GradientsByHand.class);
    GradientsByHand.walk(out);
    compare("gradients-by-hand.md", weave(out, GradientsByHand.class));
  }

  @Test
  void testingYourGradients() throws Exception {
    WalkPage out = new WalkPage(TestingYourGradients.class);
    TestingYourGradients.walk(out);
    compare("testing-your-gradients.md", weave(out, TestingYourGradients.class));
  }

  @Test
  void everyOp() throws IOException {
    StringBuilder page =
        new StringBuilder(
            """
            # The differentiable operations

            Each is a method of `Variable` (`composedAttention` and `checkpoint` are `ComposedAttention.apply` and
            `Autograd.checkpoint`), works in F32 and F64, and takes strided views. *Order* says how often it can be
            differentiated: 2 stands for any number of times. *Tried on* is where `./hindsight test` draws the random inputs
            of its gradient tests, at least 200 cases each. The list is gradcheck's `OpRegistry`; a test keeps this page equal
            to it.

            | operation | order | tried on |
            |---|---|---|
            """);
    for (OpSpec spec : OpRegistry.all()) {
      String domain = spec.domain().replace("|", "\\|");
      page.append("| `").append(spec.name()).append("` | ").append(spec.order());
      page.append(" | ").append(domain).append(" |\n");
    }
    compare("operations.md", page.toString());
  }

  /** The example of the README and of the page is a test that runs. */
  @Test
  void theExampleOfAPropertyIsATestOfItsOwn() throws IOException {
    String test =
        Files.readString(
            REPOSITORY.resolve(
                "gradcheck/src/test/java/dev/hindsight/gradcheck/CustomOpTest.java"));
    String readme = Files.readString(REPOSITORY.resolve("README.md"));
    int from = readme.indexOf("```java\n") + "```java\n".length();
    String example = readme.substring(from, readme.indexOf("```", from));
    assertThat(example.lines()).hasSizeLessThan(15);
    assertThat(test).contains(example);
  }

  private static String weave(WalkPage out, Class<?> program) throws IOException {
    String source = "tests/src/test/java/" + program.getName().replace('.', '/') + ".java";
    return out.weave(Files.readAllLines(REPOSITORY.resolve(source)));
  }

  private static void compare(String name, String woven) throws IOException {
    Path now = REPOSITORY.resolve("tests/target").resolve(name);
    Files.writeString(now, woven);
    Path page = REPOSITORY.resolve("docs").resolve(name);
    assertThat(Files.exists(page) ? Files.readString(page) : "")
        .as("docs/%s; as it is now it lies in %s", name, now)
        .isEqualTo(woven);
  }
}
