package dev.hindsight.tests;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Guards the verdict of {@code ./hindsight test}: nothing red, absent or skipped goes unsaid. */
class TestSummaryTest {
  @TempDir Path repository;

  private boolean passed;

  @Test
  void addsUpModulesAndRandomCases() throws Exception {
    report("engine", "a.B", 3, 0, 0, 0, "<testcase name='x' classname='a.B'/>");
    report("tests", "c.D", 2, 0, 0, 0, "");
    write("tests/target/random-cases.tsv", "c.D.p\t1000\nc.D.q\t250\n");
    assertThat(summary(true))
        .contains(
            "5 tests, 2 of them properties that tried 1,250 random cases; 0 failed, 0 skipped.")
        .endsWith("Tests run: 5, Failures: 0, Errors: 0, Skipped: 0\n");
    assertThat(passed).isTrue();
  }

  @Test
  void modulesInsideModulesCountAndMayAddFigures() throws Exception {
    report("tests", "c.D", 2, 0, 0, 0, "");
    report("tests/oracle", "e.F", 4, 0, 0, 0, "");
    write("tests/oracle/target/random-cases.tsv", "e.F.p\t60\n");
    write("tests/oracle/target/figures.txt", "loss: worst of 20 steps 1e-7\n");
    assertThat(summary(true))
        .contains("tests/oracle ")
        .contains("Measured in tests/oracle:\n  loss: worst of 20 steps 1e-7\n")
        .contains("6 tests, 1 of them properties that tried 60 random cases; 0 failed, 0 skipped.");
  }

  @Test
  void skippedTestsAreNamedWithTheirReason() throws Exception {
    report(
        "engine",
        "a.B",
        4,
        0,
        0,
        3,
        "<testcase name='x' classname='a.B'><skipped message='org.opentest4j.TestAbortedException: needs wide vectors&#10; at a.B.x'/></testcase>"
            + "<testcase name='y' classname='a.B'><skipped message='org.opentest4j.TestAbortedException: Assumption failed: no device'/></testcase>"
            + "<testcase name='z' classname='a.B'><skipped message='org.opentest4j.TestAbortedException: Assumption failed: needs wide vectors'/></testcase>");
    assertThat(summary(true))
        .contains("  needs wide vectors\n    a.B.x\n    a.B.z\n  no device\n    a.B.y\n")
        .contains("3 skipped");
    assertThat(passed).isTrue();
  }

  @Test
  void failedTestShowsItsMessageAndWhatItPrintedLast() throws Exception {
    report(
        "engine",
        "a.B",
        2,
        1,
        0,
        0,
        "<testcase name='x' classname='a.B'>"
            + "<failure message='&#10;expected: 1&#10; but was: 2'>trace</failure></testcase>");
    write("engine/target/surefire-reports/a.B-output.txt", "Sample\n  x: 17\n");
    assertThat(summary(false))
        .contains("a.B.x: expected: 1 but was: 2")
        .contains("    Sample\n      x: 17");
    assertThat(passed).isFalse();
  }

  /** Surefire writes no report for a JVM that died, so Maven's exit code must count as well. */
  @Test
  void buildThatFailedWithoutFailedTestIsNoSuccess() throws Exception {
    report("engine", "a.B", 2, 0, 0, 0, "");
    write("tests/pom.xml", "");
    write("tests/src/test/java/X.java", "");
    assertThat(summary(false))
        .contains("No test failed, but the build did")
        .contains("Not reached, or left out: the tests of tests");
    assertThat(passed).isFalse();
  }

  @Test
  void noTestAtAllIsNoSuccess() throws Exception {
    write("engine/pom.xml", "");
    assertThat(summary(true)).contains("No test ran.");
    assertThat(passed).isFalse();
  }

  private String summary(boolean mavenPassed) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (PrintStream out = new PrintStream(bytes, true, UTF_8)) {
      passed = TestSummary.summarise(repository, mavenPassed, out);
    }
    return bytes.toString(UTF_8);
  }

  private void report(
      String module, String name, int tests, int failures, int errors, int skipped, String cases)
      throws Exception {
    write(module + "/pom.xml", "");
    write(
        module + "/target/surefire-reports/TEST-" + name + ".xml",
        "<testsuite name='%s' time='1,000.5' tests='%d' failures='%d' errors='%d' skipped='%d'>%s</testsuite>"
            .formatted(name, tests, failures, errors, skipped, cases));
  }

  private void write(String file, String text) throws Exception {
    Path path = repository.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }
}
