package dev.hindsight.sdpo.code;

/**
 * What the policy is asked. As the paper describes it for LiveCodeBench: the role of an expert, a
 * limit of one second, which is stricter than the real one, and the answer in a fenced block; here
 * for Java.
 */
final class CodePrompt {
  private static final String ROLE =
      """
      You are an expert Java programmer. Solve the problem below with a correct Java program: it has \
      to pass every test, and each test has a time limit of 1 second.
      """;

  private static final String FUNCTION =
      """
      Complete this class and keep the signature of its method:

      ```java
      %s
      ```
      """;

  private static final String PROGRAM =
      """
      Write a class Solution whose main method reads standard input and prints the answer to \
      standard output.
      """;

  private static final String ANSWER =
      """
      The classes for collections, strings, mathematics, streams and text input are there; files, \
      the network, processes, threads and reflection are not.
      Give the whole program, imports included, in one fenced block:

      ```java
      // your code
      ```""";

  private CodePrompt() {}

  static String text(CodeProblem problem) {
    return ROLE
        + "\n"
        + problem.statement().strip()
        + "\n\n"
        + (problem.isFunctional() ? FUNCTION.formatted(problem.starterCode().strip()) : PROGRAM)
        + ANSWER;
  }
}
