package dev.hindsight.sdpo.config;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonToken;
import tools.jackson.core.exc.InputCoercionException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.exc.InvalidTypeIdException;
import tools.jackson.databind.exc.MismatchedInputException;
import tools.jackson.databind.exc.UnrecognizedPropertyException;
import tools.jackson.databind.exc.ValueInstantiationException;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLParser;

/** A parsed configuration that still knows on which line each key stood. */
final class ConfigTree {
  private final String source;
  private final ObjectNode root;

  /** Where each key path was given: {@code file:line}, or the override. */
  private final Map<String, String> places;

  private ConfigTree(String source, ObjectNode root, Map<String, String> places) {
    this.source = source;
    this.root = root;
    this.places = places;
  }

  static ConfigTree parse(YAMLMapper mapper, String text, String source) {
    try {
      Map<String, String> places = places(mapper, text, source);
      JsonNode root = mapper.readTree(text);
      if (root.isMissingNode() || root.isNull()) {
        root = mapper.createObjectNode();
      }
      if (!(root instanceof ObjectNode object)) {
        throw new ConfigException(
            source + ": expected keys and values, such as `seed: 0`, got " + describe(root));
      }
      return new ConfigTree(source, object, places);
    } catch (JacksonException e) {
      throw Configs.notYaml(source, e);
    }
  }

  /** The top-level value of a key, as text, or "". */
  String text(String key) {
    JsonNode value = root.path(key);
    return value.isValueNode() && !value.isNull() ? value.asString() : "";
  }

  /** Applies {@code key.path=value}, the value being YAML. */
  void override(YAMLMapper mapper, String override) {
    String place = "--set " + override;
    int equals = override.indexOf('=');
    if (equals < 1) {
      throw new ConfigException(place + ": expected key=value, such as --set seed=1");
    }
    String path = override.substring(0, equals).strip();
    ObjectNode parent = root;
    String[] keys = path.split("\\.", -1);
    for (int i = 0; i < keys.length - 1; i++) {
      JsonNode child = parent.path(keys[i]);
      parent = child instanceof ObjectNode object ? object : parent.putObject(keys[i]);
    }
    JsonNode value;
    try {
      value = mapper.readTree(override.substring(equals + 1));
    } catch (JacksonException e) {
      throw Configs.notYaml(place, e);
    }
    parent.set(keys[keys.length - 1], value.isMissingNode() ? mapper.nullNode() : value);
    places.put(path, place);
  }

  /** The record of {@code defaults}' type in which the values given here replace the defaults. */
  @SuppressWarnings("unchecked")
  <T extends Record> T bind(YAMLMapper mapper, T defaults) {
    ObjectNode merged = Configs.tree(mapper, defaults);
    merge(root, merged);
    try {
      return (T) mapper.treeToValue(merged, defaults.getClass());
    } catch (UnrecognizedPropertyException e) {
      throw unknownKey(e);
    } catch (InvalidTypeIdException e) {
      throw unknownKind(e);
    } catch (ValueInstantiationException e) {
      throw refused(e);
    } catch (MismatchedInputException e) {
      throw illTyped(e, e.getTargetType(), merged);
    } catch (InputCoercionException e) {
      throw illTyped(e, e.getTargetType(), merged); // a number too large for its type
    } catch (JacksonException e) {
      throw new ConfigException(place(keys(e)) + ": " + e.getOriginalMessage(), e);
    }
  }

  /** Mappings merge key by key; anything else, a list too, is replaced as a whole. */
  private static void merge(ObjectNode given, ObjectNode into) {
    given
        .properties()
        .forEach(
            entry -> {
              if (entry.getValue() instanceof ObjectNode child
                  && into.get(entry.getKey()) instanceof ObjectNode target
                  && !isOfAnotherKind(child, target)) {
                merge(child, target);
              } else {
                into.set(entry.getKey(), entry.getValue());
              }
            });
  }

  /** A section that says another {@code kind} has other keys: it starts afresh. */
  private static boolean isOfAnotherKind(ObjectNode given, ObjectNode defaults) {
    return given.has("kind")
        && defaults.has("kind")
        && !given.get("kind").equals(defaults.get("kind"));
  }

  // ----------------------------------------------------------------- errors

  /** A {@code kind} that is none. */
  private ConfigException unknownKind(InvalidTypeIdException e) {
    List<String> path = new ArrayList<>(keys(e));
    path.add("kind");
    JsonSubTypes known = e.getBaseType().getRawClass().getAnnotation(JsonSubTypes.class);
    List<String> kinds =
        known == null
            ? List.of()
            : Arrays.stream(known.value()).map(JsonSubTypes.Type::name).sorted().toList();
    return new ConfigException(
        place(path)
            + ": "
            + joined(path)
            + ": got "
            + (e.getTypeId() == null ? "nothing" : "'" + e.getTypeId() + "'")
            + ", expected one of "
            + String.join(", ", kinds)
            + (e.getTypeId() == null ? "" : DidYouMean.hint(e.getTypeId(), kinds)),
        e);
  }

  private ConfigException unknownKey(UnrecognizedPropertyException e) {
    List<String> path = keys(e);
    List<String> known =
        Stream.concat(
                e.getKnownPropertyIds().stream().map(String::valueOf),
                Arrays.stream(e.getReferringClass().getInterfaces())
                    .filter(i -> i.isAnnotationPresent(JsonTypeInfo.class))
                    .map(i -> i.getAnnotation(JsonTypeInfo.class).property()))
            .sorted()
            .distinct()
            .toList();
    String key = e.getPropertyName();
    String within = path.size() < 2 ? "" : " in '" + joined(path.subList(0, path.size() - 1)) + "'";
    String hint = DidYouMean.hint(key, known);
    return new ConfigException(
        place(path)
            + ": unknown key '"
            + key
            + "'"
            + within
            + (hint.isEmpty() ? "." : hint)
            + " Known keys"
            + (within.isEmpty() ? "" : " there")
            + ": "
            + String.join(", ", known),
        e);
  }

  private ConfigException illTyped(JacksonException e, Class<?> target, ObjectNode merged) {
    List<String> path = keys(e);
    JsonNode value = merged;
    for (String key : path) {
      value = key.startsWith("[") ? value.path(index(key)) : value.path(key);
    }
    return new ConfigException(
        place(path)
            + ": "
            + joined(path)
            + ": got "
            + describe(value)
            + ", expected "
            + expected(target, value),
        e);
  }

  /** A record's own constructor said no. */
  private ConfigException refused(ValueInstantiationException e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String message = String.valueOf(cause.getMessage());
    // Constructors name the key first ("optim.lr: ..."), in full or within their record: that key's
    // line is better than the line of the whole record.
    String first = message.split("[: ]", 2)[0];
    List<String> path = keys(e);
    String within = path.isEmpty() ? first : joined(path) + "." + first;
    String key = places.containsKey(first) ? first : within;
    String place = places.containsKey(key) ? places.get(key) : place(path);
    return new ConfigException(place + ": " + message, e);
  }

  private static String expected(Class<?> type, JsonNode value) {
    if (type == null) {
      return "a value of another type";
    }
    if (type.isEnum()) {
      List<String> names =
          Arrays.stream(type.getEnumConstants())
              .map(c -> Configs.external(((Enum<?>) c).name()))
              .toList();
      return "one of "
          + String.join(", ", names)
          + (value.isString() ? DidYouMean.hint(value.stringValue(), names) : "");
    }
    if (type == int.class || type == long.class || type == Integer.class || type == Long.class) {
      return "a whole number";
    }
    if (type == double.class || type == float.class || Number.class.isAssignableFrom(type)) {
      return "a number";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type == String.class) {
      return "text" + (value.isNumber() ? " (put it in quotes)" : "");
    }
    if (Collection.class.isAssignableFrom(type) || type.isArray()) {
      return "a list";
    }
    return "keys and values";
  }

  private static String describe(JsonNode value) {
    if (value.isNull() || value.isMissingNode()) {
      return "nothing";
    }
    if (value.isObject()) {
      return "keys and values";
    }
    if (value.isArray()) {
      return "a list";
    }
    String text = value.asString();
    String shown = text.length() > 60 ? text.substring(0, 60) + "..." : text;
    return value.isString() ? "the text '" + shown + "'" : shown;
  }

  // ------------------------------------------------------------------ places

  /** Where the innermost given key of a path stands. */
  private String place(List<String> path) {
    for (int n = path.size(); n > 0; n--) {
      String place = places.get(joined(path.subList(0, n)));
      if (place != null) {
        return place;
      }
    }
    return source;
  }

  private static List<String> keys(JacksonException e) {
    return e.getPath().stream()
        .map(r -> r.getPropertyName() != null ? r.getPropertyName() : "[" + r.getIndex() + "]")
        .toList();
  }

  private static int index(String key) {
    return Integer.parseInt(key, 1, key.length() - 1, 10);
  }

  private static String joined(List<String> path) {
    return String.join(".", path).replace(".[", "[");
  }

  /** Walks the text once for the line of every key and element. */
  private static Map<String, String> places(YAMLMapper mapper, String text, String source) {
    Map<String, String> places = new HashMap<>();
    Deque<String> path = new ArrayDeque<>();
    Deque<Integer> indices = new ArrayDeque<>();
    try (YAMLParser parser = (YAMLParser) mapper.createParser(text)) {
      int documents = 0;
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        String place = source + ":" + parser.currentTokenLocation().getLineNr();
        if (parser.isCurrentAlias()) {
          throw new ConfigException(place + ": aliases (*name) are not read; write the value out");
        }
        boolean atRoot = path.isEmpty() && indices.isEmpty();
        if (atRoot && token != JsonToken.END_OBJECT && token != JsonToken.END_ARRAY) {
          if (documents++ > 0) {
            throw new ConfigException(place + ": a second document (---); expected one a file");
          }
        }
        switch (token) {
          case PROPERTY_NAME -> {
            path.removeLast();
            path.addLast(parser.currentName());
            places.put(joined(List.copyOf(path)), place);
          }
          case START_OBJECT -> {
            element(path, indices, places, place);
            path.addLast("");
            indices.addLast(-1);
          }
          case START_ARRAY -> {
            element(path, indices, places, place);
            path.addLast("");
            indices.addLast(0);
          }
          case END_OBJECT, END_ARRAY -> {
            path.removeLast();
            indices.removeLast();
          }
          default -> element(path, indices, places, place);
        }
      }
    }
    return places;
  }

  /** When a value begins inside a list, the path's last part becomes its index. */
  private static void element(
      Deque<String> path, Deque<Integer> indices, Map<String, String> places, String place) {
    if (!indices.isEmpty() && indices.getLast() >= 0) {
      int i = indices.removeLast();
      indices.addLast(i + 1);
      path.removeLast();
      path.addLast("[" + i + "]");
      places.put(joined(List.copyOf(path)), place);
    }
  }
}
