package dev.hindsight.transformer;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Reading and writing the small JSON files of a model folder. */
final class JsonFiles {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  /** Line feeds on every platform, so that a file's bytes do not depend on where it was written. */
  private static final DefaultPrettyPrinter PRINTER =
      new DefaultPrettyPrinter().withObjectIndenter(new DefaultIndenter("  ", "\n"));

  private JsonFiles() {}

  /**
   * The object that a file holds.
   *
   * @param limit refuse larger files, in bytes: they are something else
   */
  static JsonNode readObject(Path file, long limit) throws IOException {
    JsonNode root;
    try {
      if (Files.exists(file) && !Files.isRegularFile(file)) {
        throw new MalformedFileException(
            file, "it is no regular file but a folder, a device or a pipe; expected a JSON file");
      }
      long size = Files.size(file);
      if (size > limit) {
        throw new MalformedFileException(
            file, size + " bytes are too many for this kind of file, at most " + limit);
      }
      root = JSON.readTree(Files.readAllBytes(file));
    } catch (NoSuchFileException e) {
      throw new IOException(file + " does not exist; check the path", e);
    } catch (AccessDeniedException e) {
      throw new IOException(file + " may not be read; check its permissions", e);
    } catch (JacksonException e) {
      throw new MalformedFileException(
          file, "not valid JSON (" + e.getOriginalMessage() + "); write it again", e);
    }
    if (!root.isObject()) {
      throw new MalformedFileException(file, "must hold a JSON object; write it again");
    }
    return root;
  }

  static void write(Path file, Object value) throws IOException {
    AtomicFile.write(file, JSON.writer().with(PRINTER).writeValueAsString(value) + "\n");
  }
}
