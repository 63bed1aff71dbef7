package dev.hindsight.tests.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Collects what a program such as {@link WalkOneQuestion} prints and weaves it with the program's
 * own text into a page: runs of bar comments are prose, runs of other lines snippets, and each
 * snippet is followed by what it printed.
 */
final class WalkPage {
  /** A comment that stands for the text of a nested class. */
  private static final String SOURCE = "// |@source ";

  private record Printed(int line, String text) {}

  private final List<Printed> printed = new ArrayList<>();
  private final String program;
  private boolean ended;

  /** The page of a class whose static method {@code walk} is the program. */
  WalkPage(Class<?> program) {
    this.program = program.getName();
  }

  void print(String text) {
    int line =
        StackWalker.getInstance()
            .walk(
                frames ->
                    frames
                        .filter(f -> f.getClassName().equals(program))
                        .filter(f -> f.getMethodName().equals("walk"))
                        .findFirst()
                        .orElseThrow()
                        .getLineNumber());
    printed.add(new Printed(line, text));
  }

  void println(String text) {
    print(text + "\n");
  }

  void println() {
    print("\n");
  }

  void printf(String format, Object... arguments) {
    print(String.format(Locale.ROOT, format.replace("%n", "\n"), arguments));
  }

  void end() {
    ended = true;
  }

  /** The page, from the program's source and from what it printed when it ran. */
  String weave(List<String> source) {
    if (!ended) {
      throw new IllegalStateException("walk: the program has not run to its end");
    }
    StringBuilder page = new StringBuilder();
    List<String> code = new ArrayList<>();
    int codeStart = 0;
    boolean inside = false;
    for (int i = 0; i < source.size(); i++) {
      String line = source.get(i);
      String text = line.strip();
      boolean prose = text.startsWith("// |");
      if (text.equals("out.end();")) {
        break;
      }
      inside |= prose;
      if (!inside) {
        continue;
      }
      if (text.startsWith(SOURCE)) {
        snippet(page, code, codeStart, i);
        page.append("\n```java\n").append(classIn(source, text.substring(SOURCE.length())));
        page.append("```\n");
      } else if (prose) {
        snippet(page, code, codeStart, i);
        page.append(text.substring(4).replaceFirst("^ ", "")).append('\n');
      } else {
        if (code.isEmpty()) {
          codeStart = i;
        }
        code.add(line.length() > 4 ? line.substring(4) : "");
      }
    }
    return page.toString();
  }

  /** A nested class, from its head to the brace below it, at the left margin. */
  private static String classIn(List<String> source, String name) {
    int from = 0;
    while (!source.get(from).contains(" class " + name + " ")) {
      from++;
    }
    int to = from;
    while (!source.get(to).equals("  }")) {
      to++;
    }
    StringBuilder text = new StringBuilder();
    for (String line : source.subList(from, to + 1)) {
      text.append(line.isEmpty() ? "" : line.substring(2)).append('\n');
    }
    return text.toString();
  }

  private void snippet(StringBuilder page, List<String> code, int from, int to) {
    if (code.isEmpty()) {
      return;
    }
    page.append("\n```java\n").append(String.join("\n", code)).append("\n```\n\n");
    StringBuilder said = new StringBuilder();
    for (Printed p : printed) {
      if (p.line > from && p.line <= to) {
        said.append(p.text);
      }
    }
    if (!said.isEmpty()) {
      page.append("```text\n").append(said).append("```\n\n");
    }
    code.clear();
  }
}
