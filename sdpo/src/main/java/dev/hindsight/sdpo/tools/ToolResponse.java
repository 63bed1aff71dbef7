package dev.hindsight.sdpo.tools;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a response calls, read from the left: after {@code Action:} stands a function's name, up to
 * the end of the line or the next marker; after {@code Action Input:} a JSON object, whose text is
 * no longer looked at for markers. Everything else is thought.
 *
 * @param actions names, in order, without the white space around them
 * @param inputs the inputs that are JSON objects, in order
 * @param problems what is wrong with the form, in words; empty where nothing is
 */
record ToolResponse(List<String> actions, List<Map<String, Object>> inputs, List<String> problems) {
  private static final String ACTION = "Action:";
  private static final String INPUT = "Action Input:";

  static ToolResponse parse(String text) {
    List<String> actions = new ArrayList<>();
    List<Map<String, Object>> inputs = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    int blocks = 0;
    int at = 0;
    while (true) {
      int action = orEnd(text.indexOf(ACTION, at), text);
      int input = orEnd(text.indexOf(INPUT, at), text);
      if (action == text.length() && input == text.length()) {
        break;
      }
      if (action < input) {
        at = action + ACTION.length();
        int end = endOfName(text, at);
        String name = text.substring(at, end).strip();
        if (name.isEmpty()) {
          problems.add("Action " + (actions.size() + 1) + " has no name");
        }
        actions.add(name);
        at = end;
        continue;
      }
      blocks++;
      at = input + INPUT.length();
      JsonInput.Read read = JsonInput.read(text, at);
      if (read.value() == null) {
        problems.add("Action Input " + blocks + " is not a JSON object: " + read.problem());
      } else {
        inputs.add(read.value());
      }
      at = read.end();
    }
    if (actions.isEmpty()) {
      problems.addFirst("there is no line 'Action: name of a function'");
    } else if (blocks != actions.size()) {
      problems.add(actions.size() + " Action but " + blocks + " Action Input, expected one each");
    }
    return new ToolResponse(List.copyOf(actions), List.copyOf(inputs), List.copyOf(problems));
  }

  /** All inputs in one object; of a key that stands in several the last value counts. */
  static Map<String, Object> merged(List<Map<String, Object>> inputs) {
    Map<String, Object> merged = new LinkedHashMap<>();
    inputs.forEach(merged::putAll);
    return Collections.unmodifiableMap(merged);
  }

  private static int endOfName(String text, int from) {
    int end = orEnd(text.indexOf('\n', from), text);
    end = Math.min(end, orEnd(text.indexOf(INPUT, from), text));
    return Math.min(end, orEnd(text.indexOf(ACTION, from), text));
  }

  private static int orEnd(int index, String text) {
    return index < 0 ? text.length() : index;
  }
}
