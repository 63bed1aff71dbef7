package dev.hindsight.opencl;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
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
    byte[] file = Arrays.copyOf(hash(content), HASH + content.length);
    System.arraycopy(content, 0, file, HASH, content.length);
    return file;
  }

  /** What is in the file; null when it is damaged. */
  static byte @Nullable [] content(byte[] file) {
    if (file.length < HASH) {
      return null;
    }
    byte[] content = Arrays.copyOfRange(file, HASH, file.length);
    return Arrays.equals(hash(content), 0, HASH, file, 0, HASH) ? content : null;
  }

  private static byte[] hash(byte[] content) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(content);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
