package dev.hindsight.tests.docs;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Collects what {@link WalkOneQuestion} prints and weaves it with the program's own text into a
 * page: runs of bar comments are prose, runs of other lines snippets, and each snippet is followed
 * by what it printed.
 */
final class WalkPage {
  private record Printed(int line, String text) {}

  private final List<Printed> printed = new ArrayList<>();
  private boolean ended;

  void print(String text) {
    int line =
        StackWalker.getInstance()
            .walk(
                frames ->
                    frames
                        .filter(f -> f.getClassName().equals(WalkOneQuestion.class.getName()))
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
      if (prose) {
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

  private void snippet(StringBuilder page, List<String> code, int from, int to) {
    if (code.isEmpty()) {
      return;
    }
    page.append("\n```java\n").append(String.join("\n", code)).append("\n```\n\n```text\n");
    for (Printed p : printed) {
      if (p.line > from && p.line <= to) {
        page.append(p.text);
      }
    }
    page.append("```\n\n");
    code.clear();
  }
}
