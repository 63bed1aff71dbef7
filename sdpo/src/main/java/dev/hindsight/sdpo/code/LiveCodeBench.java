package dev.hindsight.sdpo.code;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Reads problems in the format that LiveCodeBench publishes: JSON lines with {@code question_id},
 * {@code question_content}, {@code starter_code}, {@code contest_date}, {@code metadata}, {@code
 * public_test_cases} and {@code private_test_cases}. The last three are JSON, or strings that hold
 * JSON. Other fields are left alone.
 *
 * <p>The tests of a problem are its private ones, as in the paper; its public ones where it has no
 * others. Starter code is Java, or Python as published, whose signature is turned into Java.
 */
public final class LiveCodeBench {
  private static final String UNPACK =
      "python3 -c \"import sys,json,base64,zlib,pickle;"
          + "[print(json.dumps({**r,'private_test_cases':r['private_test_cases']"
          + " if r['private_test_cases'].startswith('[') else"
          + " pickle.loads(zlib.decompress(base64.b64decode(r['private_test_cases'])))}))"
          + " for r in map(json.loads,sys.stdin)]\" < packed.jsonl > plain.jsonl";

  private LiveCodeBench() {}

  /**
   * Problems of a file.
   *
   * @param from only contests on this day or later; null for all
   * @param before only contests before this day; null for all
   * @throws IOException when the file cannot be read
   * @throws IllegalArgumentException when a line is no problem, or none is left; the message names
   *     the place
   */
  public static List<CodeProblem> read(
      Path file, @Nullable LocalDate from, @Nullable LocalDate before) throws IOException {
    try (BufferedReader lines = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
      return read(lines, file.toString(), from, before);
    }
  }

  /** The eight small problems that come with Hindsight, of both kinds. */
  public static List<CodeProblem> sample() {
    try (InputStream bytes = LiveCodeBench.class.getResourceAsStream("sample.jsonl")) {
      if (bytes == null) {
        throw new IllegalStateException("sample.jsonl is missing beside LiveCodeBench.class");
      }
      return read(new InputStreamReader(bytes, StandardCharsets.UTF_8), "sample", null, null);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static List<CodeProblem> read(
      Reader text, String source, @Nullable LocalDate from, @Nullable LocalDate before)
      throws IOException {
    BufferedReader lines = new BufferedReader(text);
    List<CodeProblem> problems = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    int number = 0;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      String place = source + ":" + number;
      JsonNode row = row(line, place);
      if ((from == null && before == null) || isWithin(date(row, place), from, before)) {
        CodeProblem problem = problem(row, place);
        if (!ids.add(problem.id())) {
          throw new IllegalArgumentException(
              place + ": question_id '" + problem.id() + "' stands twice in the file");
        }
        problems.add(problem);
      }
    }
    if (problems.isEmpty()) {
      throw new IllegalArgumentException(
          source
              + ": no problem"
              + (from == null ? "" : " from " + from)
              + (before == null ? "" : " before " + before)
              + "; expected at least one line of LiveCodeBench's JSON");
    }
    return List.copyOf(problems);
  }

  private static JsonNode row(String line, String place) {
    JsonNode row;
    try {
      row = JsonValues.parse(line);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(place + ": " + e.getMessage(), e);
    }
    if (!row.isObject()) {
      throw new IllegalArgumentException(place + ": expected a JSON object, one problem a line");
    }
    return row;
  }

  private static LocalDate date(JsonNode row, String place) {
    String date = text(row, "contest_date", place);
    try {
      return LocalDate.parse(date.length() > 10 ? date.substring(0, 10) : date);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException(
          place + ": contest_date is '" + date + "', expected a date such as 2025-02-01", e);
    }
  }

  private static boolean isWithin(
      LocalDate date, @Nullable LocalDate from, @Nullable LocalDate before) {
    return (from == null || !date.isBefore(from)) && (before == null || date.isBefore(before));
  }

  private static CodeProblem problem(JsonNode row, String place) {
    List<Case> cases = cases(row, "private_test_cases", place);
    if (cases.isEmpty()) {
      cases = cases(row, "public_test_cases", place);
    }
    if (cases.isEmpty()) {
      throw new IllegalArgumentException(
          place + ": no test in private_test_cases or public_test_cases, expected at least one");
    }
    boolean functional = cases.getFirst().functional();
    if (cases.stream().anyMatch(c -> c.functional() != functional)) {
      throw new IllegalArgumentException(
          place + ": tests of both types; expected testtype stdin or functional throughout");
    }
    String starter = row.path("starter_code").asString("");
    String function = functional ? function(row, place) : null;
    CodeProblem problem =
        new CodeProblem(
            text(row, "question_id", place),
            text(row, "question_content", place),
            function == null ? starter : inJava(starter, function, place),
            function,
            cases.stream().map(Case::test).toList());
    if (functional) {
      checkFunctional(problem, place);
    }
    return problem;
  }

  private static String function(JsonNode row, String place) {
    JsonNode metadata = unquoted(row.path("metadata"), "metadata", place);
    String name = metadata.path("func_name").asString("");
    if (name.isBlank()) {
      throw new IllegalArgumentException(
          place + ": functional tests, but no func_name in metadata; expected the method's name");
    }
    return name;
  }

  private static String inJava(String starter, String function, String place) {
    if (starter.contains("{") || !starter.contains("def ")) {
      return starter;
    }
    try {
      return PythonSignature.toJava(starter, function);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          place
              + ": starter_code is Python that has no simple counterpart: "
              + e.getMessage()
              + "; write `class Solution {` with the method's signature in Java",
          e);
    }
  }

  private static void checkFunctional(CodeProblem problem, String place) {
    if (!problem.starterCode().contains("class Solution") || !problem.starterCode().contains("{")) {
      throw new IllegalArgumentException(
          place
              + ": starter_code is neither Java nor Python; expected `class Solution {` with the method "
              + problem.function());
    }
    long arguments = problem.tests().getFirst().input().lines().count();
    for (CodeTest test : problem.tests()) {
      if (test.input().lines().count() != arguments) {
        throw new IllegalArgumentException(
            place + ": functional tests with different numbers of arguments, one a line");
      }
      try {
        test.input().lines().forEach(JsonValues::parse);
        JsonValues.parse(test.expected());
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            place + ": a functional test: " + e.getMessage() + "; one JSON value a line", e);
      }
    }
  }

  private record Case(CodeTest test, boolean functional) {}

  private static List<Case> cases(JsonNode row, String field, String place) {
    JsonNode value = row.path(field);
    if (value.isMissingNode() || value.isNull()) {
      return List.of();
    }
    if (value.isString() && !value.stringValue().isBlank() && !isJson(value.stringValue())) {
      throw new IllegalArgumentException(
          place
              + ": "
              + field
              + " is packed (base64 of a compressed Python pickle); expected plain JSON. A pickle"
              + " can run code when it is read, so this is not done here. For a file that you trust,"
              + " once: "
              + UNPACK);
    }
    JsonNode list = unquoted(value, field, place);
    if (!list.isArray()) {
      throw new IllegalArgumentException(place + ": " + field + ": expected a list of tests");
    }
    List<Case> cases = new ArrayList<>();
    for (JsonNode test : list) {
      String type = text(test, "testtype", place + ": " + field);
      if (!type.equals("stdin") && !type.equals("functional")) {
        throw new IllegalArgumentException(
            place + ": testtype is '" + type + "', expected stdin or functional");
      }
      cases.add(
          new Case(
              new CodeTest(
                  string(test, "input", place + ": " + field),
                  string(test, "output", place + ": " + field)),
              type.equals("functional")));
    }
    return cases;
  }

  private static boolean isJson(String text) {
    String begin = text.stripLeading();
    return begin.startsWith("[") || begin.startsWith("{");
  }

  /** JSON, or a string that holds it. */
  private static JsonNode unquoted(JsonNode value, String field, String place) {
    if (!value.isString()) {
      return value;
    }
    try {
      return value.stringValue().isBlank()
          ? JsonValues.MAPPER.createArrayNode()
          : JsonValues.parse(value.stringValue());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(place + ": " + field + ": " + e.getMessage(), e);
    }
  }

  private static String text(JsonNode row, String field, String place) {
    String text = string(row, field, place);
    if (text.isBlank()) {
      throw new IllegalArgumentException(place + ": " + field + " is blank");
    }
    return text;
  }

  private static String string(JsonNode row, String field, String place) {
    JsonNode value = row.path(field);
    if (!value.isString()) {
      throw new IllegalArgumentException(
          place
              + ": "
              + field
              + (value.isMissingNode() ? " is missing" : " is " + value.getNodeType())
              + ", expected text");
    }
    return value.stringValue();
  }
}
