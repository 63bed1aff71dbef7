package dev.hindsight.transformer;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A file is there and readable, but is not what its format demands. The message names the file,
 * what is wrong in it and what to do.
 */
public final class MalformedFileException extends IOException {
  private final transient Path file;

  /** An error in {@code file}; {@code problem} says what is wrong and how to mend it. */
  public MalformedFileException(Path file, String problem) {
    super(file + ": " + problem);
    this.file = file;
  }

  MalformedFileException(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
    this.file = file;
  }

  /** The file at fault. */
  public Path file() {
    return file;
  }
}
