package dev.hindsight.tests;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * The last lines of the mutation check: how many planted mistakes of which kind the tests caught,
 * and each one that they did not, with the line of code that it was planted in.
 *
 * <p>Reads what PIT left in {@code tests/target/mutations/mutations.xml}. The launcher starts this
 * one file with {@code java MutationSummary.java}; it uses nothing but the JDK.
 */
public final class MutationSummary {
  private static final String SOURCES = "autograd/src/main/java";

  /** One planted mistake; the status is PIT's. */
  private record Mutant(
      String kind,
      String source,
      String file,
      int line,
      String method,
      String what,
      String status) {
    /** A mutant that made the tests hang was noticed, too. */
    boolean isCaught() {
      return switch (status) {
        case "KILLED", "TIMED_OUT", "MEMORY_ERROR", "RUN_ERROR" -> true;
        default -> false;
      };
    }
  }

  private static final class Counts {
    int planted;
    int caught;
    int timedOut;
  }

  private MutationSummary() {}

  /**
   * Prints the summary.
   *
   * @param args the repository's folder
   */
  public static void main(String[] args) throws Exception {
    if (args.length != 1) {
      System.err.println("usage: MutationSummary REPOSITORY");
      System.exit(64);
    }
    System.exit(summarise(Path.of(args[0]), System.out) ? 0 : 1);
  }

  /**
   * Writes the summary of the mutation check that lies in a repository.
   *
   * @return whether anything was planted
   */
  static boolean summarise(Path repository, PrintStream out)
      throws IOException, ParserConfigurationException, SAXException {
    Path report = repository.resolve("tests/target/mutations/mutations.xml");
    if (!Files.exists(report)) {
      out.println("\nNo mutation was tried; the lines above say why.");
      return false;
    }
    List<Mutant> mutants = read(report);
    Map<String, Counts> kinds = new TreeMap<>();
    Counts all = new Counts();
    for (Mutant m : mutants) {
      count(kinds.computeIfAbsent(m.kind, kind -> new Counts()), m);
      count(all, m);
    }
    out.println("\nkind of mistake                planted   caught   in %");
    kinds.forEach((kind, counts) -> row(out, kind, counts));
    row(out, "all", all);
    if (all.timedOut > 0) {
      out.printf("%d of those caught made the tests run too long or crash.%n", all.timedOut);
    }
    survivors(repository, mutants, out);
    out.printf("%nBrowse them: %s%n", report.resolveSibling("index.html"));
    return all.planted > 0;
  }

  private static void count(Counts counts, Mutant m) {
    counts.planted++;
    if (m.isCaught()) {
      counts.caught++;
      counts.timedOut += m.status.equals("KILLED") ? 0 : 1;
    }
  }

  private static void row(PrintStream out, String name, Counts counts) {
    out.printf(
        Locale.ROOT,
        "%-29s %8d %8d %6.1f%n",
        name,
        counts.planted,
        counts.caught,
        100.0 * counts.caught / Math.max(1, counts.planted));
  }

  private static void survivors(Path repository, List<Mutant> mutants, PrintStream out)
      throws IOException {
    List<Mutant> survivors = new ArrayList<>(mutants);
    survivors.removeIf(Mutant::isCaught);
    survivors.sort(
        Comparator.comparing(Mutant::file).thenComparing(Mutant::line).thenComparing(Mutant::what));
    out.println(survivors.isEmpty() ? "\nNone was missed." : "\nMissed:");
    for (Mutant m : survivors) {
      out.printf(
          "  %s:%d %s: %s%s%n      %s%n",
          m.file,
          m.line,
          m.method,
          m.what,
          m.status.equals("NO_COVERAGE") ? " (no test comes here)" : "",
          lineOf(repository.resolve(SOURCES).resolve(m.source), m.line));
    }
  }

  private static String lineOf(Path source, int line) throws IOException {
    if (!Files.exists(source)) {
      return "";
    }
    List<String> lines = Files.readAllLines(source);
    return line >= 1 && line <= lines.size() ? lines.get(line - 1).strip() : "";
  }

  private static List<Mutant> read(Path report)
      throws IOException, ParserConfigurationException, SAXException {
    Element root =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(report.toFile())
            .getDocumentElement();
    NodeList found = root.getElementsByTagName("mutation");
    List<Mutant> mutants = new ArrayList<>();
    for (int i = 0; i < found.getLength(); i++) {
      mutants.add(mutant((Element) found.item(i)));
    }
    return mutants;
  }

  private static Mutant mutant(Element e) {
    String className = text(e, "mutatedClass");
    String folder = className.substring(0, className.lastIndexOf('.') + 1).replace('.', '/');
    String mutator = text(e, "mutator");
    String kind = mutator.substring(mutator.lastIndexOf('.') + 1);
    // "replaced call to dev/hindsight/autograd/Variable::sumTo with receiver"
    String what = text(e, "description").replaceAll("[a-zA-Z]+/|dev\\.hindsight\\.\\w+\\.", "");
    String file = text(e, "sourceFile");
    return new Mutant(
        kind.replaceFirst("Mutator.*$|Mutator_\\w+$", ""),
        folder + file,
        file,
        Integer.parseInt(text(e, "lineNumber")),
        text(e, "mutatedMethod"),
        what,
        e.getAttribute("status"));
  }

  private static String text(Element e, String tag) {
    return e.getElementsByTagName(tag).item(0).getTextContent().strip();
  }
}
