package dev.hindsight.sdpo.tools;

import java.util.Map;

/**
 * A call that a request needs.
 *
 * @param action the function's name
 * @param input its parameters, as {@link JsonInput} reads them
 */
public record ToolCall(String action, Map<String, Object> input) {}
