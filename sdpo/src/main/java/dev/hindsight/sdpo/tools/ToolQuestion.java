package dev.hindsight.sdpo.tools;

import java.util.List;

/**
 * A request to an API.
 *
 * @param id its place in the data
 * @param api the API's name
 * @param documentation of its functions
 * @param functions their names
 * @param request what the user wants
 * @param calls what the request needs, one or more
 */
public record ToolQuestion(
    String id,
    String api,
    String documentation,
    List<String> functions,
    String request,
    List<ToolCall> calls) {

  public ToolQuestion {
    functions = List.copyOf(functions);
    calls = List.copyOf(calls);
    if (calls.isEmpty()) {
      throw new IllegalArgumentException("the right answer has no call, expected one or more");
    }
    for (ToolCall call : calls) {
      if (!functions.contains(call.action())) {
        throw new IllegalArgumentException(
            "the right answer calls '"
                + call.action()
                + "', expected one of the documented functions "
                + functions);
      }
    }
  }
}
