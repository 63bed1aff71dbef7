package dev.hindsight.sdpo.tools;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/**
 * A JSON object within a longer text, read by a JSON parser from its first brace to the one that
 * closes it: braces in strings and objects in objects are what they are.
 *
 * <p>Values are compared as JSON, by {@code equals}: the order of keys and white space do not
 * count, the order of lists does; numbers count by their value ({@code 3}, {@code 3.0} and {@code
 * 30e-1} are equal) and are neither strings ({@code "3"}) nor truth values. A key that stands twice
 * in one object is an error.
 */
public final class JsonInput {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build())
          .build();

  /** Reads one value and leaves what follows it alone. */
  private static final ObjectReader VALUE =
      MAPPER
          .readerFor(JsonNode.class)
          .with(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /** JSON's null, which is a value: a key that has it is there. */
  private enum Null {
    NULL;

    @Override
    public String toString() {
      return "null";
    }
  }

  private JsonInput() {}

  /**
   * What was read.
   *
   * @param value by key, in the order of the text; null where there is no object
   * @param end where the text goes on
   * @param problem what is wrong, in words; empty where nothing is
   */
  record Read(@Nullable Map<String, Object> value, int end, String problem) {}

  /** The object that begins at {@code from}, after white space. */
  static Read read(String text, int from) {
    int start = from;
    while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
      start++;
    }
    if (start == text.length() || text.charAt(start) != '{') {
      return new Read(null, from, "it does not begin with '{'");
    }
    try (JsonParser parser = MAPPER.createParser(text.substring(start))) {
      parser.nextToken();
      JsonNode node = VALUE.readValue(parser);
      if (parser.currentToken() == JsonToken.END_OBJECT || parser.currentToken() == null) {
        int end = start + (int) parser.currentLocation().getCharOffset();
        return new Read(object(node), end, "");
      }
      throw new IllegalStateException("a JSON object ends with " + parser.currentToken());
    } catch (JacksonException e) {
      return new Read(null, from, e.getOriginalMessage().lines().findFirst().orElse("not JSON"));
    }
  }

  /**
   * The object that a text is.
   *
   * @throws IllegalArgumentException when it is anything else
   */
  public static Map<String, Object> parse(String text) {
    Read read = read(text, 0);
    if (read.value() == null || !text.substring(read.end()).isBlank()) {
      throw new IllegalArgumentException(
          "expected one JSON object, got '"
              + (text.length() > 80 ? text.substring(0, 80) + "..." : text)
              + "'"
              + (read.problem().isEmpty() ? "" : ": " + read.problem()));
    }
    return read.value();
  }

  /** A value as JSON on one line. */
  static String text(Object value) {
    return MAPPER.writeValueAsString(printable(value));
  }

  private static Map<String, Object> object(JsonNode node) {
    Map<String, Object> object = new LinkedHashMap<>();
    node.properties().forEach(e -> object.put(e.getKey(), value(e.getValue())));
    return Collections.unmodifiableMap(object);
  }

  private static Object value(JsonNode node) {
    return switch (node.getNodeType()) {
      case OBJECT -> object(node);
      case ARRAY -> {
        List<Object> list = new ArrayList<>();
        node.values().forEach(element -> list.add(value(element)));
        yield List.copyOf(list);
      }
      case NUMBER -> node.decimalValue().stripTrailingZeros();
      case STRING -> node.stringValue();
      case BOOLEAN -> node.booleanValue();
      default -> Null.NULL;
    };
  }

  private static @Nullable Object printable(Object value) {
    return switch (value) {
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>();
        map.forEach((key, v) -> copy.put((String) key, printable(v)));
        yield copy;
      }
      case List<?> list -> {
        List<@Nullable Object> copy = new ArrayList<>();
        list.forEach(v -> copy.add(printable(v)));
        yield copy;
      }
      case Null _ -> null;
      default -> value;
    };
  }
}
