package dev.hindsight.engine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** Where a backend keeps between runs what takes long to find out again. */
public final class CacheFolder {
  private CacheFolder() {}

  /**
   * {@code hindsight/BACKEND} in {@code XDG_CACHE_HOME}, or in {@code .cache} of the home folder;
   * the property {@code hindsight.BACKEND.cache} names another folder.
   */
  public static Path of(String backend) {
    return of(
        backend,
        System.getProperty("hindsight." + backend + ".cache"),
        System.getenv("XDG_CACHE_HOME"));
  }

  static Path of(String backend, @Nullable String property, @Nullable String cacheHome) {
    if (property != null) {
      return Path.of(property);
    }
    Path root =
        cacheHome == null || cacheHome.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cacheHome);
    return root.resolve("hindsight").resolve(backend);
  }

  /** The file there whose name is a hash of all that its content depends on. */
  public static Path file(String backend, String suffix, String... dependencies) {
    byte[] hash = hash(String.join("\n", dependencies).getBytes(StandardCharsets.UTF_8));
    return of(backend).resolve(HexFormat.of().formatHex(hash, 0, 16) + suffix);
  }

  /** SHA-256 of the parts, one behind the other. */
  public static byte[] hash(byte[]... parts) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      for (byte[] part : parts) {
        digest.update(part);
      }
      return digest.digest();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
