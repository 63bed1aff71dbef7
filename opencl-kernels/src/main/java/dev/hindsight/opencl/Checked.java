package dev.hindsight.opencl;

import dev.hindsight.engine.CacheFolder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Files that begin with a hash of their name and content: drivers take a binary's word for what it
 * holds, and PoCL's ends the process when it is damaged. One that lies under another's name would
 * compute something else.
 */
final class Checked {
  private static final int HASH = 32;

  private Checked() {}

  static byte[] file(String name, byte[] content) {
    byte[] file = Arrays.copyOf(hash(name, content), HASH + content.length);
    System.arraycopy(content, 0, file, HASH, content.length);
    return file;
  }

  /** What is in the file; null when it is damaged, or not the one of this name. */
  static byte @Nullable [] content(String name, byte[] file) {
    if (file.length < HASH) {
      return null;
    }
    byte[] content = Arrays.copyOfRange(file, HASH, file.length);
    return Arrays.equals(hash(name, content), 0, HASH, file, 0, HASH) ? content : null;
  }

  private static byte[] hash(String name, byte[] content) {
    return CacheFolder.hash(name.getBytes(StandardCharsets.UTF_8), content);
  }
}
