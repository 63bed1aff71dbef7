package dev.hindsight.sdpo.code;

import java.lang.reflect.Array;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Results of solutions, seen as JSON. */
final class JsonValues {
  /** Tests of a whole problem stand in one string, which may be long. */
  static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxStringLength(Integer.MAX_VALUE)
                          .maxDocumentLength(-1)
                          .build())
                  .build())
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private JsonValues() {}

  /**
   * Reads one JSON value.
   *
   * @throws IllegalArgumentException when it is none
   */
  static JsonNode parse(String text) {
    try {
      JsonNode node = MAPPER.readTree(text);
      if (node.isMissingNode()) {
        throw new IllegalArgumentException("expected a JSON value, got nothing");
      }
      return node;
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          "expected one JSON value, got '"
              + (text.length() > 80 ? text.substring(0, 80) + "..." : text)
              + "'",
          e);
    }
  }

  /**
   * JSON equality: arrays and lists alike element by element, numbers by value (2 equals 2.0), a
   * char as a string of one character.
   */
  static boolean equal(@Nullable Object value, JsonNode json) {
    if (value == null) {
      return json.isNull();
    }
    List<?> elements = elements(value);
    if (elements != null) {
      if (!json.isArray() || json.size() != elements.size()) {
        return false;
      }
      for (int i = 0; i < json.size(); i++) {
        if (!equal(elements.get(i), json.get(i))) {
          return false;
        }
      }
      return true;
    }
    return switch (value) {
      case Boolean b -> json.isBoolean() && json.booleanValue() == b;
      case Number n -> json.isNumber() && equal(n, json.decimalValue(), json);
      default -> json.isString() && json.stringValue().equals(value.toString());
    };
  }

  private static boolean equal(Number n, BigDecimal expected, JsonNode json) {
    double value = n.doubleValue();
    if (n instanceof Double || n instanceof Float) {
      if (!Double.isFinite(value)) {
        return false; // JSON has no such number
      }
      return json.isIntegralNumber()
          ? new BigDecimal(value).compareTo(expected) == 0
          : value == expected.doubleValue();
    }
    return new BigDecimal(n.longValue()).compareTo(expected) == 0;
  }

  /** The value as JSON text. */
  static String text(@Nullable Object value) {
    return MAPPER.writeValueAsString(plain(value));
  }

  private static @Nullable Object plain(@Nullable Object value) {
    List<?> elements = value == null ? null : elements(value);
    if (elements != null) {
      List<Object> plain = new ArrayList<>();
      elements.forEach(e -> plain.add(plain(e)));
      return plain;
    }
    return value instanceof Character c ? c.toString() : value;
  }

  private static @Nullable List<?> elements(Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    if (!value.getClass().isArray()) {
      return null;
    }
    if (value instanceof Object[] array) {
      return Arrays.asList(array);
    }
    List<Object> elements = new ArrayList<>();
    for (int i = 0; i < Array.getLength(value); i++) {
      elements.add(Objects.requireNonNull(Array.get(value, i)));
    }
    return elements;
  }
}
