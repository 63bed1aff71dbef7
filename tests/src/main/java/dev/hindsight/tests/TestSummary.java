package dev.hindsight.tests;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * The last lines of {@code ./hindsight test}: how many tests ran in which module, how many random
 * cases the jqwik properties tried, what failed, and what was skipped and why.
 *
 * <p>Reads what Surefire left in {@code MODULE/target/surefire-reports}, the random cases in {@code
 * MODULE/target/random-cases.tsv}, and lines for people in {@code MODULE/target/figures.txt}, which
 * a test may add to. A module is a folder of the repository, or of such a folder, with a {@code
 * pom.xml}. The launcher starts this one file with {@code java TestSummary.java}, so it also speaks
 * after a build that stopped half-way; it uses nothing but the JDK.
 */
public final class TestSummary {
  private static final int LINES_OF_OUTPUT = 60;
  private static final int LINES_OF_REASON = 6;

  /** One test that did not pass: its name and the first lines of what it said. */
  private record Verdict(String test, String reason) {}

  /** The counts of one module. */
  private static final class Module {
    final String name;
    int tests;
    int failures;
    int errors;
    double seconds;
    long properties;
    long randomCases;
    final List<Verdict> failed = new ArrayList<>();
    final List<Verdict> skipped = new ArrayList<>();
    final List<Path> outputs = new ArrayList<>();
    final List<String> figures = new ArrayList<>();

    Module(String name) {
      this.name = name;
    }
  }

  private TestSummary() {}

  /**
   * Prints the summary.
   *
   * @param args the repository's folder, and the exit code of the Maven run
   */
  public static void main(String[] args) throws Exception {
    if (args.length != 2) {
      System.err.println("usage: TestSummary REPOSITORY EXIT_CODE_OF_MAVEN");
      System.exit(64);
    }
    System.exit(summarise(Path.of(args[0]), args[1].equals("0"), System.out) ? 0 : 1);
  }

  /**
   * Writes the summary of the run that lies in a repository.
   *
   * @param mavenPassed whether Maven ended well; a build may fail without a failed test
   * @return whether tests ran and everything passed
   */
  static boolean summarise(Path repository, boolean mavenPassed, PrintStream out)
      throws IOException, ParserConfigurationException, SAXException {
    List<Module> modules = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    for (Path folder : modulesOf(repository)) {
      Module module = read(repository.relativize(folder).toString(), folder);
      if (module.tests > 0) {
        modules.add(module);
      } else if (Files.isDirectory(folder.resolve("src/test"))) {
        silent.add(module.name);
      }
    }
    return print(modules, silent, mavenPassed, out);
  }

  private static List<Path> modulesOf(Path repository) throws IOException {
    List<Path> modules = new ArrayList<>();
    for (Path folder : matching(repository, TestSummary::hasPom)) {
      modules.add(folder);
      modules.addAll(matching(folder, TestSummary::hasPom));
    }
    return modules;
  }

  private static boolean hasPom(Path folder) {
    return Files.isRegularFile(folder.resolve("pom.xml"));
  }

  private static List<Path> matching(Path folder, DirectoryStream.Filter<Path> filter)
      throws IOException {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, filter)) {
        entries.forEach(found::add);
      }
    }
    Collections.sort(found);
    return found;
  }

  private static Module read(String name, Path folder)
      throws IOException, ParserConfigurationException, SAXException {
    Module module = new Module(name);
    DocumentBuilder parser = DocumentBuilderFactory.newInstance().newDocumentBuilder();
    Path reports = folder.resolve("target/surefire-reports");
    for (Path file :
        matching(reports, path -> path.getFileName().toString().matches("TEST-.*\\.xml"))) {
      int failedBefore = module.failed.size();
      readReport(module, parser.parse(file.toFile()).getDocumentElement());
      if (module.failed.size() > failedBefore) {
        String report = file.getFileName().toString();
        String suite = report.substring("TEST-".length(), report.length() - ".xml".length());
        module.outputs.add(file.resolveSibling(suite + "-output.txt"));
      }
    }
    Path cases = folder.resolve("target/random-cases.tsv");
    if (Files.exists(cases)) {
      for (String line : Files.readAllLines(cases)) {
        module.properties++;
        module.randomCases += Long.parseLong(line.substring(line.indexOf('\t') + 1).strip());
      }
    }
    Path figures = folder.resolve("target/figures.txt");
    if (Files.exists(figures)) {
      module.figures.addAll(Files.readAllLines(figures));
    }
    return module;
  }

  private static void readReport(Module module, Element suite) {
    module.tests += Integer.parseInt(suite.getAttribute("tests"));
    module.failures += Integer.parseInt(suite.getAttribute("failures"));
    module.errors += Integer.parseInt(suite.getAttribute("errors"));
    module.seconds += Double.parseDouble(suite.getAttribute("time").replace(",", ""));
    NodeList cases = suite.getElementsByTagName("testcase");
    for (int i = 0; i < cases.getLength(); i++) {
      Element test = (Element) cases.item(i);
      String name = test.getAttribute("classname") + "." + test.getAttribute("name");
      verdict(test, "failure", name, module.failed);
      verdict(test, "error", name, module.failed);
      verdict(test, "skipped", name, module.skipped);
    }
  }

  private static void verdict(Element test, String tag, String name, List<Verdict> into) {
    NodeList found = test.getElementsByTagName(tag);
    if (found.getLength() == 0) {
      return;
    }
    Element element = (Element) found.item(0);
    String message = element.getAttribute("message").strip();
    if (message.isEmpty()) {
      message = element.getTextContent().strip();
    }
    // AssertJ spreads a sentence over lines; the exception's class and its stack are no part of it.
    String reason =
        message
            .replaceFirst("^org\\.opentest4j\\.TestAbortedException: ", "")
            .replaceFirst("^Assumption failed: ", "")
            .lines()
            .map(String::strip)
            .filter(line -> !line.isEmpty())
            .takeWhile(line -> !line.startsWith("at "))
            .limit(LINES_OF_REASON)
            .collect(Collectors.joining(" "));
    into.add(new Verdict(name, reason.isEmpty() ? "no reason given" : reason));
  }

  /** Returns whether everything passed. */
  private static boolean print(
      List<Module> modules, List<String> silent, boolean mavenPassed, PrintStream out)
      throws IOException {
    int tests = 0;
    int failures = 0;
    int errors = 0;
    int skipped = 0;
    long properties = 0;
    long cases = 0;
    out.println();
    out.println("module        tests   skipped   failed   seconds   random cases");
    for (Module m : modules) {
      out.printf(
          Locale.ROOT,
          "%-12s %6d %9d %8d %9.1f %14s%n",
          m.name,
          m.tests,
          m.skipped.size(),
          m.failures + m.errors,
          m.seconds,
          m.properties == 0 ? "" : String.format(Locale.ROOT, "%,d", m.randomCases));
      tests += m.tests;
      failures += m.failures;
      errors += m.errors;
      skipped += m.skipped.size();
      properties += m.properties;
      cases += m.randomCases;
    }
    for (Module m : modules) {
      if (!m.figures.isEmpty()) {
        out.println("\nMeasured in " + m.name + ":");
        m.figures.forEach(line -> out.println("  " + line));
      }
    }
    for (Module m : modules) {
      list(out, "Failed in " + m.name + ":", m.failed);
      for (Path output : m.outputs) {
        printTail(out, output);
      }
      skipped(out, m);
    }
    boolean passed = mavenPassed && failures + errors == 0 && tests > 0;
    if (!silent.isEmpty() && !passed) {
      out.println("\nNot reached, or left out: the tests of " + String.join(", ", silent));
    }
    out.printf(
        Locale.ROOT,
        "%n%,d tests, %,d of them properties that tried %,d random cases; %d failed, %d skipped.%n",
        tests,
        properties,
        cases,
        failures + errors,
        skipped);
    if (tests == 0) {
      out.println("No test ran.");
    } else if (!mavenPassed && failures + errors == 0) {
      out.println("No test failed, but the build did; the lines marked [ERROR] above say why.");
    }
    out.printf(
        "Tests run: %d, Failures: %d, Errors: %d, Skipped: %d%n", tests, failures, errors, skipped);
    return passed;
  }

  private static void list(PrintStream out, String heading, List<Verdict> verdicts) {
    if (verdicts.isEmpty()) {
      return;
    }
    out.println("\n" + heading);
    for (Verdict v : verdicts) {
      out.println("  " + v.test + ": " + v.reason);
    }
  }

  /** A reason that many tests share is said once. */
  private static void skipped(PrintStream out, Module module) {
    Map<String, List<String>> tests = new LinkedHashMap<>();
    for (Verdict v : module.skipped) {
      tests.computeIfAbsent(v.reason, r -> new ArrayList<>()).add(v.test);
    }
    if (!tests.isEmpty()) {
      out.println("\nSkipped in " + module.name + ", and why:");
    }
    tests.forEach(
        (reason, names) -> {
          out.println("  " + reason);
          names.forEach(name -> out.println("    " + name));
        });
  }

  /** What a failed class printed last; a falsified property puts its sample and seed there. */
  private static void printTail(PrintStream out, Path output) throws IOException {
    if (!Files.exists(output)) {
      return;
    }
    List<String> lines =
        new String(Files.readAllBytes(output), StandardCharsets.UTF_8).lines().toList();
    int from = Math.max(0, lines.size() - LINES_OF_OUTPUT);
    out.println("\n  The end of " + output + ":");
    for (String line : lines.subList(from, lines.size())) {
      out.println("    " + line);
    }
  }
}
