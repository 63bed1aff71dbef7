package dev.hindsight.opencl;

import dev.hindsight.engine.CacheFolder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Files that begin with a hash of their content: drivers take a damaged binary's word for what it
 * holds, and PoCL's ends the process.
 */
final class Checked {
  private static final int HASH = 32;

  private Checked() {}

  static byte[] file(byte[] content) {
    byte[] file = Arrays.copyOf(CacheFolder.hash(content), HASH + content.length);
    System.arraycopy(content, 0, file, HASH, content.length);
    return file;
  }

  /** What is in the file; null when it is damaged. */
  static byte @Nullable [] content(byte[] file) {
    if (file.length < HASH) {
      return null;
    }
    byte[] content = Arrays.copyOfRange(file, HASH, file.length);
    return Arrays.equals(CacheFolder.hash(content), 0, HASH, file, 0, HASH) ? content : null;
  }
}
