package dev.hindsight.transformer;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Replaces a file as a whole or not at all: the content is written beside it under {@code
 * NAME.partial}, forced to the disk, and renamed over it. A reader, a crash or a full disk never
 * meets half a file. Through a symbolic link the file that it names is replaced; only regular files
 * are.
 */
public final class AtomicFile {
  /** What the content is, written to the channel that it is handed. */
  @FunctionalInterface
  public interface Content {
    /** Writes everything; the channel takes whole buffers. */
    void writeTo(WritableByteChannel out) throws IOException;
  }

  /** Opens the file that the content goes to; tests put a full disk here. */
  @FunctionalInterface
  interface Opener {
    WritableByteChannel open(Path file) throws IOException;
  }

  private static final Opener FILE =
      file ->
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE);

  private AtomicFile() {}

  /**
   * Writes {@code content} to {@code file}.
   *
   * @throws IOException when it cannot be written; the message names the file and the reason, and
   *     what stood under its name before is still there
   */
  public static void write(Path file, Content content) throws IOException {
    write(file, content, FILE);
  }

  /** Writes text in UTF-8. */
  public static void write(Path file, String text) throws IOException {
    write(file, out -> writeFully(out, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8))));
  }

  static void write(Path file, Content content, Opener opener) throws IOException {
    Path absolute = target(file);
    Path partial = absolute.resolveSibling(absolute.getFileName() + ".partial");
    try {
      try (WritableByteChannel out = opener.open(partial)) {
        content.writeTo(out);
        if (out instanceof FileChannel channel) {
          channel.force(true);
        }
      }
      Files.move(
          partial, absolute, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (NoSuchFileException e) {
      throw new IOException(
          "cannot write " + file + ": its folder does not exist; create " + absolute.getParent(),
          e);
    } catch (IOException e) {
      delete(partial, e);
      throw new IOException("cannot write " + file + ": " + reason(e, absolute), e);
    } catch (RuntimeException | Error e) {
      delete(partial, e);
      throw e;
    }
    forceDirectory(absolute.getParent());
  }

  /**
   * Where the rename goes. A link stays and its file is replaced; a device or a pipe is refused, as
   * a rename would put a file in its place.
   */
  private static Path target(Path file) throws IOException {
    Path absolute = file.toAbsolutePath();
    if (Files.exists(absolute) && !Files.isRegularFile(absolute)) {
      throw new IOException(
          "cannot write "
              + file
              + ": it is "
              + (Files.isDirectory(absolute) ? "a folder" : "a device or a pipe")
              + "; expected the name of a file");
    }
    return Files.isSymbolicLink(absolute) && Files.exists(absolute)
        ? absolute.toRealPath()
        : absolute;
  }

  /** Writes all of {@code bytes}; a channel may take fewer at once. */
  static void writeFully(WritableByteChannel out, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      out.write(bytes);
    }
  }

  private static String reason(IOException e, Path file) {
    String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    String former =
        Files.exists(file)
            ? "; the file that was there before is unchanged"
            : "; nothing was left behind";
    boolean full = message.contains("No space left") || message.contains("Disk quota exceeded");
    return message + former + (full ? "; free some space on its disk and try again" : "");
  }

  private static void delete(Path partial, Throwable because) {
    try {
      Files.deleteIfExists(partial);
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }

  /** The rename itself must reach the disk too; where a directory cannot be opened, it cannot. */
  private static void forceDirectory(@Nullable Path directory) {
    if (directory == null) {
      return;
    }
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    } catch (IOException e) {
      // Windows does not open directories; the file's own content was forced already.
    }
  }
}
