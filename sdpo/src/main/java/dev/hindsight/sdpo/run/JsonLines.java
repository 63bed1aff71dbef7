package dev.hindsight.sdpo.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/** A file with one JSON object a line, appended to by one process at a time. */
final class JsonLines implements AutoCloseable {
  private final Path file;
  private final FileChannel channel;

  private JsonLines(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /** Opens a file for appending, cut to its first {@code length} bytes. */
  static JsonLines open(Path file, long length) throws IOException {
    FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      requireAlone(file, channel);
      if (channel.size() < length) {
        throw new IOException(
            file
                + " has "
                + channel.size()
                + " bytes, but the checkpoint was written when it had "
                + length
                + ": it was changed since; restore it, or start a new run");
      }
      channel.truncate(length);
      channel.position(length);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    return new JsonLines(file, channel);
  }

  private static void requireAlone(Path file, FileChannel channel) throws IOException {
    FileLock lock;
    try {
      lock = channel.tryLock();
    } catch (OverlappingFileLockException e) {
      lock = null; // another run of this process has it
    }
    if (lock == null) {
      throw new IOException(
          file + " is being written by another run; wait for it, or choose another folder");
    }
  }

  /** Writes one line; when that fails the file ends in a piece of it, which a resume cuts off. */
  void append(Object value) throws IOException {
    ByteBuffer line = ByteBuffer.wrap((Json.line(value) + "\n").getBytes(StandardCharsets.UTF_8));
    try {
      while (line.hasRemaining()) {
        channel.write(line);
      }
    } catch (IOException e) {
      throw new IOException(
          "cannot write "
              + file
              + ": "
              + e.getMessage()
              + "; the checkpoints are intact: free some space and resume the run",
          e);
    }
  }

  /** Bytes so far. */
  long length() throws IOException {
    return channel.position();
  }

  /** Returns once everything written is on the disk. */
  void force() throws IOException {
    channel.force(true);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  /** The objects of a file; none when it does not exist. */
  static <T> List<T> read(Path file, Class<T> type) throws IOException {
    if (!Files.exists(file)) {
      return List.of();
    }
    try (Stream<String> lines = Files.lines(file, StandardCharsets.UTF_8)) {
      return lines.filter(line -> !line.isBlank()).map(line -> Json.parse(line, type)).toList();
    }
  }
}
