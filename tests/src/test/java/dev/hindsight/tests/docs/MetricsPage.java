package dev.hindsight.tests.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The page that explains what a run measures. */
public final class MetricsPage {
  private static final Path PAGE =
      Path.of(System.getProperty("hindsight.repository"), "docs/guide/metrics.md");

  private MetricsPage() {}

  /** Guards that a number in {@code metrics.jsonl} has a row of the page's tables. */
  public static void explains(String key) {
    try {
      assertThat(Files.readString(PAGE).lines())
          .as("a row for %s", key)
          .anyMatch(l -> l.startsWith("| `") && l.split("\\|")[1].contains("`" + key + "`"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
