package dev.hindsight.transformer;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/**
 * The header of a safetensors file, with every rule of the format checked.
 *
 * <p>The format: eight bytes little-endian N, then N bytes of JSON ({@code {"name": {"dtype",
 * "shape", "data_offsets": [begin, end]}, "__metadata__": {string: string}}}, padded with spaces),
 * then the data that the offsets count from. Data must be covered once and without holes.
 */
record SafetensorsHeader(
    Map<String, Safetensors.Entry> entries, Map<String, String> metadata, long dataStart) {
  /** The format's own limit on the header. */
  static final long MAXIMUM_BYTES = 100_000_000;

  private static final String DAMAGED =
      "; the file is damaged or was not written as safetensors: fetch or write it again";

  private static final JsonFactory JSON =
      JsonFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /** The length of the header, from the first eight bytes of a file of {@code fileBytes} bytes. */
  static long length(Path file, long prefix, long fileBytes) throws MalformedFileException {
    if (prefix < 0 || prefix > MAXIMUM_BYTES) {
      throw new MalformedFileException(
          file,
          "the header claims "
              + Long.toUnsignedString(prefix)
              + " bytes, at most "
              + MAXIMUM_BYTES
              + " are allowed"
              + DAMAGED);
    }
    if (prefix > fileBytes - 8) {
      throw new MalformedFileException(
          file,
          "the header claims "
              + prefix
              + " bytes, but only "
              + (fileBytes - 8)
              + " follow: the file is truncated; fetch or write it again");
    }
    return prefix;
  }

  /** Parses and checks the header's bytes; {@code dataBytes} is what follows it in the file. */
  static SafetensorsHeader parse(Path file, ByteBuffer header, long dataBytes)
      throws MalformedFileException {
    String json = decode(file, header);
    Map<String, Safetensors.Entry> entries = new LinkedHashMap<>();
    Map<String, String> metadata = Map.of();
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
        String name = parser.currentName();
        expect(file, parser.nextToken(), JsonToken.START_OBJECT, "'" + name + "'", "an object");
        if (name.equals("__metadata__")) {
          metadata = metadata(file, parser);
        } else {
          entries.put(name, entry(file, name, parser));
        }
      }
      if (parser.currentToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
        throw new MalformedFileException(file, "the header is not one JSON object" + DAMAGED);
      }
    } catch (JacksonException e) {
      throw new MalformedFileException(
          file, "the header is not valid JSON (" + e.getOriginalMessage() + ")" + DAMAGED, e);
    }
    checkCoverage(file, entries, dataBytes);
    return new SafetensorsHeader(
        Collections.unmodifiableMap(entries),
        Collections.unmodifiableMap(metadata),
        8L + header.limit());
  }

  private static String decode(Path file, ByteBuffer header) throws MalformedFileException {
    int end = header.limit();
    while (end > 0 && header.get(end - 1) == ' ') {
      end--;
    }
    if (end == 0 || header.get(0) != '{' || header.get(end - 1) != '}') {
      throw new MalformedFileException(
          file,
          "the header must begin with '{' and end with '}', padded with spaces only" + DAMAGED);
    }
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(header.slice(0, end))
          .toString();
    } catch (CharacterCodingException e) {
      throw new MalformedFileException(file, "the header is not valid UTF-8" + DAMAGED, e);
    }
  }

  private static Map<String, String> metadata(Path file, JsonParser parser)
      throws MalformedFileException {
    Map<String, String> metadata = new LinkedHashMap<>();
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String key = parser.currentName();
      expect(
          file,
          parser.nextToken(),
          JsonToken.VALUE_STRING,
          "__metadata__ entry '" + key + "'",
          "a string");
      metadata.put(key, parser.getString());
    }
    return metadata;
  }

  private static Safetensors.Entry entry(Path file, String name, JsonParser parser)
      throws MalformedFileException {
    String where = "tensor '" + name + "'";
    Safetensors.@Nullable Type type = null;
    long @Nullable [] shape = null;
    long @Nullable [] offsets = null;
    while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
      String key = parser.currentName();
      JsonToken value = parser.nextToken();
      switch (key) {
        case "dtype" -> {
          expect(file, value, JsonToken.VALUE_STRING, where + ": dtype", "a string");
          type = type(file, where, parser.getString());
        }
        case "shape" -> shape = integers(file, where + ": shape", parser);
        case "data_offsets" -> offsets = integers(file, where + ": data_offsets", parser);
        default ->
            throw new MalformedFileException(
                file,
                where
                    + " has the field '"
                    + key
                    + "'; allowed are dtype, shape and data_offsets"
                    + DAMAGED);
      }
    }
    if (type == null || shape == null || offsets == null) {
      throw new MalformedFileException(
          file, where + " needs each of dtype, shape and data_offsets" + DAMAGED);
    }
    if (offsets.length != 2 || offsets[0] > offsets[1]) {
      throw new MalformedFileException(
          file,
          where
              + ": data_offsets "
              + Arrays.toString(offsets)
              + " must be [begin, end] with begin <= end"
              + DAMAGED);
    }
    checkSize(file, where, type, shape, offsets);
    return new Safetensors.Entry(name, type, toInts(shape), offsets[0], offsets[1]);
  }

  private static Safetensors.Type type(Path file, String where, String text)
      throws MalformedFileException {
    try {
      return Safetensors.Type.valueOf(text);
    } catch (IllegalArgumentException e) {
      throw new MalformedFileException(
          file,
          where
              + ": dtype '"
              + text
              + "' is not known; known are "
              + Arrays.toString(Safetensors.Type.values())
              + "; convert the file to one of them",
          e);
    }
  }

  private static long[] integers(Path file, String where, JsonParser parser)
      throws MalformedFileException {
    expect(file, parser.currentToken(), JsonToken.START_ARRAY, where, "an array");
    List<Long> values = new ArrayList<>();
    JsonToken token = parser.nextToken();
    while (token != JsonToken.END_ARRAY) {
      expect(file, token, JsonToken.VALUE_NUMBER_INT, where, "integers");
      long value = parser.getLongValue();
      if (value < 0) {
        throw new MalformedFileException(file, where + " holds the negative " + value + DAMAGED);
      }
      values.add(value);
      token = parser.nextToken();
    }
    return values.stream().mapToLong(Long::longValue).toArray();
  }

  private static void checkSize(
      Path file, String where, Safetensors.Type type, long[] shape, long[] offsets)
      throws MalformedFileException {
    long bytes = type.bytes();
    try {
      for (long extent : shape) {
        bytes = Math.multiplyExact(bytes, extent);
        Math.toIntExact(extent);
      }
    } catch (ArithmeticException e) {
      throw new MalformedFileException(
          file,
          where
              + ": shape "
              + Arrays.toString(shape)
              + " is larger than can be addressed"
              + DAMAGED,
          e);
    }
    if (bytes != offsets[1] - offsets[0]) {
      throw new MalformedFileException(
          file,
          where
              + ": "
              + type
              + Arrays.toString(shape)
              + " takes "
              + bytes
              + " bytes, but data_offsets "
              + Arrays.toString(offsets)
              + " hold "
              + (offsets[1] - offsets[0])
              + DAMAGED);
    }
  }

  private static int[] toInts(long[] shape) {
    return Arrays.stream(shape).mapToInt(Math::toIntExact).toArray();
  }

  /** Every data byte belongs to exactly one tensor. */
  private static void checkCoverage(
      Path file, Map<String, Safetensors.Entry> entries, long dataBytes)
      throws MalformedFileException {
    List<Safetensors.Entry> order = new ArrayList<>(entries.values());
    order.sort(
        Comparator.comparingLong(Safetensors.Entry::begin)
            .thenComparingLong(Safetensors.Entry::end));
    long end = 0;
    for (Safetensors.Entry entry : order) {
      if (entry.begin() != end) {
        throw new MalformedFileException(
            file,
            "tensor '"
                + entry.name()
                + "' begins at byte "
                + entry.begin()
                + " of the data, where the one before it ends at "
                + end
                + (entry.begin() > end ? ": a hole" : ": an overlap")
                + DAMAGED);
      }
      end = entry.end();
    }
    if (end > dataBytes) {
      throw new MalformedFileException(
          file,
          "tensor '"
              + order.getLast().name()
              + "' ends at byte "
              + end
              + " of the data, but the file holds only "
              + dataBytes
              + ": it is truncated; fetch or write it again");
    }
    if (end < dataBytes) {
      throw new MalformedFileException(
          file, (dataBytes - end) + " bytes follow the last tensor" + DAMAGED);
    }
  }

  private static void expect(
      Path file, @Nullable JsonToken token, JsonToken expected, String where, String what)
      throws MalformedFileException {
    if (token != expected) {
      throw new MalformedFileException(file, where + " must be " + what + DAMAGED);
    }
  }
}
