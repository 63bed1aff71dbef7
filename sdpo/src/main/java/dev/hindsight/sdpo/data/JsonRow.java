package dev.hindsight.sdpo.data;

import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * A JSON object of a data file that knows where it stands, so that what is wrong with it can be
 * said with its place.
 *
 * @param node the object
 * @param place {@code file:line}, and the path within the line where it is nested
 */
public record JsonRow(JsonNode node, String place) {

  /** Whether a field is there and is not null. */
  public boolean has(String field) {
    return node.hasNonNull(field);
  }

  /** A field that must be text, and not blank. */
  public String text(String field) {
    return text(node.path(field), field);
  }

  /** A field that must be an object. */
  public JsonRow object(String field) {
    return object(node.path(field), field);
  }

  /** A field that must be a list. */
  public List<JsonNode> list(String field) {
    return list(node.path(field), field);
  }

  /** A field that must be a list of text, none of it blank. */
  public List<String> texts(String field) {
    List<String> texts = new ArrayList<>();
    for (JsonNode element : list(field)) {
      texts.add(text(element, field + "[" + texts.size() + "]"));
    }
    return texts;
  }

  /** A value of this row that must be text, and not blank; {@code path} says where it stands. */
  public String text(JsonNode value, String path) {
    if (!value.isString() || value.stringValue().isBlank()) {
      throw wrong(path, value, "text");
    }
    return value.stringValue();
  }

  /** A value of this row that must be a list. */
  public List<JsonNode> list(JsonNode value, String path) {
    if (!value.isArray()) {
      throw wrong(path, value, "a list");
    }
    return List.copyOf(value.values());
  }

  /** A value of this row that must be an object. */
  public JsonRow object(JsonNode value, String path) {
    if (!value.isObject()) {
      throw wrong(path, value, "an object");
    }
    return new JsonRow(value, place + ": " + path);
  }

  /** What to throw when a value is not what was expected. */
  public IllegalArgumentException wrong(String path, JsonNode value, String expected) {
    String got =
        value.isMissingNode()
            ? "is missing"
            : value.isNull()
                ? "is null"
                : value.isString() && value.stringValue().isBlank()
                    ? "is blank"
                    : "is " + excerpt(value.toString());
    return wrong(path + " " + got + ", expected " + expected);
  }

  /** What to throw when this row is wrong in some other way. */
  public IllegalArgumentException wrong(String message) {
    return new IllegalArgumentException(place + ": " + message);
  }

  /** Enough of a long text to know it again. */
  static String excerpt(String text) {
    return text.length() > 80 ? text.substring(0, 80) + "..." : text;
  }
}
