package dev.hindsight.cli;

import java.io.PrintWriter;
import java.util.Map;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Where a command prints: text for people, or one JSON object for programs. */
final class Screen {
  private final PrintWriter out;
  private final PrintWriter err;
  private final boolean quiet;
  private final boolean json;

  Screen(PrintWriter out, PrintWriter err, boolean quiet, boolean json) {
    this.out = out;
    this.err = err;
    this.quiet = quiet;
    this.json = json;
  }

  /** What is going on; nobody's result. */
  void say(String line) {
    if (!quiet) {
      PrintWriter to = json ? err : out;
      to.println(line);
      to.flush();
    }
  }

  /** What a person must see even with {@code --quiet}, beside the result. */
  void warn(String line) {
    err.println(line);
    err.flush();
  }

  /** The result, as people read it; nothing with {@code --json}. */
  void result(String text) {
    if (!json) {
      out.println(text);
      out.flush();
    }
  }

  /** The result, as programs read it; nothing without {@code --json}. */
  void result(Map<String, ?> object) {
    if (json) {
      out.println(
          JsonMapper.builder()
              .enable(SerializationFeature.INDENT_OUTPUT)
              .build()
              .writeValueAsString(object));
      out.flush();
    }
  }

  /** Shows how far a long piece of work is. */
  Progress progress(String task, long steps) {
    if (quiet) {
      return Progress.none();
    }
    return Progress.isTerminal()
        ? Progress.bar(task, steps)
        : Progress.lines(task, steps, this::say);
  }

  void flush() {
    out.flush();
    err.flush();
  }
}
