package dev.hindsight.opencl;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Where compiled kernels and tuned tile sizes are kept between runs. */
final class CacheFolder {
  private CacheFolder() {}

  /**
   * {@code hindsight/opencl} in {@code XDG_CACHE_HOME}, or in {@code .cache} of the home folder;
   * the property {@code hindsight.opencl.cache} names another folder.
   */
  static Path path() {
    String property = System.getProperty("hindsight.opencl.cache");
    if (property != null) {
      return Path.of(property);
    }
    String cache = System.getenv("XDG_CACHE_HOME");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cache);
    return root.resolve("hindsight").resolve("opencl");
  }

  /** The file whose name is a hash of all that its content depends on. */
  static Path file(String suffix, String... dependencies) {
    String all = String.join("\n", dependencies);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(all.getBytes(StandardCharsets.UTF_8));
      return path().resolve(HexFormat.of().formatHex(hash, 0, 16) + suffix);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
