package dev.hindsight.tornado;

import java.nio.file.Path;

/** Where measured speeds are kept between runs. */
final class CacheFolder {
  private CacheFolder() {}

  /**
   * {@code hindsight/tornado} in {@code XDG_CACHE_HOME}, or in {@code .cache} of the home folder;
   * the property {@code hindsight.tornado.cache} names another folder.
   */
  static Path path() {
    String property = System.getProperty("hindsight.tornado.cache");
    if (property != null) {
      return Path.of(property);
    }
    String cache = System.getenv("XDG_CACHE_HOME");
    Path root =
        cache == null || cache.isBlank()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(cache);
    return root.resolve("hindsight").resolve("tornado");
  }
}
