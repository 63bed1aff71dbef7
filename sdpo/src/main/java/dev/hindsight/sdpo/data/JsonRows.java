package dev.hindsight.sdpo.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads a file of JSON objects, one a line or as one list. Nothing is dropped in silence: a line
 * that is no object, a key that stands twice, and whatever the caller finds wrong are errors with
 * their line, unless the caller asks for wrong rows to be left out, and then they are listed.
 */
public final class JsonRows {
  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  // documentation of a whole API stands in one string
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build())
                  .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                  .build())
          .build();

  /** One object after another, each only as far as it goes. */
  private static final ObjectReader ELEMENT =
      MAPPER.readerFor(JsonNode.class).without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final String LEAVE_OUT =
      "; mend it, or leave wrong rows out with skip_wrong_rows: true";

  private JsonRows() {}

  /**
   * What a file gave.
   *
   * @param items in the file's order
   * @param leftOut for each row that was left out what is wrong with it; empty where wrong rows are
   *     errors
   */
  public record Items<T>(List<T> items, List<String> leftOut) {
    public Items {
      items = List.copyOf(items);
      leftOut = List.copyOf(leftOut);
    }
  }

  /** Takes rows apart into items; wrong ones throw {@link IllegalArgumentException}. */
  public interface Visitor<T> {
    /**
     * Adds the items of a row.
     *
     * @param row of the file
     * @param attempt runs what may find a part of the row wrong, so that the other parts are kept
     */
    void visit(JsonRow row, Attempts<T> attempt);
  }

  /** Collects items, or what is wrong with them. */
  public static final class Attempts<T> {
    private final List<T> items = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();

    /** Adds an item unless making it throws {@link IllegalArgumentException}. */
    public void add(Function<JsonRow, T> item, JsonRow row) {
      try {
        items.add(item.apply(row));
      } catch (IllegalArgumentException e) {
        wrong.add(String.valueOf(e.getMessage()));
      }
    }

    /** Notes that a row, or a part of it, cannot be used. */
    public void wrong(IllegalArgumentException e) {
      wrong.add(String.valueOf(e.getMessage()));
    }
  }

  /**
   * The items of a file.
   *
   * @param skipWrongRows whether wrong rows are left out and listed; otherwise they are an error
   * @throws IOException when the file cannot be read
   * @throws IllegalArgumentException when rows are wrong and not to be left out
   */
  public static <T> Items<T> read(Path file, boolean skipWrongRows, Visitor<T> visitor)
      throws IOException {
    return parse(content(file), file.toString(), skipWrongRows, visitor);
  }

  private static String content(Path file) throws IOException {
    try {
      String text = Files.readString(file);
      return text.startsWith("\uFEFF") ? text.substring(1) : text; // a byte-order mark
    } catch (NoSuchFileException e) {
      throw new IOException(
          "data file " + file + " does not exist; expected JSON lines or a JSON list", e);
    } catch (CharacterCodingException e) {
      throw new IOException(file + " is not UTF-8 text; expected JSON in UTF-8", e);
    }
  }

  /** The text of a file that comes with Hindsight and lies beside a class. */
  public static String bundled(Class<?> beside, String name) {
    try (InputStream bytes = beside.getResourceAsStream(name)) {
      if (bytes == null) {
        throw new IllegalStateException(name + " is missing beside " + beside.getName());
      }
      return new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The same for a text; {@code source} names it in errors. */
  public static <T> Items<T> parse(
      String text, String source, boolean skipWrongRows, Visitor<T> visitor) {
    Attempts<T> attempts = new Attempts<>();
    if (text.stripLeading().startsWith("[")) {
      list(text, source, visitor, attempts);
    } else {
      lines(text, source, visitor, attempts);
    }
    List<String> wrong = attempts.wrong;
    if (!skipWrongRows && !wrong.isEmpty()) {
      throw new IllegalArgumentException(
          wrong.getFirst()
              + (wrong.size() == 1 ? "" : " (and " + (wrong.size() - 1) + " more wrong)")
              + LEAVE_OUT);
    }
    return new Items<>(attempts.items, wrong);
  }

  private static <T> void lines(
      String text, String source, Visitor<T> visitor, Attempts<T> attempts) {
    int number = 0;
    for (String line : text.lines().toList()) {
      number++;
      if (line.isBlank()) {
        continue;
      }
      String place = source + ":" + number;
      try {
        visit(MAPPER.readTree(line), place, visitor, attempts);
      } catch (JacksonException e) {
        attempts.wrong(notJson(place, e));
      }
    }
  }

  private static <T> void list(
      String text, String source, Visitor<T> visitor, Attempts<T> attempts) {
    String place = source;
    try (JsonParser parser = MAPPER.createParser(text)) {
      parser.nextToken();
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        place = source + ":" + parser.currentTokenLocation().getLineNr();
        JsonNode element = ELEMENT.readValue(parser);
        visit(element, place, visitor, attempts);
      }
      if (parser.nextToken() != null) {
        int line = parser.currentTokenLocation().getLineNr();
        attempts.wrong(
            new IllegalArgumentException(
                source + ":" + line + ": text after the end of the list, expected nothing"));
      }
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : e.getLocation().getLineNr();
      // what stands after a broken element cannot be found again
      throw notJson(line > 0 ? source + ":" + line : place, e);
    }
  }

  private static <T> void visit(
      JsonNode node, String place, Visitor<T> visitor, Attempts<T> attempts) {
    JsonRow row = new JsonRow(node, place);
    if (!node.isObject()) {
      attempts.wrong(row.wrong("expected a JSON object, got " + JsonRow.excerpt(node.toString())));
      return;
    }
    try {
      visitor.visit(row, attempts);
    } catch (IllegalArgumentException e) {
      attempts.wrong(e);
    }
  }

  private static IllegalArgumentException notJson(String place, JacksonException e) {
    return new IllegalArgumentException(
        place + ": expected one JSON object a line, or one list of them: " + e.getOriginalMessage(),
        e);
  }
}
