package dev.hindsight.sdpo.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/** A file with one JSON object a line, appended to by whoever has the folder's lock. */
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
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    try {
      if (channel.size() < length) {
        throw new IOException(
            file
                + " has "
                + channel.size()
                + " bytes, but the checkpoint was written when it had "
                + length
                + ": it was changed since; restore it, or start a new run");
      }
      requireLineEnd(file, channel, length);
      channel.truncate(length);
      channel.position(length);
    } catch (IOException | RuntimeException e) {
      channel.close();
      throw e;
    }
    return new JsonLines(file, channel);
  }

  /** Nothing is cut off in the middle of a line: then the length is not one that we noted. */
  private static void requireLineEnd(Path file, FileChannel channel, long length)
      throws IOException {
    ByteBuffer last = ByteBuffer.allocate(1);
    if (length > 0 && (channel.read(last, length - 1) != 1 || last.get(0) != '\n')) {
      throw new IOException(
          file
              + " has no line that ends at byte "
              + length
              + ", where the checkpoint says it did: one of the two was changed since; restore it, or"
              + " start a new run");
    }
  }

  /** Writes one line; when that fails the file ends in a piece of it, which a resume cuts off. */
  void append(Object value) throws IOException {
    ByteBuffer line = ByteBuffer.wrap((Json.line(value) + "\n").getBytes(StandardCharsets.UTF_8));
    write(channel, line, file);
  }

  /** Writes all of a piece of one of the run's records. */
  static void write(FileChannel channel, ByteBuffer piece, Path file) throws IOException {
    try {
      while (piece.hasRemaining()) {
        channel.write(piece);
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

  /**
   * The objects of a file; none when it does not exist.
   *
   * @throws IOException when a line is no such object; the message has its number
   */
  static <T> List<T> read(Path file, Class<T> type) throws IOException {
    List<T> all = new ArrayList<>();
    if (!Files.exists(file)) {
      return all;
    }
    int number = 0;
    // whatever is not UTF-8 becomes a replacement character, and then an error with a line number
    for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n")) {
      number++;
      if (!line.isBlank()) {
        try {
          all.add(Json.parse(line, type));
        } catch (IllegalArgumentException e) {
          throw new IOException(
              file
                  + ":"
                  + number
                  + " is no line that a run wrote: it was changed since; restore it, or start a new"
                  + " run",
              e);
        }
      }
    }
    return all;
  }
}
