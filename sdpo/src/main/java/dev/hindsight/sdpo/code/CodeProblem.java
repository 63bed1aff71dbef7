package dev.hindsight.sdpo.code;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A programming problem.
 *
 * @param id unique in its file
 * @param statement what is to be solved, with examples
 * @param starterCode the beginning of a class {@code Solution} in Java; blank for problems that
 *     read standard input
 * @param function the method of {@code Solution} that the tests call; null for problems that read
 *     standard input
 * @param tests all tests, in the order of the data; not empty
 */
public record CodeProblem(
    String id,
    String statement,
    String starterCode,
    @Nullable String function,
    List<CodeTest> tests) {

  public CodeProblem {
    tests = List.copyOf(tests);
    if (tests.isEmpty()) {
      throw new IllegalArgumentException("problem '" + id + "': no tests, expected at least one");
    }
  }

  /** Whether the tests call a method; otherwise they write to a program's standard input. */
  public boolean isFunctional() {
    return function != null;
  }
}
