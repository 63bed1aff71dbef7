package dev.hindsight.sdpo.code;

import dev.hindsight.sdpo.code.sandbox.Compilation;
import dev.hindsight.sdpo.code.sandbox.CompileError;
import dev.hindsight.sdpo.code.sandbox.Outcome;
import dev.hindsight.sdpo.code.sandbox.Sandbox;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/** Runs a response's program on tests, and says what each came to. */
final class CodeJudge {
  private final Sandbox sandbox;

  CodeJudge(Sandbox sandbox) {
    this.sandbox = sandbox;
  }

  /**
   * One record a test; or a single one, where no test could be begun.
   *
   * @param finished whether the response ended by itself
   */
  List<TestRecord> judge(
      CodeProblem problem, List<CodeTest> tests, String response, boolean finished) {
    String source = CodeBlock.longest(response).orElse(null);
    if (source == null) {
      return List.of(new TestRecord.Incorrect(!finished));
    }
    List<String> lines = source.lines().toList();
    return switch (sandbox.compile(source)) {
      case Compilation.Failed failed -> compileError(failed.errors(), lines);
      case Compilation.Compiled compiled -> {
        try {
          yield problem.isFunctional()
              ? function(problem, tests, compiled.classes(), lines)
              : program(tests, compiled.classes(), lines);
        } catch (Entry.NoEntryException e) {
          yield compileError(List.of(new CompileError(0, e.getMessage())), lines);
        }
      }
    };
  }

  private static List<TestRecord> compileError(List<CompileError> errors, List<String> lines) {
    return List.of(
        new TestRecord.CompileError(
            errors.stream()
                .map(
                    e ->
                        new TestRecord.Problem(
                            source(lines, e.line()), e.line(), "error: " + e.message()))
                .toList()));
  }

  private static String source(List<String> lines, int line) {
    return line >= 1 && line <= lines.size() ? lines.get(line - 1) : "";
  }

  // ---------------------------------------------------------------- programs

  private List<TestRecord> program(
      List<CodeTest> tests, Map<String, byte[]> classes, List<String> lines)
      throws Entry.NoEntryException {
    Entry entry = Entry.program(classes);
    List<byte[]> inputs =
        tests.stream().map(t -> t.input().getBytes(StandardCharsets.UTF_8)).toList();
    List<Outcome> outcomes = sandbox.run(entry.program(), inputs);
    List<TestRecord> records = new ArrayList<>();
    for (int i = 0; i < tests.size(); i++) {
      CodeTest test = tests.get(i);
      records.add(
          outcomes.get(i) instanceof Outcome.Ended ended
              ? printed(test, ended)
              : failed(test, outcomes.get(i), lines));
    }
    return records;
  }

  private static TestRecord printed(CodeTest test, Outcome.Ended ended) {
    return normalised(ended.out()).equals(normalised(test.expected()))
        ? new TestRecord.Passed()
        : new TestRecord.WrongAnswer(
            test.input(), ended.out().strip(), test.expected().strip(), debug(ended.err()));
  }

  /** White space, of whatever kind and amount, is one space. */
  static String normalised(String text) {
    return Arrays.stream(text.strip().split("\\s+")).collect(Collectors.joining(" "));
  }

  // --------------------------------------------------------------- functions

  private List<TestRecord> function(
      CodeProblem problem, List<CodeTest> tests, Map<String, byte[]> classes, List<String> lines)
      throws Entry.NoEntryException {
    List<List<JsonNode>> arguments =
        tests.stream().map(t -> t.input().lines().map(JsonValues::parse).toList()).toList();
    Entry entry = Entry.function(classes, problem.function(), arguments.getFirst().size());
    // a test whose arguments do not fit the method's parameters is not run
    TestRecord[] records = new TestRecord[tests.size()];
    List<byte[]> inputs = new ArrayList<>();
    for (int i = 0; i < records.length; i++) {
      try {
        inputs.add(Sandbox.arguments(values(entry, problem.function(), arguments.get(i))));
      } catch (JavaType.MismatchException e) {
        records[i] =
            new TestRecord.RuntimeError(
                "IllegalArgumentException: " + e.getMessage(), List.of(), tests.get(i).input());
      }
    }
    List<Outcome> outcomes = sandbox.run(entry.program(), inputs);
    int next = 0;
    for (int i = 0; i < records.length; i++) {
      if (records[i] == null) {
        Outcome outcome = outcomes.get(next++);
        records[i] =
            outcome instanceof Outcome.Ended ended
                ? returned(tests.get(i), ended)
                : failed(tests.get(i), outcome, lines);
      }
    }
    return List.of(records);
  }

  private static List<Object> values(Entry entry, String name, List<JsonNode> arguments)
      throws JavaType.MismatchException {
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < arguments.size(); i++) {
      try {
        values.add(entry.parameters().get(i).fromJson(arguments.get(i)));
      } catch (JavaType.MismatchException e) {
        throw e.at("argument " + (i + 1) + " of " + name);
      }
    }
    return values;
  }

  private static TestRecord returned(CodeTest test, Outcome.Ended ended) {
    return JsonValues.equal(ended.value(), JsonValues.parse(test.expected()))
        ? new TestRecord.Passed()
        : new TestRecord.WrongAnswer(
            test.input(),
            JsonValues.text(ended.value()),
            test.expected().strip(),
            debug(ended.out() + ended.err()));
  }

  // ------------------------------------------------------------------- both

  private static TestRecord failed(CodeTest test, Outcome outcome, List<String> lines) {
    return switch (outcome) {
      case Outcome.TimedOut _ -> new TestRecord.TimeLimit(test.input());
      case Outcome.Died died ->
          new TestRecord.RuntimeError("Process Error: " + died.reason(), List.of(), test.input());
      case Outcome.Threw threw ->
          new TestRecord.RuntimeError(
              exception(threw),
              threw.frames().stream()
                  .map(
                      f ->
                          new TestRecord.Frame(
                              source(lines, f.line()), Math.max(0, f.line()), method(f.method())))
                  .toList(),
              test.input());
      case Outcome.Ended _ -> throw new IllegalStateException("it did not fail");
    };
  }

  private static String exception(Outcome.Threw threw) {
    String type = threw.type().substring(threw.type().lastIndexOf('.') + 1);
    return threw.message().isBlank() ? type : type + ": " + threw.message();
  }

  /** Lambdas bear the name of the method they stand in. */
  private static String method(String name) {
    return name.startsWith("lambda$") ? name.split("\\$")[1] : name;
  }

  private static List<String> debug(String printed) {
    return printed.lines().toList();
  }
}
