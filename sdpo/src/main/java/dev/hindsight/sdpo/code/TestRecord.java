package dev.hindsight.sdpo.code;

import java.util.List;

/** What one test, or what came before all tests, says about a response: all that feedback knows. */
public sealed interface TestRecord {
  /** The test was passed. */
  record Passed() implements TestRecord {}

  /**
   * The program ended with another answer.
   *
   * @param debug what it printed beside its answer, line by line
   */
  record WrongAnswer(String input, String actual, String expected, List<String> debug)
      implements TestRecord {
    public WrongAnswer {
      debug = List.copyOf(debug);
    }
  }

  /**
   * The program failed.
   *
   * @param exception type and message
   * @param frames the solution's own frames, innermost first
   */
  record RuntimeError(String exception, List<Frame> frames, String input) implements TestRecord {
    public RuntimeError {
      frames = List.copyOf(frames);
    }
  }

  /** The program did not end in time. */
  record TimeLimit(String input) implements TestRecord {}

  /** The code does not compile, or may not run: no test was begun. */
  record CompileError(List<Problem> problems) implements TestRecord {
    public CompileError {
      problems = List.copyOf(problems);
    }
  }

  /**
   * The response has no program.
   *
   * @param truncated whether it ended for lack of room
   */
  record Incorrect(boolean truncated) implements TestRecord {}

  /**
   * A place in the solution.
   *
   * @param source the line's text; blank where it is not known
   * @param line counted from 1; 0 where it is not known
   */
  record Frame(String source, int line, String method) {}

  /** One thing that is wrong with code before it runs; source and line as in {@link Frame}. */
  record Problem(String source, int line, String message) {}
}
