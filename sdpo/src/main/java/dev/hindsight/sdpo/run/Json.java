package dev.hindsight.sdpo.run;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationContext;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.module.SimpleModule;
import tools.jackson.databind.ser.std.StdSerializer;

/**
 * The JSON of run folders: records under snake-case keys in the order of their components. Numbers
 * are printed by {@link Double#toString}, the shortest text that reads back to the same bits, so
 * equal values give equal bytes. A number that is not finite becomes null, as JSON has none.
 */
public final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder()
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .addModule(
              new SimpleModule()
                  .addSerializer(Double.class, new Finite<>(Double.class))
                  .addSerializer(double.class, new Finite<>(Double.class))
                  .addSerializer(Float.class, new Finite<>(Float.class))
                  .addSerializer(float.class, new Finite<>(Float.class)))
          .build();

  private Json() {}

  /** One line, without the line break. */
  public static String line(Object value) {
    return MAPPER.writeValueAsString(value);
  }

  /** Indented, with a line break at the end. */
  public static String pretty(Object value) {
    return MAPPER.writer().with(SerializationFeature.INDENT_OUTPUT).writeValueAsString(value)
        + "\n";
  }

  /**
   * Reads what {@link #line} wrote.
   *
   * @throws IllegalArgumentException when the text is no such record
   */
  public static <T> T parse(String line, Class<T> type) {
    try {
      return MAPPER.readValue(line, type);
    } catch (JacksonException e) {
      throw new IllegalArgumentException(
          "expected one " + type.getSimpleName() + " as JSON, got '" + line + "'", e);
    }
  }

  private static final class Finite<T extends Number> extends StdSerializer<T> {
    Finite(Class<T> type) {
      super(type);
    }

    @Override
    public void serialize(T value, JsonGenerator json, SerializationContext context) {
      if (!Double.isFinite(value.doubleValue())) {
        json.writeNull();
      } else if (value instanceof Float f) {
        json.writeNumber(f);
      } else {
        json.writeNumber(value.doubleValue());
      }
    }
  }
}
