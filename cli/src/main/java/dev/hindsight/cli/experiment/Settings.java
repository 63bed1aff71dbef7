package dev.hindsight.cli.experiment;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Values of configuration keys, such as {@code optim.lr: 1e-3}: what {@code --set} changes on the
 * command line, in a file.
 *
 * @param values by dotted key, in the order of the file
 */
public record Settings(Map<String, JsonNode> values) {
  public static final Settings NONE = new Settings(Map.of());

  private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./+-]+");

  public Settings {
    Map<String, JsonNode> flat = new LinkedHashMap<>();
    values.forEach((key, value) -> flatten(key, value, flat));
    values = Collections.unmodifiableMap(flat);
  }

  /** A section that is written out is the same as its keys one by one. */
  private static void flatten(String key, JsonNode value, Map<String, JsonNode> into) {
    if (value instanceof ObjectNode section && !section.isEmpty()) {
      section.properties().forEach(e -> flatten(key + "." + e.getKey(), e.getValue(), into));
    } else {
      into.put(key, value == null ? JsonNodeFactory.instance.nullNode() : value);
    }
  }

  /** These, and others that win over them. */
  public Settings with(Settings others) {
    Map<String, JsonNode> all = new LinkedHashMap<>(values);
    all.putAll(others.values);
    return new Settings(all);
  }

  /** One {@code key=value} each, the value as YAML. */
  public List<String> overrides() {
    List<String> all = new ArrayList<>();
    values.forEach((key, value) -> all.add(key + "=" + text(value)));
    return all;
  }

  /** For people and folders: {@code optim.lr=1e-3 environment.level=P}. */
  @Override
  public String toString() {
    return String.join(" ", overrides());
  }

  /** A folder's name; what no name may hold is replaced, and told apart by a number. */
  public String folder() {
    if (values.isEmpty()) {
      return "all";
    }
    String whole = toString().replace(' ', ',');
    String safe = whole.replaceAll("[^A-Za-z0-9_.,=+-]", "_");
    return safe.equals(whole) ? safe : safe + "-" + Integer.toHexString(whole.hashCode());
  }

  static String text(JsonNode value) {
    // JSON is YAML; a plain word stays one, so that a method's name is recognised
    return value.isString() && PLAIN.matcher(value.stringValue()).matches()
        ? value.stringValue()
        : value.toString();
  }

  /**
   * Every combination of a grid's values, the last key changing fastest.
   *
   * @param grid values by dotted key; none gives the one empty combination
   */
  public static List<Settings> combinations(Map<String, List<JsonNode>> grid) {
    List<Settings> all = List.of(NONE);
    for (Map.Entry<String, List<JsonNode>> key : grid.entrySet()) {
      if (key.getValue() == null || key.getValue().isEmpty()) {
        throw new IllegalArgumentException(
            "grid." + key.getKey() + ": got no values, expected a list, such as [1e-3, 2e-3]");
      }
      List<Settings> longer = new ArrayList<>();
      for (Settings before : all) {
        for (JsonNode value : key.getValue()) {
          longer.add(before.with(new Settings(Map.of(key.getKey(), value))));
        }
      }
      all = longer;
    }
    return all;
  }
}
