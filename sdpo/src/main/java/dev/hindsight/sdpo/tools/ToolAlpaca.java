package dev.hindsight.sdpo.tools;

import dev.hindsight.sdpo.data.JsonRow;
import dev.hindsight.sdpo.data.JsonRows;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * Reads requests in the format that ToolAlpaca publishes: one JSON list (or JSON lines) of APIs,
 * each with {@code Name}, {@code NLDocumentation}, {@code Function_Description} (an object whose
 * keys are the functions, and {@code components}), and either
 *
 * <ul>
 *   <li>{@code Instructions} and {@code Golden_Answers}, two lists of one length, the calls of an
 *       answer being {@code Action} and {@code Action_Input}; or
 *   <li>{@code Instances} with {@code input} and {@code intermediate_steps}, each step {@code
 *       [[action, input, log], observation]}: the calls of the whole trajectory are the answer.
 * </ul>
 *
 * <p>Inputs are JSON objects, or strings that hold one. Some of the published answers hold
 * placeholders for what an earlier call returned, or call functions that are not documented: nobody
 * can give them in one turn, and they count as wrong rows.
 */
public final class ToolAlpaca {
  private ToolAlpaca() {}

  /**
   * The requests of a file.
   *
   * @param skipWrongRows whether requests that cannot be judged are left out and listed, rather
   *     than an error
   * @throws IOException when the file cannot be read
   * @throws IllegalArgumentException when rows are wrong, or there is no request
   */
  public static JsonRows.Items<ToolQuestion> read(Path file, boolean skipWrongRows)
      throws IOException {
    return checked(JsonRows.read(file, skipWrongRows, ToolAlpaca::visit), file.toString());
  }

  /** The same for a text; {@code source} names it in errors. */
  public static JsonRows.Items<ToolQuestion> parse(
      String text, String source, boolean skipWrongRows) {
    return checked(JsonRows.parse(text, source, skipWrongRows, ToolAlpaca::visit), source);
  }

  /** The 18 small requests to three APIs that come with Hindsight. */
  public static JsonRows.Items<ToolQuestion> sample() {
    return parse(JsonRows.bundled(ToolAlpaca.class, "sample.json"), "sample", false);
  }

  private static JsonRows.Items<ToolQuestion> checked(
      JsonRows.Items<ToolQuestion> read, String source) {
    if (read.items().isEmpty()) {
      throw new IllegalArgumentException(
          source
              + ": no request that can be judged"
              + (read.leftOut().isEmpty() ? "" : ", such as " + read.leftOut().getFirst())
              + "; expected APIs with Instructions and Golden_Answers, or with Instances");
    }
    return read;
  }

  /** What the requests of an API have in common. */
  private record Api(String name, String documentation, List<String> functions, String id) {
    ToolQuestion question(JsonRow row, String index, String request, List<ToolCall> calls) {
      try {
        return new ToolQuestion(id + "/" + index, name, documentation, functions, request, calls);
      } catch (IllegalArgumentException e) {
        throw row.wrong(String.valueOf(e.getMessage()));
      }
    }
  }

  private static void visit(JsonRow row, JsonRows.Attempts<ToolQuestion> attempts) {
    String name = row.text("Name");
    List<String> functions =
        row.object("Function_Description").node().propertyNames().stream()
            .filter(function -> !function.equals("components"))
            .toList();
    String line = row.place().substring(row.place().lastIndexOf(':') + 1);
    Api api = new Api(name, row.text("NLDocumentation"), functions, name + "-" + line);
    if (row.has("Golden_Answers")) {
      golden(row, api, attempts);
    } else if (row.has("Instances")) {
      instances(row, api, attempts);
    } else {
      throw row.wrong("API '" + name + "' has neither Golden_Answers nor Instances");
    }
  }

  private static void golden(JsonRow row, Api api, JsonRows.Attempts<ToolQuestion> attempts) {
    List<String> requests = row.texts("Instructions");
    List<JsonNode> answers = row.list("Golden_Answers");
    if (requests.size() != answers.size()) {
      throw row.wrong(
          requests.size()
              + " Instructions and "
              + answers.size()
              + " Golden_Answers, expected one answer a request");
    }
    for (int i = 0; i < requests.size(); i++) {
      String path = "Golden_Answers[" + i + "]";
      JsonNode answer = answers.get(i);
      String index = Integer.toString(i);
      String request = requests.get(i);
      attempts.add(
          at -> {
            List<ToolCall> calls = new ArrayList<>();
            for (JsonNode step : at.list(answer, path)) {
              JsonRow call = at.object(step, path + "[" + calls.size() + "]");
              calls.add(
                  call(
                      call, call.text("Action"), call.node().path("Action_Input"), "Action_Input"));
            }
            return api.question(
                new JsonRow(answer, at.place() + ": " + path), index, request, calls);
          },
          row);
    }
  }

  private static void instances(JsonRow row, Api api, JsonRows.Attempts<ToolQuestion> attempts) {
    List<JsonNode> instances = row.list("Instances");
    for (int i = 0; i < instances.size(); i++) {
      String path = "Instances[" + i + "]";
      JsonNode node = instances.get(i);
      String index = Integer.toString(i);
      attempts.add(
          at -> {
            JsonRow instance = at.object(node, path);
            List<ToolCall> calls = new ArrayList<>();
            for (JsonNode step : instance.list("intermediate_steps")) {
              String where = "intermediate_steps[" + calls.size() + "][0]";
              List<JsonNode> action = instance.list(step.path(0), where);
              if (action.size() < 2) {
                throw instance.wrong(where, step.path(0), "a list of action, input and log");
              }
              calls.add(
                  call(
                      instance,
                      instance.text(action.get(0), where + "[0]"),
                      action.get(1),
                      where + "[1]"));
            }
            return api.question(instance, index, instance.text("input"), calls);
          },
          row);
    }
  }

  private static ToolCall call(JsonRow row, String action, JsonNode input, String path) {
    if (input.isObject() || input.isString()) {
      try {
        String json = input.isString() ? input.stringValue() : input.toString();
        return new ToolCall(action, JsonInput.parse(json));
      } catch (IllegalArgumentException e) {
        throw row.wrong(path + ": " + e.getMessage());
      }
    }
    throw row.wrong(path, input, "a JSON object, or text that holds one");
  }
}
