package dev.hindsight.opencl;

import java.nio.file.Path;

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
}
