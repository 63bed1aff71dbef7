package dev.hindsight.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Guards where backends keep files: a folder that moves is measured and compiled for again. */
class CacheFolderTest {
  @Test
  void thePropertyGoesBeforeTheUsersCache() {
    Path home = Path.of(System.getProperty("user.home"), ".cache");
    Path usual = home.resolve("hindsight").resolve("opencl");
    assertThat(CacheFolder.of("opencl", null, null)).isEqualTo(usual);
    assertThat(CacheFolder.of("opencl", null, " ")).isEqualTo(usual);
    assertThat(CacheFolder.of("tornado", null, "cache"))
        .isEqualTo(Path.of("cache", "hindsight", "tornado"));
    assertThat(CacheFolder.of("tornado", "kept", "cache")).isEqualTo(Path.of("kept"));
  }

  @Test
  void eachBackendHasItsProperty() {
    String property = "hindsight.some-backend.cache";
    System.setProperty(property, "elsewhere");
    try {
      assertThat(CacheFolder.of("some-backend")).isEqualTo(Path.of("elsewhere"));
      Path file = CacheFolder.file("some-backend", ".bin", "device", "source");
      assertThat(file.getParent()).isEqualTo(Path.of("elsewhere"));
      assertThat(CacheFolder.file("some-backend", ".bin", "device", "source")).isEqualTo(file);
      assertThat(CacheFolder.file("some-backend", ".bin", "device", "another")).isNotEqualTo(file);
    } finally {
      System.clearProperty(property);
    }
  }

  /** The example of FIPS 180-2, appendix B.1. */
  @Test
  void theHashIsSha256OfAllParts() {
    byte[] hash = CacheFolder.hash("a".getBytes(StandardCharsets.UTF_8), new byte[] {'b', 'c'});
    assertThat(HexFormat.of().formatHex(hash))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }
}
