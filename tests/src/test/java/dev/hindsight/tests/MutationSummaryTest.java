package dev.hindsight.tests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guards the verdict of the mutation check: what was missed is named with its line of code. */
class MutationSummaryTest {
  private static final String MUTANT =
      "<mutation detected='x' status='%s'><sourceFile>Mul.java</sourceFile>"
          + "<mutatedClass>dev.hindsight.autograd.Mul</mutatedClass>"
          + "<mutatedMethod>backward</mutatedMethod><lineNumber>2</lineNumber>"
          + "<mutator>%s</mutator><description>%s</description></mutation>\n";

  @TempDir Path repository;

  @Test
  void countsByKindAndShowsWhatWasMissed() throws Exception {
    write("autograd/src/main/java/dev/hindsight/autograd/Mul.java", "class Mul {\n  dy.neg();\n}");
    write(
        "tests/target/mutations/mutations.xml",
        "<mutations>\n"
            + MUTANT.formatted("KILLED", "dev.hindsight.mutators.FlippedSign", "flipped")
            + MUTANT.formatted("TIMED_OUT", "dev.hindsight.mutators.FlippedSign", "flipped")
            + MUTANT.formatted(
                "SURVIVED",
                "org.pitest.mutationtest.engine.gregor.mutators.experimental.NakedReceiverMutator",
                "replaced call to dev/hindsight/autograd/Variable::neg with receiver")
            + MUTANT.formatted("NO_COVERAGE", "dev.hindsight.mutators.Swapped", "swapped")
            + "</mutations>");
    assertThat(summary())
        .containsPattern("FlippedSign +2 +2 +100.0\n")
        .containsPattern("NakedReceiver +1 +0 +0.0\n")
        .containsPattern("all +4 +2 +50.0\n")
        .contains("1 of those caught made the tests run too long or crash.")
        .contains(
            "  Mul.java:2 backward: replaced call to Variable::neg with receiver\n"
                + "      dy.neg();\n"
                + "  Mul.java:2 backward: swapped (no test comes here)\n")
        .doesNotContain("backward: flipped");
  }

  @Test
  void saysWhenNothingWasMissed() throws Exception {
    write(
        "tests/target/mutations/mutations.xml",
        "<mutations>" + MUTANT.formatted("KILLED", "a.B", "c") + "</mutations>");
    assertThat(summary()).contains("None was missed.");
  }

  /** A build that failed before PIT began must not look like a check that passed. */
  @Test
  void nothingTriedIsNoSuccess() throws Exception {
    assertThat(MutationSummary.summarise(repository, new PrintStream(new ByteArrayOutputStream())))
        .isFalse();
  }

  private String summary() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertThat(MutationSummary.summarise(repository, new PrintStream(bytes, true, UTF_8))).isTrue();
    return bytes.toString(UTF_8);
  }

  private void write(String path, String text) throws Exception {
    Path file = repository.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
