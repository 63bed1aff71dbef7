package dev.hindsight.sdpo.config;

import java.io.IOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.EnumNamingStrategy;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.CoercionAction;
import tools.jackson.databind.cfg.CoercionInputShape;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.AnnotatedClass;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.databind.type.LogicalType;
import tools.jackson.dataformat.yaml.YAMLMapper;
import tools.jackson.dataformat.yaml.YAMLReadFeature;
import tools.jackson.dataformat.yaml.YAMLWriteFeature;

/**
 * Reads configuration records from YAML, strictly, and writes them back.
 *
 * <p>Keys are the record components in snake case ({@code learningRate} is {@code learning_rate}),
 * constants of enums in lower case with hyphens ({@code trust-region}). What a file leaves out
 * comes from the defaults; a key that no record has, a key given twice, a value of another type and
 * a value that a record refuses are errors that name file, line and key.
 */
public final class Configs {
  /**
   * Far above any configuration: a weights file given by mistake is refused before it is parsed.
   */
  private static final long MAX_BYTES = 1 << 20;

  private static final YAMLMapper YAML =
      YAMLMapper.builder()
          .enable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
          .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
          .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(YAMLReadFeature.EMPTY_DOCUMENT_AS_EMPTY_OBJECT)
          .disable(YAMLWriteFeature.WRITE_DOC_START_MARKER, YAMLWriteFeature.SPLIT_LINES)
          // a `kind` is a key, not a tag
          .disable(YAMLWriteFeature.USE_NATIVE_TYPE_ID)
          .enable(YAMLWriteFeature.MINIMIZE_QUOTES)
          .enable(YAMLWriteFeature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
          // records keep the order in which their components are declared
          .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enumNamingStrategy(new KebabCase())
          // the parser takes 2e-3, which has no point, for text
          .withCoercionConfig(
              LogicalType.Float,
              c -> c.setCoercion(CoercionInputShape.String, CoercionAction.TryConvert))
          .withCoercionConfig(
              LogicalType.Textual,
              c ->
                  c.setCoercion(CoercionInputShape.Integer, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Float, CoercionAction.Fail)
                      .setCoercion(CoercionInputShape.Boolean, CoercionAction.Fail))
          .build();

  private Configs() {}

  /**
   * Reads a file over {@code defaults}.
   *
   * @param overrides {@code key.path=value} each, which win over the file
   * @throws ConfigException when the file is missing or not right; the message says all
   */
  public static <T extends Record> T read(Path file, T defaults, List<String> overrides) {
    return parse(text(file), file.toString(), defaults, overrides);
  }

  /**
   * Defaults that depend on what is given.
   *
   * @param <T> the configuration
   */
  @FunctionalInterface
  public interface Defaults<T extends Record> {
    /**
     * @param key the text of a value at the top level, overrides applied; "" where it is not given
     */
    T of(UnaryOperator<String> key);
  }

  /** As {@link #read(Path, Record, List)} over defaults that depend on what is given. */
  public static <T extends Record> T readOver(
      Path file, Defaults<T> defaults, List<String> overrides) {
    return parseOver(text(file), file.toString(), defaults, overrides);
  }

  /** As {@link #read(Path, Record, List)} without overrides. */
  public static <T extends Record> T read(Path file, T defaults) {
    return read(file, defaults, List.of());
  }

  /**
   * Reads YAML text over {@code defaults}.
   *
   * @param source what messages call the text: a file name
   */
  public static <T extends Record> T parse(
      String text, String source, T defaults, List<String> overrides) {
    return parseOver(text, source, _ -> defaults, overrides);
  }

  /** As {@link #parse(String, String, Record, List)} over defaults that depend on what is given. */
  public static <T extends Record> T parseOver(
      String text, String source, Defaults<T> defaults, List<String> overrides) {
    ConfigTree given = ConfigTree.parse(YAML, text, source);
    for (String override : overrides) {
      given.override(YAML, override);
    }
    return given.bind(YAML, defaults.of(given::text));
  }

  /**
   * The top-level value of {@code key} in a file, as text, or the empty string: lets a caller tell
   * kinds of configuration apart before it reads one strictly.
   */
  public static String peek(Path file, String key) {
    return ConfigTree.parse(YAML, text(file), file.toString()).text(key);
  }

  /** The record as YAML, every key written out: what a run's folder keeps. */
  public static String toYaml(Record config) {
    return YAML.writeValueAsString(config);
  }

  /** The defaults as a tree, under the keys of a file. */
  static ObjectNode tree(YAMLMapper mapper, Record config) {
    return (ObjectNode) mapper.valueToTree(config);
  }

  private static String text(Path file) {
    try {
      if (Files.isDirectory(file)) {
        throw new ConfigException(
            file + " is a folder; expected a YAML file, such as " + file.resolve("config.yaml"));
      }
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw new ConfigException(
            file + " is a device or a pipe; expected a YAML file, which is read more than once");
      }
      long bytes = Files.size(file);
      if (bytes > MAX_BYTES) {
        throw new ConfigException(
            file + " has " + bytes + " bytes; expected a YAML file of at most " + MAX_BYTES);
      }
      return Files.readString(file, StandardCharsets.UTF_8);
    } catch (NoSuchFileException e) {
      throw new ConfigException(file + ": no such file" + neighbours(file), e);
    } catch (MalformedInputException e) {
      throw new ConfigException(file + " is not UTF-8 text; expected a YAML file", e);
    } catch (IOException e) {
      throw new ConfigException(file + " cannot be read: " + e, e);
    }
  }

  /** The YAML files that lie where the missing one was looked for. */
  private static String neighbours(Path missing) {
    Path folder = missing.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      return "";
    }
    try (var entries = Files.list(folder)) {
      List<String> names =
          entries
              .map(p -> p.getFileName().toString())
              .filter(n -> n.endsWith(".yaml") || n.endsWith(".yml"))
              .sorted()
              .toList();
      return DidYouMean.hint(missing.getFileName().toString(), names)
          + (names.isEmpty() ? "" : ". There: " + String.join(", ", names));
    } catch (IOException e) {
      return "";
    }
  }

  private static final Pattern LINE = Pattern.compile("in reader, line (\\d+)");

  /** Says what the parser found wrong with the text, without its Java vocabulary. */
  static ConfigException notYaml(String source, JacksonException e) {
    String message = e.getOriginalMessage();
    int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
    // The parser tells what it was doing, then what it found there, each with an excerpt that is
    // indented: what it found is the news.
    for (Matcher m = LINE.matcher(message); m.find(); ) {
      line = Integer.parseInt(m.group(1));
    }
    String problem =
        message
            .lines()
            .filter(l -> !l.isBlank() && !l.startsWith(" "))
            .reduce("syntax error", (before, last) -> last);
    if (problem.startsWith("Duplicate")) {
      String key = problem.replaceAll(".*\"(.*)\".*", "$1");
      problem = "the key '" + key + "' is given twice; keep one";
    } else {
      problem = "not valid YAML: " + problem;
    }
    return new ConfigException(source + (line > 0 ? ":" + line : "") + ": " + problem, e);
  }

  /** The name of an enum's constant in a file: {@code TRUST_REGION} is {@code trust-region}. */
  static String external(String constant) {
    return constant.toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static final class KebabCase implements EnumNamingStrategy {
    private static final long serialVersionUID = 1;

    @Override
    public String convertEnumToExternalName(
        MapperConfig<?> config, AnnotatedClass type, String name) {
      return external(name);
    }
  }
}
